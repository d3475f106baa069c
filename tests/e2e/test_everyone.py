"""For everyone: small screens, dark rooms, screen readers. axe looks at every main state, in both colour schemes."""

import json

from playwright.sync_api import expect

from tests.e2e.axe import Scan, in_each_scheme
from tests.e2e.screen import OUTAGE, Person, Screen
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack

# The contrast of each field's border with what is in it and with what is around it, as WCAG counts. axe knows no such rule.
EDGES = """(fields) => {
    const light = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0.05);
    const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
    const ground = (e) => {
        const color = getComputedStyle(e).backgroundColor;
        return color === "rgba(0, 0, 0, 0)" ? ground(e.parentElement) : color;
    };
    return fields.flatMap((e) => [e, e.parentElement].map((on) => contrast(getComputedStyle(e).borderTopColor, ground(on))));
}"""
TITLE = "Review the payment PR"
URL = f"https://example.com/{'payments' * 15}"
ADDRESS = f"{'robert.' * 14}the.builder@example.com"
TEXT = (
    "Done: **Review the payment PR** is Bob's.\\n\\n"
    "| Task | Who | Due |\\n|---|---|---|\\n| Review the payment PR | Bob | tomorrow |\\n\\n"
    "```python\\ndef due(task):\\n    return task.deadline  # in UTC\\n```\\n"
)
TABLE = "| | Who |\\n|---|---|\\n| Review | Bob |\\n\\n"
EVERYTHING = (
    "### Steps\\n\\n- [ ] milk\\n- [x] bread\\n\\n## More\\n\\n#### Deep[^1]\\n\\n"
    f"{TABLE}And\\n\\n{TABLE}[](https://example.com)\\n\\n[^1]: Because.\\n"
)


def faintest_edge(screen: Screen) -> float:
    """The least contrast of where one can write, in any colour scheme."""
    fields = screen.page.locator("#message, aside input, aside select")
    return min(contrast for _ in in_each_scheme(screen) for contrast in fields.evaluate_all(EDGES))


def too_wide(screen: Screen) -> list[str]:
    """What has to be moved sideways to be read, of the window and the panes in it."""
    return screen.page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.scroll, aside')]"
        ".filter((e) => e.scrollWidth > e.clientWidth)"
        ".map((e) => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`)"
    )


def converse(screen: Screen, title: str = TITLE, assignee: str = "Bob") -> None:
    task = {"title": title, "description": "It touches refunds", "assignee": assignee, "deadline_seconds": 90000}
    rich = f"tool=create_task args={json.dumps(task)}"
    screen.say(f'Have Bob review the payment PR by tomorrow {mark()} [[script: {rich}]] [[script: text="{TEXT}"]]')
    screen.wait_answered(1)
    expect(screen.answers.last.locator("pre")).to_be_visible()


def test_axe_finds_nothing_in_any_main_state(person: Person, scan: Scan) -> None:
    screen = person.open(viewport={"width": 1280, "height": 800})
    scan(screen, "empty")
    converse(screen)
    scan(screen, "chat")
    screen.row(TITLE).get_by_role("button").click()
    expect(screen.board.locator(".timeline li").first).to_be_visible()
    screen.board.get_by_role("button", name="New deadline").click()
    scan(screen, "task")
    screen.show("Context")
    expect(screen.context.locator(".seen > li").first).to_be_visible()
    screen.context.locator(".seen summary").first.click()
    scan(screen, "context")


def test_axe_finds_nothing_in_answers_that_have_everything_twice(screen: Screen, scan: Scan) -> None:
    for n in (1, 2):
        screen.say(f'{mark()} [[script: tool=list_tasks args={{}}]] [[script: text="{EVERYTHING}"]]')
        screen.wait_answered(n)
    expect(screen.answers.get_by_role("group", name="List tasks: Done")).to_have_count(2)
    expect(screen.answers.get_by_role("group", name="Table")).to_have_count(4)
    expect(screen.answers.get_by_role("img", name="To do", exact=True)).to_have_count(2)
    expect(screen.page.get_by_role("textbox").first).to_have_id("message")
    scan(screen, "everything-twice")


def test_axe_finds_nothing_while_things_go_on_or_wrong(screen: Screen, person: Person, service: Stack, scan: Scan) -> None:
    person.expected = OUTAGE
    screen.say(f"{mark()} [[script: fault=quota times=1 tokens=3]]")
    expect(screen.answers.last).to_contain_text("There is no answer:")
    scan(screen, "failed")
    screen.say(f"{mark()} [[script: {held(40)}]]")
    screen.wait_grown(39)
    screen.say(f'{mark()} and then? [[script: text="ok"]]')
    expect(screen.said.last).to_contain_text("Waits for the answer above")
    scan(screen, "queued")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(3)
    expect(screen.answers.nth(1)).to_contain_text("Stopped")
    scan(screen, "stopped")
    service.stop()
    expect(screen.down).to_be_visible()
    scan(screen, "down")
    service.start()
    expect(screen.down).to_have_count(0)


def test_dark_is_dark(person: Person) -> None:
    screen = person.open(color_scheme="dark")
    red, green, blue = screen.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 60


def test_where_one_can_write_has_an_edge_one_can_see(screen: Screen, person: Person) -> None:
    person.client.post("/tasks/process", task_id=mark(), title="Edges", description="To be seen", assignee="Bob")
    assert faintest_edge(screen) >= 3
    screen.row("Edges").get_by_role("button").click()
    screen.board.get_by_role("button", name="Reassign").click()
    assert faintest_edge(screen) >= 3
    screen.show("Context")
    assert faintest_edge(screen) >= 3


def test_everything_is_usable_at_360_px(person: Person, scan: Scan) -> None:
    screen = person.open(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    converse(screen, URL, ADDRESS)
    for pane in ("Chat", "Tasks", "Context"):
        screen.show(pane)
        assert too_wide(screen) == []
        scan(screen, f"narrow-{pane.lower()}")
    screen.show("Tasks")
    screen.row(URL).get_by_role("button").click()
    expect(screen.board.locator(".timeline b").first).to_be_visible()
    assert too_wide(screen) == []
    screen.board.get_by_role("button", name="Complete").click()
    expect(screen.board.locator(".line")).to_contain_text("Completed")
    assert too_wide(screen) == []
    scan(screen, "narrow-task")
    screen.show("Chat")
    screen.say(f"{mark()} [[script: {held(40)}]]")
    screen.wait_grown(39)
    assert too_wide(screen) == []
    scan(screen, "narrow-answering")
    screen.page.get_by_role("button", name="Stop and undo", exact=True).click()
    screen.wait_answered(2)


def test_a_screen_reader_hears_that_an_answer_comes_and_the_answer_once(screen: Screen, endpoint: EndpointThread) -> None:
    told, said = screen.page.locator(".chat > [role=status]"), f"{mark()} [[script: {held(30)}]]"
    screen.say(said)
    screen.wait_grown(29)
    expect(told).to_have_text("Task Agent is answering")
    endpoint.release(said)
    screen.wait_answered(1)
    expect(told).to_contain_text("Task Agent has answered: w0 w1")


def test_a_screen_reader_hears_each_answer_when_it_ends_and_a_failure_as_such(screen: Screen, endpoint: EndpointThread) -> None:
    told, first = screen.page.locator(".chat > [role=status]"), f"{mark()} [[script: {held(30)}]]"
    screen.say(first)
    screen.wait_grown(2)
    screen.say(f"{mark()} [[script: {held(300)}]]")
    expect(screen.said.last).to_contain_text("Waits for the answer above")
    endpoint.release(first)
    expect(told).to_contain_text("Task Agent has answered: w0 w1")
    expect(screen.page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    screen.wait_grown(2)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(told).to_have_text("Stopped")
    screen.say(f"{mark()} [[script: fault=quota times=1 tokens=3]]")
    expect(told).to_contain_text("There is no answer: ")

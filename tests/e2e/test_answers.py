"""Answers outlive what they are shown on: a reload, a killed service, another tab. Nothing is doubled."""

from playwright.sync_api import Locator, expect

from agent.domain.limits import HISTORY_PAGE_DEFAULT as PAGE
from tests.e2e.screen import OUTAGE, Person, Screen
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack

LONG = " ".join(f"w{n}" for n in range(160))


def long_answer() -> str:
    """It is given until the endpoint lets it end."""
    return f"{mark()} [[script: {held(160)} delay=20ms]]"


def runs(words: Locator) -> str:
    """In which direction."""
    return words.evaluate("e => getComputedStyle(e).direction")


def test_markdown_with_code_and_a_table_is_drawn(screen: Screen) -> None:
    text = "# Title\\n\\nSome *words*.\\n\\n```python\\nx = 1  # one\\n```\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n"
    screen.say(f'[[script: text="{text}"]]')
    screen.wait_answered(1)
    answer = screen.answers.last
    expect(answer.get_by_role("heading", name="Title")).to_be_visible()
    expect(answer.locator("em")).to_have_text("words")
    expect(answer.locator("pre .hljs-comment")).to_have_text("# one")
    expect(answer.get_by_role("cell", name="2")).to_be_visible()


def test_links_by_reference_lead_out_and_footnotes_within_their_answer(screen: Screen) -> None:
    text = "See [the docs][1].[^a]\\n\\nMore.\\n\\n[1]: https://example.com/docs\\n\\n[^a]: Because."
    for n in (1, 2):
        screen.say(f'{mark()} [[script: text="{text}"]]')
        screen.wait_answered(n)
    expect(screen.page.get_by_role("link", name="the docs")).to_have_count(2)
    for answer in screen.answers.all():
        docs, reference = answer.get_by_role("link", name="the docs"), answer.locator("sup a")
        assert (docs.get_attribute("href"), docs.get_attribute("target")) == ("https://example.com/docs", "_blank")
        note = answer.get_by_role("group", name="Footnotes").get_by_role("listitem")
        expect(note).to_contain_text("Because.")
        reference.click()
        assert screen.page.url.endswith(f"#{note.get_attribute('id')}")
        answer.get_by_role("link", name="Back to reference 1").click()
        assert screen.page.url.endswith(f"#{reference.get_attribute('id')}")
    assert len(screen.page.context.pages) == 1
    ids = screen.page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_words_run_the_way_of_their_script_and_code_runs_its_own(screen: Screen) -> None:
    screen.box.fill("שלום")
    assert runs(screen.box) == "rtl"
    screen.say(f'שלום {mark()} [[script: text="שלום\\n\\n```\\nx = 1\\n```\\n"]]')
    screen.wait_answered(1)
    assert runs(screen.said.locator(".bubble")) == runs(screen.answers.locator(".prose p")) == "rtl"
    assert runs(screen.answers.locator("pre")) == runs(screen.box) == "ltr"


def test_what_a_model_writes_as_html_stays_text(screen: Screen) -> None:
    screen.say('[[script: text="<img src=x onerror=alert(1)> and ![pic](https://example.com/a.png)"]]')
    screen.wait_answered(1)
    assert screen.answers.last.locator("img").count() == 0
    expect(screen.answers.last.get_by_role("link", name="pic")).to_be_visible()


def test_a_reload_in_mid_answer_changes_nothing(screen: Screen, endpoint: EndpointThread) -> None:
    question = long_answer()
    screen.say(question)
    screen.wait_grown(8)
    screen.page.reload()
    screen.wait_grown(8)
    endpoint.release(question)
    screen.wait_answered(1)
    assert screen.words() == LONG
    expect(screen.said).to_have_text(question)


def test_a_service_killed_in_mid_answer_finishes_it(
    screen: Screen, person: Person, service: Stack, endpoint: EndpointThread
) -> None:
    person.expected = OUTAGE
    question = long_answer()
    screen.say(question)
    screen.wait_grown(8)
    killed = service.kill("app")
    endpoint.release(question)
    service.wait_pid_changed("app", killed)
    screen.wait_answered(1)
    assert screen.words() == LONG
    history = person.client.get("/history")["turns"]
    assert [turn["messages"][-1]["content"].strip() for turn in history] == [LONG]


def test_a_service_that_is_gone_is_said_and_the_page_comes_back_by_itself(
    screen: Screen, person: Person, service: Stack
) -> None:
    person.expected = OUTAGE
    screen.box.fill("half a sentence")
    service.stop()
    expect(screen.down).to_be_visible()
    service.start()
    expect(screen.down).to_have_count(0)
    expect(screen.connection).to_have_text("Live")
    expect(screen.box).to_have_value("half a sentence")


def test_a_reload_while_the_service_is_gone_shows_the_page_and_not_the_browsers_error(
    screen: Screen, person: Person, service: Stack
) -> None:
    person.expected = OUTAGE
    screen.say('[[script: text="Before."]]')
    screen.wait_answered(1)
    screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    service.stop()
    screen.page.reload()
    expect(screen.down).to_be_visible()
    service.start()
    expect(screen.down).to_have_count(0)
    screen.wait_answered(1)
    assert screen.words() == "Before."


def test_a_message_that_is_being_sent_survives_a_reload_while_the_service_is_gone(
    screen: Screen, person: Person, service: Stack
) -> None:
    person.expected = OUTAGE
    screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    service.stop()
    question = f'{mark()} [[script: text="Here."]]'
    screen.say(question)
    expect(screen.said).to_contain_text("Sending")
    screen.page.reload()
    expect(screen.said).to_contain_text(question)
    service.start()
    screen.wait_answered(1)
    assert screen.words() == "Here."
    expect(screen.said).to_have_count(1)


def test_a_second_tab_shows_the_same_live(screen: Screen, person: Person, endpoint: EndpointThread) -> None:
    other, elsewhere = person.open(beside=screen), person.open()
    question = long_answer()
    screen.say(question)
    for watcher in (other, elsewhere):
        watcher.wait_grown(4)
        expect(watcher.said).to_have_text(question)
    endpoint.release(question)
    for watcher in (screen, other, elsewhere):
        watcher.wait_answered(1)
        assert watcher.words() == LONG
        expect(watcher.said).to_have_count(1)


def test_older_messages_are_a_click_away_and_each_is_there_once(screen: Screen, person: Person) -> None:
    said = [f'{n} of many [[script: text="ok"]]' for n in range(PAGE + 1)]
    for text in said:
        person.client.ask(text)
    screen.page.reload()
    expect(screen.said).to_have_text(said[1:])
    screen.page.get_by_role("button", name="Show older messages").dblclick()
    expect(screen.page.get_by_role("button", name="Show older messages")).to_have_count(0)
    expect(screen.said).to_have_text(said)
    expect(screen.answers).to_have_count(len(said))

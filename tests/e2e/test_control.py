"""Holding the reins: stop, undo, queue, try again; all of it by keyboard, too."""

import json

from playwright.sync_api import expect

from agent.domain.limits import QUEUE_MAX
from tests.e2e.screen import REFUSAL, Person, Screen
from tests.integration.endpoint import EndpointThread, held, mark


def slow(words: int = 300) -> str:
    """An answer that is given until somebody stops it, or lets it end."""
    return f"{mark()} [[script: {held(words)} delay=40ms]]"


def create(title: str) -> str:
    args = {"title": title, "description": "Made by a test of the page", "assignee": "Bob", "deadline_seconds": 3600}
    return f"tool=create_task args={json.dumps(args)}"


def test_stop_keeps_what_was_said(screen: Screen, person: Person) -> None:
    screen.say(slow())
    screen.wait_grown(8)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)
    expect(screen.answers.last).to_contain_text("Stopped")
    assert screen.words().startswith("w0 w1 w2")
    assert person.client.get("/history")["turns"][0]["status"] == "cancelled"


def test_escape_stops_from_the_keyboard(screen: Screen) -> None:
    screen.say(slow())
    screen.wait_grown(4)
    screen.page.keyboard.press("Escape")
    screen.wait_answered(1)
    expect(screen.answers.last).to_contain_text("Stopped")
    expect(screen.box).to_be_focused()


def test_escape_that_is_meant_for_something_else_stops_nothing(screen: Screen, endpoint: EndpointThread) -> None:
    page, said = screen.page, slow(20)
    screen.say(said)
    screen.wait_grown(4)
    page.get_by_label("Search tasks").fill("cleared by Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search tasks")).to_have_value("")
    screen.box.dispatch_event("keydown", {"key": "Escape", "isComposing": True, "bubbles": True})
    page.evaluate("document.body.appendChild(document.createElement('dialog')).showModal()")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_enabled()
    endpoint.release(said)
    screen.wait_answered(1)
    expect(screen.answers.last).not_to_contain_text("Stopped")
    screen.say(slow())
    screen.wait_grown(4)
    screen.box.press("Escape")
    screen.wait_answered(2)
    expect(screen.answers.last).to_contain_text("Stopped")


def test_stop_and_undo_takes_back_what_was_done(screen: Screen) -> None:
    screen.say(f"{mark()} [[script: {create('Not meant after all')}]] [[script: {held(300)} delay=40ms]]")
    expect(screen.row("Not meant after all")).to_be_visible()
    screen.wait_grown(12)
    screen.page.get_by_role("button", name="Stop and undo").click()
    screen.wait_answered(1)
    expect(screen.answers.last.locator(".undone .undo")).to_contain_text("Undone: t-")
    screen.page.get_by_role("button", name="Done").click()
    expect(screen.row("Not meant after all")).to_contain_text("Cancelled")


def test_a_second_message_waits_visibly_and_is_answered_next(screen: Screen, endpoint: EndpointThread) -> None:
    first, second = slow(20), f'{mark()} [[script: text="the second"]]'
    screen.say(first)
    screen.wait_grown(4)
    screen.say(second)
    waiting = screen.said.last
    expect(waiting).to_contain_text("Waits for the answer above")
    endpoint.release(first)
    screen.wait_answered(2)
    expect(waiting).not_to_contain_text("Waits")
    assert screen.words() == "the second"
    expect(screen.said).to_have_count(2)


def test_a_message_that_waits_can_be_taken_back(screen: Screen, person: Person, endpoint: EndpointThread) -> None:
    first = slow(20)
    screen.say(first)
    screen.wait_grown(4)
    screen.say(f"{mark()} not this")
    screen.page.get_by_role("button", name="Take it back").click()
    expect(screen.page.get_by_role("button", name="Take it back")).to_have_count(0)
    endpoint.release(first)
    screen.wait_answered(2)
    assert [turn["status"] for turn in person.client.get("/history")["turns"]] == ["completed", "cancelled"]


def test_who_waits_is_told_how_many_answers_come_first(screen: Screen) -> None:
    screen.say(slow())
    screen.wait_grown(4)
    for text in ("second", "third"):
        screen.say(f'{mark()} {text} [[script: text="ok"]]')
    expect(screen.said.filter(has_text="second")).to_contain_text("Waits for the answer above")
    expect(screen.said.filter(has_text="third")).to_contain_text("Waits for 2 answers above")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(3)
    expect(screen.page.get_by_text("Waits for")).to_have_count(0)


def test_shift_enter_starts_a_line_and_enter_sends(screen: Screen) -> None:
    screen.box.press_sequentially("one")
    screen.box.press("Shift+Enter")
    screen.box.press_sequentially('two [[script: text="ok"]]')
    screen.box.press("Enter")
    screen.wait_answered(1)
    assert screen.said.inner_text().split("\n")[0] == "one"
    expect(screen.box).to_have_value("")


def test_a_draft_is_seen_whole_when_it_has_less_room(screen: Screen) -> None:
    whole = "() => { const box = document.getElementById('message'); return box.scrollHeight <= box.clientHeight }"
    screen.say(f"{mark()} [[script: {held(9)}]]")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)
    screen.box.fill("A draft of several lines. " * 8)
    screen.page.wait_for_function(whole)
    screen.page.get_by_role("button", name="Ask again").click()
    expect(screen.page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    screen.page.wait_for_function(whole)
    screen.page.set_viewport_size({"width": 1000, "height": 900})
    screen.page.wait_for_function(whole)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)


def test_a_refused_message_says_why_and_can_be_sent_again(screen: Screen, person: Person) -> None:
    person.expected = REFUSAL
    screen.say(slow())
    screen.wait_grown(1)
    for n in range(QUEUE_MAX + 1):
        screen.say(f"number {n}")
    expect(
        screen.said.filter(has_text=f"Not sent: {QUEUE_MAX} messages wait already; try again when one is answered.")
    ).to_have_count(1)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(screen.answers.first).to_contain_text("Stopped")  # only then is there room for another
    screen.page.get_by_role("button", name="Try again").click()
    screen.wait_answered(QUEUE_MAX + 2)


def test_a_failed_answer_says_why_and_is_tried_again(screen: Screen, person: Person) -> None:
    screen.say(f"{mark()} [[script: fault=quota times=1 tokens=3]]")
    expect(screen.answers.last).to_contain_text("There is no answer:")
    screen.page.get_by_role("button", name="Try again").click()
    expect(screen.answers.last.locator(".prose").first).to_have_text("w0 w1 w2")
    screen.wait_answered(1)
    expect(screen.said).to_have_count(1)
    assert [turn["status"] for turn in person.client.get("/history")["turns"]] == ["failed", "completed"]


def test_asking_again_keeps_the_former_answer_at_hand(screen: Screen) -> None:
    screen.say(f"{mark()} [[script: tokens=4]]")
    screen.wait_answered(1)
    screen.page.get_by_role("button", name="Ask again").click()
    former = screen.answers.last.get_by_text("Former answer")
    expect(former).to_be_visible()
    expect(screen.said).to_have_count(1)
    expect(screen.answers).to_have_count(1)
    former.click()
    expect(screen.answers.last.locator("details .prose")).to_have_text("w0 w1 w2 w3")


def test_what_a_former_answer_did_is_told_with_it(screen: Screen, person: Person) -> None:
    args = '{"title": "Stays all the same", "description": "Made by a test of the page", "assignee": "Bob"}'
    screen.say(f"{mark()} [[script: tool=create_task args={args} times=1]] [[script: tokens=2]]")
    expect(screen.row("Stays all the same")).to_be_visible()
    screen.wait_answered(1)
    [task] = person.client.get("/tasks")["tasks"]
    screen.page.get_by_role("button", name="Ask again").click()
    screen.answers.last.get_by_text("Former answer").click()
    expect(screen.answers.last.locator("details li")).to_have_text([f"Created {task['task_id']}"])

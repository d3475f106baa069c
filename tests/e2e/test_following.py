"""The page stays at the end of what is said, whatever comes there, unless the person has gone to read elsewhere."""

import pytest
from playwright.sync_api import expect

from agent.domain.limits import HISTORY_PAGE_DEFAULT as PAGE
from tests.e2e.screen import Person, Screen
from tests.integration.endpoint import EndpointThread, held, mark

LOW = {"width": 900, "height": 480}
NARROW = {"width": 360, "height": 640}
BOX = "document.querySelector('.scroll')"
PARAGRAPHS = "\\n\\n".join(f"Paragraph {n}, which is there to be scrolled over." for n in range(30))
TABLE = "| a | b |\\n|---|---|\\n" + "| 1 | 2 |\\n" * 12


def at(screen: Screen) -> float:
    """Where the conversation is scrolled to."""
    return screen.page.evaluate(f"{BOX}.scrollTop")


def wait_at_end(screen: Screen) -> None:
    # A function, not an expression: that would be evaluated again at each look, which the page's policy forbids.
    screen.page.wait_for_function(f"() => {BOX}.scrollHeight - {BOX}.scrollTop - {BOX}.clientHeight <= 1")
    expect(screen.page.get_by_role("button", name="Newest message")).to_have_count(0)


def scroll_up(screen: Screen, pixels: int) -> float:
    """As with a wheel, until the page says that it does not follow; where that leads to.

    The wheel moves softly, and not with every frame: it is over when a scroll has ended where the list is.
    """
    screen.page.evaluate(f"{BOX}.addEventListener('scrollend', () => (window.restsAt = {BOX}.scrollTop))")
    screen.page.get_by_role("article").last.hover()
    screen.page.mouse.wheel(0, -pixels)
    expect(screen.page.get_by_role("button", name="Newest message")).to_be_visible()
    screen.page.wait_for_function(f"() => window.restsAt === {BOX}.scrollTop")
    return at(screen)


@pytest.fixture
def long(person: Person) -> Screen:
    """A conversation that does not fit, on a low screen."""
    person.client.ask(f'{mark()} [[script: text="{PARAGRAPHS}"]]')
    return person.open(viewport=LOW)


def test_who_sends_sees_the_message_and_its_answer_wherever_they_have_read(long: Screen) -> None:
    wait_at_end(long)
    scroll_up(long, 600)
    long.say(f'A message of some length, so that it takes more than a line. {mark()} [[script: text="Yes."]]')
    long.wait_answered(2)
    expect(long.said.last).to_be_in_viewport()
    wait_at_end(long)
    scroll_up(long, 600)
    long.say(f'{mark()} [[script: text="{TABLE}"]]')  # more than the screen holds
    long.wait_answered(3)
    wait_at_end(long)


@pytest.mark.parametrize("viewport", [LOW, NARROW], ids=["low", "narrow"])
def test_an_answer_is_followed_however_fast_it_comes(person: Person, viewport: dict[str, int]) -> None:
    screen = person.open(viewport=viewport)
    for n in range(3):
        screen.say(f'{mark()} [[script: tool=list_tasks args={{}} times=1]] [[script: text="{TABLE}{PARAGRAPHS}"]]')
        screen.wait_answered(n + 1)
        wait_at_end(screen)


def test_who_scrolls_up_in_mid_answer_is_left_there(long: Screen, endpoint: EndpointThread) -> None:
    said = f"{mark()} [[script: {held(240)} delay=10ms]]"
    long.say(said)
    long.wait_grown(60)
    wait_at_end(long)
    place = scroll_up(long, 40)  # not even a line's height from the end, which runs away
    long.wait_grown(239)
    assert at(long) == place
    endpoint.release(said)
    long.wait_answered(2)
    assert at(long) == place
    long.page.get_by_role("button", name="Newest message").click()
    wait_at_end(long)


def test_who_comes_back_to_the_end_is_taken_along_again(long: Screen, endpoint: EndpointThread) -> None:
    said = f"{mark()} [[script: {held(120)} delay=60ms]]"
    long.say(said)
    long.wait_grown(20)
    scroll_up(long, 300)
    long.page.mouse.wheel(0, 3_000)
    expect(long.page.get_by_role("button", name="Newest message")).to_have_count(0)
    long.wait_grown(119)
    wait_at_end(long)
    endpoint.release(said)
    long.wait_answered(2)


def test_what_is_written_meanwhile_moves_nothing(long: Screen, endpoint: EndpointThread) -> None:
    long.page.evaluate(f"{BOX}.style.overflowAnchor = 'none'")  # as in browsers that do not know it
    said = f"{mark()} [[script: {held(120)} delay=10ms]]"
    long.say(said)
    for line in ("several", "lines", "of a draft", "and more"):
        long.box.press_sequentially(line)
        long.box.press("Shift+Enter")
    for _ in range(12):
        long.box.press("Backspace")
    long.wait_grown(119)
    wait_at_end(long)
    endpoint.release(said)
    long.wait_answered(2)


@pytest.mark.parametrize("down", [0, 12], ids=["at the very top", "a little below"])
def test_older_messages_come_above_what_is_read(person: Person, down: int) -> None:
    for n in range(PAGE + 3):
        person.client.ask(f'number {n} [[script: text="ok"]]')
    screen = person.open(viewport=LOW)
    wait_at_end(screen)
    older = screen.page.get_by_role("button", name="Show older messages")
    screen.page.evaluate(f"{BOX}.scrollTop = {down}")
    expect(screen.page.get_by_role("button", name="Newest message")).to_be_visible()
    read = screen.said.filter(has_text="number 3 [")
    before = read.bounding_box()
    older.focus()
    screen.page.keyboard.press("Enter")
    expect(screen.said).to_have_count(PAGE + 3)
    expect(older).to_have_count(0)
    screen.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert read.bounding_box() == before
    expect(screen.page.locator(".scroll")).to_be_focused()
    screen.page.keyboard.press("PageUp")
    expect(screen.said.filter(has_text="number 2 [")).to_be_in_viewport()

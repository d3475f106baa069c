"""Several windows of one browser, which has six connections to a host: they share one feed, and none keeps another waiting."""

from playwright.sync_api import Page, expect

from tests.e2e.screen import Person, Screen
from tests.e2e.test_tasks import made
from tests.integration.endpoint import held, mark

WINDOWS = 4  # with a feed and an answer in each they would need eight
# A machine may be so slow that the window which follows seems frozen: web/src/api/share.ts believes it after five seconds.
PATIENT = """{
    const wait = window.setTimeout;
    window.setTimeout = (act, ms, ...given) => wait(act, ms === 5_000 ? 90_000 : ms, ...given);
}"""


def opened(screen: Screen, person: Person) -> list[Screen]:
    screen.page.context.add_init_script(PATIENT)
    windows = [screen, *(person.open(beside=screen) for _ in range(WINDOWS - 1))]
    for window in windows:
        expect(window.connection).to_have_text("Live")
    return windows


def followers(person: Person) -> set[Page]:
    """The windows that have a feed of their own, or had."""
    return {request.frame.page for request in person.requests if request.url.endswith("/events")}


def test_an_answer_is_read_in_each_and_can_be_stopped_from_any(screen: Screen, person: Person) -> None:
    windows = opened(screen, person)
    screen.say(f"{mark()} [[script: {held(40)}]]")
    for window in windows:
        window.wait_grown(39)
    windows[-1].page.get_by_role("button", name="Stop", exact=True).click()
    for window in windows:
        window.wait_answered(1)
        expect(window.answers.last).to_contain_text("Stopped")
    assert followers(person) == {screen.page}


def test_a_window_that_is_frozen_keeps_the_others_from_nothing(screen: Screen, person: Person) -> None:
    other = person.open(beside=screen)
    expect(other.connection).to_have_text("Live")
    debugger = screen.page.context.new_cdp_session(screen.page)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")  # at the next thing it is about to do, such as to tell of an event
    made(person, "Told by the other window")
    expect(other.row("Told by the other window")).to_be_visible()
    assert followers(person) == {screen.page, other.page}
    debugger.send("Debugger.resume")
    expect(screen.row("Told by the other window")).to_be_visible()


def test_what_happens_is_told_to_each_also_by_the_next_when_the_one_that_follows_is_gone(
    screen: Screen, person: Person
) -> None:
    windows = opened(screen, person)
    made(person, "Told to each window")
    for window in windows:
        expect(window.row("Told to each window")).to_be_visible()
    screen.page.reload()
    with_next = followers(person)
    for window in windows:
        expect(window.connection).to_have_text("Live")
    made(person, "Told by the next window")
    for window in windows:
        expect(window.row("Told by the next window")).to_be_visible()
    assert with_next <= followers(person)
    assert len(followers(person)) == 2  # the first, and one other

"""The chat by keyboard alone: what is pressed may go by that, and the next key still leads somewhere."""

from playwright.sync_api import Locator, expect

from agent.domain.limits import QUEUE_MAX
from tests.e2e.screen import OUTAGE, REFUSAL, Person, Screen
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack


def press(control: Locator) -> None:
    """As with the keyboard."""
    control.focus()
    control.press("Enter")


def button(screen: Screen, name: str) -> Locator:
    return screen.page.get_by_role("button", name=name, exact=True)


def answering(screen: Screen) -> None:
    """Until the service is told to end it."""
    screen.say(f"{mark()} [[script: {held(20)}]]")
    screen.wait_grown(19)


def test_keys_lead_to_the_search_and_back(screen: Screen) -> None:
    screen.page.keyboard.press("Control+k")
    expect(screen.page.get_by_label("Search tasks")).to_be_focused()
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Shift+Tab")
    screen.page.keyboard.press("Control+/")
    expect(screen.box).to_be_focused()
    expect(screen.box).to_have_value("")


def test_no_key_alone_leads_anywhere_nor_one_of_the_browsers_own(screen: Screen) -> None:
    search = screen.page.get_by_label("Search tasks")
    button(screen, "Tasks").focus()
    for key in ("/", "k", "?", "Alt+/", "Control+Alt+k"):
        screen.page.keyboard.press(key)
        expect(button(screen, "Tasks")).to_be_focused()
    search.focus()
    screen.page.keyboard.press("/")
    expect(search).to_have_value("/")


def test_stopping_leads_back_to_the_message_box(screen: Screen) -> None:
    for n, name in enumerate(("Stop", "Stop and undo"), start=1):
        answering(screen)
        press(button(screen, name))
        expect(screen.box).to_be_focused()
        screen.wait_answered(n)
        expect(screen.box).to_be_focused()


def test_escape_on_a_button_that_goes_by_it_leads_there_too(screen: Screen) -> None:
    answering(screen)
    button(screen, "Stop and undo").focus()
    screen.page.keyboard.press("Escape")
    screen.wait_answered(1)
    expect(screen.answers.last).to_contain_text("Stopped")
    expect(screen.box).to_be_focused()


def test_taking_back_and_asking_again_lead_there_too(screen: Screen) -> None:
    screen.say(f"{mark()} [[script: fault=quota times=1 tokens=3]]")
    press(button(screen, "Try again"))
    expect(screen.answers.last.locator(".prose").first).to_have_text("w0 w1 w2")
    expect(screen.box).to_be_focused()
    screen.wait_answered(1)
    press(button(screen, "Ask again"))
    expect(screen.answers.last.locator("details summary")).to_be_visible()
    expect(screen.box).to_be_focused()
    screen.wait_answered(1)
    answering(screen)
    screen.say(f"{mark()} not this")
    press(button(screen, "Take it back"))
    expect(button(screen, "Take it back")).to_have_count(0)
    expect(screen.box).to_be_focused()
    press(button(screen, "Stop"))
    screen.wait_answered(3)


def test_a_message_that_was_refused_leads_there_when_it_is_left_or_sent_again(screen: Screen, person: Person) -> None:
    person.expected = REFUSAL
    answering(screen)
    for n in range(QUEUE_MAX + 2):
        screen.say(f"number {n}")
    expect(screen.page.get_by_text("Not sent:")).to_have_count(2)
    press(button(screen, "Discard").first)
    expect(button(screen, "Discard")).to_have_count(1)
    expect(screen.box).to_be_focused()
    press(button(screen, "Stop"))
    expect(screen.answers.first).to_contain_text("Stopped")  # only then is there room for another
    press(button(screen, "Try again"))
    expect(button(screen, "Try again")).to_have_count(0)
    expect(screen.box).to_be_focused()
    screen.wait_answered(QUEUE_MAX + 2)


def test_an_example_and_the_way_to_the_end_lead_there_too(screen: Screen, endpoint: EndpointThread) -> None:
    press(button(screen, "What is on my list?"))
    expect(screen.box).to_be_focused()
    screen.wait_answered(1)
    said = f"{mark()} [[script: {held(1500)}]]"
    screen.say(said)
    screen.wait_grown(1499)
    screen.page.locator(".scroll").focus()
    screen.page.keyboard.press("PageUp")
    press(button(screen, "Newest message"))
    expect(screen.box).to_be_focused()
    endpoint.release(said)
    screen.wait_answered(2)


def test_who_has_gone_elsewhere_meanwhile_is_left_there(screen: Screen) -> None:
    answering(screen)
    screen.say(f"{mark()} not this")
    take_back = button(screen, "Take it back")
    take_back.focus()
    screen.page.get_by_role("heading", level=1).click()
    take_back.evaluate("(button) => button.click()")
    expect(take_back).to_have_count(0)
    assert screen.page.evaluate("document.activeElement === document.body")
    screen.page.get_by_label("Search tasks").focus()
    button(screen, "Stop").evaluate("(button) => button.click()")
    screen.wait_answered(2)
    expect(screen.page.get_by_label("Search tasks")).to_be_focused()


def test_enter_that_ends_a_composition_sends_nothing(screen: Screen) -> None:
    screen.box.fill("にほん")
    for end in ({"isComposing": True}, {"isComposing": False, "keyCode": 229}):
        screen.box.dispatch_event("keydown", {"key": "Enter", "bubbles": True, "cancelable": True} | end)
    expect(screen.box).to_have_value("にほん")
    expect(screen.said).to_have_count(0)


def test_what_is_said_is_scrolled_while_an_answer_of_words_alone_grows(screen: Screen, endpoint: EndpointThread) -> None:
    said = f"{mark()} [[script: {held(1500)}]]"
    screen.say(said)
    screen.wait_grown(1499)
    screen.page.keyboard.press("Shift+Tab")
    expect(screen.page.get_by_role("group", name="Messages")).to_be_focused()
    screen.page.keyboard.press("PageUp")
    expect(button(screen, "Newest message")).to_be_visible()
    endpoint.release(said)
    screen.wait_answered(1)


def test_an_outage_stays_on_the_screen_whatever_is_pressed_and_gives_the_focus_back(
    screen: Screen, person: Person, service: Stack, endpoint: EndpointThread
) -> None:
    person.expected = OUTAGE
    said = f"{mark()} [[script: {held(20)}]]"
    screen.say(said)
    screen.wait_grown(19)
    service.stop()
    expect(screen.down).to_be_visible()
    for _ in range(3):
        screen.page.keyboard.press("Escape")
        expect(screen.down).to_be_visible()
    screen.down.evaluate("(dialog) => dialog.close()")  # as a browser may by itself
    expect(screen.down).to_be_visible()
    service.start()
    expect(screen.down).to_have_count(0)
    expect(screen.box).to_be_focused()
    endpoint.release(said)
    screen.wait_answered(1)
    assert screen.words() == " ".join(f"w{n}" for n in range(20))
    expect(screen.answers.last).not_to_contain_text("Stopped")

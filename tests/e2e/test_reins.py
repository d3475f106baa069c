"""What a person asks for while the service is away, or has said nothing yet, is done all the same."""

from playwright.sync_api import expect

from tests.e2e.screen import OUTAGE, Person, Screen
from tests.integration.endpoint import held, mark
from tests.integration.stack import Stack


def test_stop_is_heard_by_a_service_that_is_restarting(screen: Screen, person: Person, service: Stack) -> None:
    person.expected = OUTAGE
    screen.say(f"{mark()} [[script: {held(20)}]]")
    screen.wait_grown(19)
    killed = service.kill("app")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(screen.page.get_by_role("button", name="Stopping")).to_be_visible()
    service.wait_pid_changed("app", killed)
    screen.wait_answered(1)
    expect(screen.answers.last).to_contain_text("Stopped")
    expect(screen.page.get_by_role("alert")).to_have_count(0)
    assert person.client.get("/history")["turns"][0]["status"] == "cancelled"


def test_a_message_is_taken_back_from_a_service_that_is_restarting(screen: Screen, person: Person, service: Stack) -> None:
    person.expected = OUTAGE
    screen.say(f"{mark()} [[script: {held(20)}]]")
    screen.wait_grown(19)
    screen.say(f"{mark()} not this")
    take_back = screen.page.get_by_role("button", name="Take it back")
    expect(take_back).to_be_visible()
    killed = service.kill("app")
    take_back.click()
    service.wait_pid_changed("app", killed)
    expect(take_back).to_have_count(0)
    assert [turn["status"] for turn in person.client.get("/history")["turns"]] == ["running", "cancelled"]
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(2)


def test_an_answer_is_asked_for_again_of_a_service_that_is_restarting(screen: Screen, person: Person, service: Stack) -> None:
    person.expected = OUTAGE
    screen.say(f"{mark()} [[script: tokens=3]]")
    screen.wait_answered(1)
    killed = service.kill("app")
    screen.page.get_by_role("button", name="Ask again").click()
    service.wait_pid_changed("app", killed)
    expect(screen.answers.last.get_by_text("Former answer")).to_be_visible()
    screen.wait_answered(1)
    assert len(person.client.get("/history")["turns"]) == 2


def test_an_answer_that_has_not_said_a_word_can_be_stopped(screen: Screen) -> None:
    screen.say(f"{mark()} [[script: {held(1)}]]")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)
    expect(screen.answers.last).to_contain_text("Stopped")
    screen.say(f"{mark()} [[script: {held(1)}]]")
    expect(screen.page.get_by_text("Sending")).to_have_count(0)
    screen.page.reload()  # now the history tells of it, too
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(2)
    expect(screen.answers.last).to_contain_text("Stopped")

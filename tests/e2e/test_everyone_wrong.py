"""For everyone, also where something is late, fails, is refused, undone or unknown: axe looks at each such state."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.axe import Scan
from tests.e2e.screen import OUTAGE, Person, Screen
from tests.e2e.test_tasks import asked, begun, notifications
from tests.integration.endpoint import held, mark
from tests.integration.stack import Stack


def refusing(screen: Screen, path: str, status: int = 409) -> None:
    """Whatever the page asks of it there."""
    body: dict[str, Any] = {"code": "refused_here", "detail": "It does not want to."}
    screen.page.route(path, lambda route: route.fulfill(status=status, json=body))


def test_late_tasks_no_match_and_a_refused_change(person: Person, scan: Scan) -> None:
    person.expected = re.compile("status of 409")
    late = begun(person, "Was to be done by now", seconds=1)
    person.client.eventually(f"/tasks/{late}", lambda task: task["status"] == "overdue")
    screen = person.open()
    screen.board.get_by_role("button", name="Overdue 1", exact=True).click()
    expect(screen.row("Was to be done by now")).to_contain_text("Overdue")
    scan(screen, "overdue")
    screen.board.get_by_label("Search tasks").fill("nowhere")
    expect(screen.board.get_by_text("No task matches.")).to_be_visible()
    scan(screen, "no-match")
    screen.board.get_by_label("Search tasks").fill("")
    screen.row("Was to be done by now").get_by_role("button").click()
    refusing(screen, f"**/tasks/{late}/status")
    screen.board.get_by_role("button", name="Start").click()
    expect(screen.board.get_by_role("alert")).to_be_visible()
    screen.board.get_by_role("button", name="Cancel task").click()
    expect(screen.board.get_by_role("button", name="Really cancel?")).to_be_visible()
    expect(screen.board.locator(".timeline .task-overdue")).to_be_visible()
    scan(screen, "refused")


def test_what_failed_and_what_was_undone(screen: Screen, person: Person, scan: Scan) -> None:
    with notifications(person, "fail"):
        screen.say(asked("Never to be heard of"))
        card = screen.page.get_by_role("group", name="Create task: Failed")
        expect(card).to_be_visible()
    screen.wait_answered(1)
    expect(card.locator(".undo")).to_have_count(2)
    scan(screen, "card-failed")
    args = {"title": "Not meant after all", "description": "Made by a test of the page", "assignee": "Bob"}
    screen.say(f"{mark()} [[script: tool=create_task args={json.dumps(args)}]] [[script: {held(40)}]]")
    screen.wait_grown(39)
    screen.page.get_by_role("button", name="Stop and undo").click()
    screen.wait_answered(2)
    expect(screen.answers.last.locator(".undone .undo")).to_contain_text("Undone: t-")
    scan(screen, "undone")


def test_a_former_answer_that_is_looked_at(screen: Screen, scan: Scan) -> None:
    screen.say(f"{mark()} [[script: tokens=4]]")
    screen.wait_answered(1)
    screen.page.get_by_role("button", name="Ask again").click()
    screen.answers.last.get_by_text("Former answer").click()
    expect(screen.answers.last.locator("details .prose")).to_have_text("w0 w1 w2 w3")
    screen.wait_answered(1)
    scan(screen, "former")


def test_a_message_that_was_not_taken_and_a_stop_that_was_refused(screen: Screen, person: Person, scan: Scan) -> None:
    person.expected = re.compile("status of 4(09|22)")
    screen.say(f"{mark()} [[script: {held(40)}]]")
    screen.wait_grown(39)
    refusing(screen, "**/api/chat/main/stop")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(screen.page.locator(".messages > [role=alert]")).to_have_text("It does not want to.")
    refusing(screen, "**/api/chat", 422)
    screen.say("not wanted")
    expect(screen.said.last).to_contain_text("Not sent: It does not want to.")
    refusing(screen, "**/api/chat/main/stop")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(screen.page.locator(".messages > [role=alert]")).to_be_visible()
    scan(screen, "not-sent")
    screen.page.unroute("**/api/chat/main/stop")
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)


def test_a_task_of_which_nothing_can_be_told(screen: Screen, person: Person, scan: Scan) -> None:
    person.expected = re.compile("status of 404")
    refusing(screen, "**/workflows/**", 404)
    with notifications(person, "hang"):
        screen.say(asked("Nobody knows"))
        expect(screen.page.get_by_role("group", name="Create task: Unknown")).to_be_visible()
        screen.wait_answered(1)
        scan(screen, "unknown")


def test_an_answer_whose_connection_was_lost(screen: Screen, person: Person, service: Stack, scan: Scan) -> None:
    person.expected = OUTAGE
    told = screen.page.locator(".chat > [role=status]")
    screen.say(f"{mark()} [[script: {held(40)}]]")
    screen.wait_grown(39)
    refusing(screen, "**/api/chat/main/stream*", 503)
    killed = service.kill("app")
    service.wait_pid_changed("app", killed)
    expect(screen.connection).to_have_text("Live")
    expect(screen.page.locator(".notice")).to_contain_text("The connection was lost.")
    expect(told).to_contain_text("The connection was lost.")
    scan(screen, "reconnecting")
    screen.page.unroute("**/api/chat/main/stream*")
    screen.wait_grown(39)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(1)


def test_a_text_that_is_too_long_is_called_so(screen: Screen, scan: Scan) -> None:
    screen.box.fill("ü" * 140_000)
    expect(screen.box).to_have_attribute("aria-invalid", "true")
    expect(screen.box).to_have_accessible_description("That is too long: 274 KB, at most 256 KB are taken.")
    scan(screen, "too-long")


def test_that_code_was_copied_is_heard(screen: Screen, person: Person) -> None:
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    screen.say(f'{mark()} [[script: text="```\\nx = 1\\n```"]]')
    screen.wait_answered(1)
    screen.answers.get_by_role("button", name="Copy").click()
    expect(screen.answers.get_by_role("status")).to_have_text("Copied")
    assert screen.page.evaluate("navigator.clipboard.readText()") == "x = 1\n"


def test_a_board_that_cannot_be_loaded_says_so(screen: Screen, person: Person, scan: Scan) -> None:
    person.expected = re.compile("status of 409")
    refusing(screen, "**/tasks?limit=*")
    screen.page.reload()
    expect(screen.board.get_by_role("alert")).to_have_text("The tasks could not be loaded: It does not want to.")
    scan(screen, "no-board")

"""A task changed by click: once though clicked twice, asked for twice where it is final, and nothing false said of it."""

import re

from playwright.sync_api import Page, Route, expect

from tests.e2e.screen import OUTAGE, Person, Screen
from tests.e2e.test_tasks import made


def opened(screen: Screen, title: str) -> Screen:
    screen.row(title).get_by_role("button").click()
    expect(screen.board.get_by_role("button", name="Complete")).to_be_visible()
    return screen


def changes(person: Person, task_id: str) -> list[str]:
    """What the page has asked for of the task's status, in order."""
    posts = [r for r in person.requests if r.method == "POST" and r.url.endswith(f"/tasks/{task_id}/status")]
    return [(r.post_data_json or {})["status"] for r in posts]


def failing(page: Page, task_id: str, after: bool) -> None:
    """The answer to a change of its status is lost; the change, too, unless ``after`` it was made."""

    def lose(route: Route) -> None:
        if after:
            route.fetch()
        route.abort()

    page.route(f"**/tasks/{task_id}/status", lose)


def test_a_double_click_changes_once_and_fails_nothing(screen: Screen, person: Person) -> None:
    task_id = made(person, "Clicked twice")
    opened(screen, "Clicked twice").board.get_by_role("button", name="Start").dblclick()
    expect(screen.board.locator(".line")).to_contain_text("In progress")
    assert changes(person, task_id) == ["in_progress"]
    expect(screen.board.get_by_role("alert")).to_have_count(0)


def test_what_somebody_else_has_just_done_is_no_failure(screen: Screen, person: Person) -> None:
    person.expected = re.compile("status of 409")
    task_id = made(person, "Started elsewhere")
    opened(screen, "Started elsewhere")

    def overtaken(route: Route) -> None:
        person.client.post(f"/tasks/{task_id}/status", status="in_progress")
        route.continue_()

    screen.page.route(f"**/tasks/{task_id}/status", overtaken)
    screen.board.get_by_role("button", name="Start").click()
    expect(screen.board.locator(".line")).to_contain_text("In progress")
    expect(screen.board.get_by_role("button", name="Complete")).not_to_have_attribute("aria-disabled", "true")
    expect(screen.board.get_by_role("alert")).to_have_count(0)


def test_to_cancel_a_task_takes_two_presses_and_escape_is_a_no(screen: Screen, person: Person) -> None:
    task_id = made(person, "Not cancelled by accident")
    board, keyboard = opened(screen, "Not cancelled by accident").board, screen.page.keyboard
    cancel, sure = board.get_by_role("button", name="Cancel task"), board.get_by_role("button", name="Really cancel?")
    cancel.dblclick()
    expect(sure).to_be_focused()
    expect(board.get_by_role("status")).to_contain_text("Press again to cancel the task for good")
    keyboard.press("Escape")
    expect(cancel).to_be_focused()
    keyboard.press("Enter")
    expect(sure).to_be_focused()
    keyboard.press("Tab")
    expect(cancel).to_be_visible()
    assert changes(person, task_id) == []
    cancel.press("Enter")
    keyboard.press("Enter")
    expect(board.locator(".line")).to_contain_text("Cancelled")
    assert changes(person, task_id) == ["cancelled"]


def test_a_change_whose_answer_is_lost_is_found_made(screen: Screen, person: Person) -> None:
    person.expected = OUTAGE
    task_id = made(person, "Changed all the same")
    failing(opened(screen, "Changed all the same").page, task_id, after=True)
    screen.board.get_by_role("button", name="Complete").click()
    expect(screen.board.locator(".line")).to_contain_text("Completed")
    expect(screen.board.get_by_role("alert")).to_have_count(0)


def test_a_change_of_which_nobody_knows_is_not_called_refused(screen: Screen, person: Person) -> None:
    person.expected = OUTAGE
    task_id = made(person, "Changed or not")
    failing(opened(screen, "Changed or not").page, task_id, after=False)
    screen.board.get_by_role("button", name="Complete").click()
    expect(screen.board.get_by_role("alert")).to_have_text(
        "It is not known whether this was changed: The service does not answer"
    )

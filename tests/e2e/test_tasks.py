"""Tasks beside the conversation: made by a sentence, live, opened, changed by click; undos in red, in their order."""

import json
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Locator, Route, expect

from tests.e2e.screen import OUTAGE, REFUSAL, Person, Screen
from tests.integration.endpoint import mark


def asked(title: str) -> str:
    args = {"title": title, "description": "Made by a test of the page", "assignee": "Bob", "deadline_seconds": 3600}
    return f'{mark()} [[script: tool=create_task args={json.dumps(args)}]] [[script: text="Done."]]'


def begun(person: Person, title: str, seconds: float = 3600, assignee: str = "Bob") -> str:
    """A task that is accepted, and being made: nobody can read or change it yet."""
    task_id = f"e-{secrets.token_hex(6)}"
    body = {"title": title, "description": "Made by a test of the page", "assignee": assignee, "deadline_seconds": seconds}
    person.client.post("/tasks/process", task_id=task_id, **body)
    return task_id


def made(person: Person, title: str, seconds: float = 3600, assignee: str = "Bob") -> str:
    """A task whose workflow is through: what a test changes now is changed by nobody else."""
    task_id = begun(person, title, seconds, assignee)
    person.client.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed")
    return task_id


def still_running(route: Route) -> None:
    """What the service says of a task's workflow until the end of it."""
    workflow_id = route.request.url.rpartition("/")[2]
    task_id = workflow_id.removeprefix("task-workflow-")
    route.fulfill(json={"workflow_id": workflow_id, "task_id": task_id, "status": "running", "result": None, "steps": []})


@contextmanager
def notifications(person: Person, mode: str) -> Generator[None]:
    """With a target that behaves like that."""
    person.client.http.put("/dev/notifications", json={"mode": mode}).raise_for_status()
    try:
        yield
    finally:
        person.client.http.put("/dev/notifications", json={"mode": "ok"}).raise_for_status()


def is_red(screen: Screen, words: Locator) -> bool:
    """Whether they have the colour that the page calls red."""
    red = screen.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--red')").strip()
    as_computed = words.evaluate("(e, red) => { e.style.outlineColor = red; return getComputedStyle(e).outlineColor }", red)
    return as_computed == words.evaluate("e => getComputedStyle(e).color")


def steps_of(shown: Locator) -> Locator:
    """The steps of the one workflow that is told of there."""
    return shown.get_by_role("list", name="Steps").get_by_role("listitem")


def test_a_sentence_becomes_a_task(screen: Screen) -> None:
    screen.say(asked("Review the payment PR"))
    card = screen.page.get_by_role("group", name="Create task: Done")
    expect(card).to_contain_text("Bob")
    expect(screen.row("Review the payment PR")).to_contain_text("Assigned")
    screen.wait_answered(1)
    card.get_by_text("Steps").click()
    expect(steps_of(card)).to_have_text(["Validated", "Created", "Assigned", "Reminder set", "Notified"])
    card.get_by_role("button", name="Open task Review the payment PR").click()
    expect(screen.board.get_by_role("heading", name="Review the payment PR")).to_be_visible()


def test_a_card_fills_in_as_its_workflow_proceeds(screen: Screen, person: Person) -> None:
    with notifications(person, "hang"):
        screen.say(asked("Told step by step"))
        card = screen.page.get_by_role("group", name="Create task: Working")
        expect(steps_of(card)).to_have_text(["Validated", "Created", "Assigned", "Reminder set", "Notify"])
        expect(card.locator(".steps .done")).to_have_count(4)
        expect(card.locator(".steps .waiting")).to_have_text(["Notify"])
    card = screen.page.get_by_role("group", name="Create task: Done")
    expect(card).to_be_visible()
    screen.wait_answered(1)
    card.get_by_text("Steps").click()
    expect(steps_of(card)).to_have_text(["Validated", "Created", "Assigned", "Reminder set", "Notified"])


def test_a_failed_task_shows_each_undo_in_red_and_in_order(screen: Screen, person: Person) -> None:
    with notifications(person, "fail"):
        screen.say(asked("Never to be heard of"))
        card = screen.page.get_by_role("group", name="Create task: Failed")
        expect(card).to_be_visible()
    screen.wait_answered(1)
    undone = card.locator(".undo")
    expect(undone).to_have_text(["Undone: reminder", "Undone: assignment"])
    assert is_red(screen, undone.first)


def test_a_workflow_that_outlasts_the_answer_is_not_called_done_and_its_end_is_found(screen: Screen, person: Person) -> None:
    with notifications(person, "hang"):
        screen.page.route("**/workflows/**", still_running)  # for the machine may be slower than three attempts
        screen.say(asked("Nobody takes it"))
        screen.wait_answered(1)
        expect(screen.page.get_by_role("group", name="Create task: Working")).to_be_visible()
        screen.page.reload()
        expect(screen.page.get_by_role("group", name="Create task: Working")).to_be_visible()
        screen.page.unroute("**/workflows/**")
        card = screen.page.get_by_role("group", name="Create task: Failed")
        expect(card).to_be_visible()
    expect(card.locator(".undo")).to_have_text(["Undone: reminder", "Undone: assignment"])
    assert is_red(screen, card.locator(".undo").first)


def test_overdue_happens_before_ones_eyes(screen: Screen, person: Person) -> None:
    task_id = made(person, "Renew the certificate")
    row = screen.row("Renew the certificate")
    expect(row).to_contain_text("due in")
    person.client.post(f"/tasks/{task_id}/deadline", deadline_seconds=2)
    expect(row).to_contain_text("Overdue")
    expect(row).to_contain_text("overdue", ignore_case=False)
    assert is_red(screen, row.locator(".status"))
    expect(screen.board.get_by_role("button", name="Overdue 1")).to_be_visible()


def test_filter_search_and_sort(screen: Screen, person: Person) -> None:
    made(person, "Second to be due", 7200, "Alice")
    made(person, "First to be due", 3600, "Zoe")
    titles = screen.board.locator(".row .title")
    expect(titles).to_have_text(["First to be due", "Second to be due"])
    screen.board.get_by_label("Sort by").select_option("assignee")
    expect(titles).to_have_text(["Second to be due", "First to be due"])
    screen.board.get_by_label("Search tasks").fill("zoe")
    expect(titles).to_have_text(["First to be due"])
    screen.board.get_by_role("button", name="Done").click()
    expect(screen.board.get_by_text("No task matches.")).to_be_visible()


def test_a_task_is_opened_and_changed_by_click(screen: Screen, person: Person) -> None:
    task_id = made(person, "Write the release notes")
    screen.row("Write the release notes").get_by_role("button").click()
    expect(steps_of(screen.board)).to_have_count(5)
    screen.board.get_by_role("button", name="Reassign").click()
    screen.board.get_by_label("New assignee").fill("Carol")
    screen.board.get_by_role("button", name="Save").click()
    expect(screen.board.locator("dl")).to_contain_text("Carol")
    expect(screen.board.locator(".timeline li").first).to_contain_text("AssignedCarol")
    screen.board.get_by_role("button", name="New deadline").click()
    screen.board.get_by_role("button", name="Remove deadline").click()
    expect(screen.board.locator("dl")).to_contain_text("No deadline")
    screen.board.get_by_role("button", name="Complete").click()
    expect(screen.board.locator(".line")).to_contain_text("Completed")
    expect(screen.board.get_by_role("button", name="Complete")).to_have_count(0)
    task = person.client.get(f"/tasks/{task_id}")
    assert (task["status"], task["assignee"], task["deadline"]) == ("completed", "Carol", None)


def test_a_task_of_an_older_page_is_there_once_and_counts_do_not_pretend(screen: Screen, person: Person) -> None:
    old, new = (person.client.get(f"/tasks/{made(person, title)}") for title in ("Of long ago", "Of today"))
    pages = {"": {"tasks": [new], "next": "older"}, "older": {"tasks": [old], "next": None}}

    def answer(route: Route) -> None:
        route.fulfill(json=pages["older" if "cursor=older" in route.request.url else ""])

    screen.page.route("**/tasks?limit=*", answer)
    screen.page.reload()
    expect(screen.board.get_by_role("button", name="Open 1+", exact=True)).to_be_visible()
    expect(screen.connection).to_have_text("Live")
    person.client.post(f"/tasks/{old['task_id']}/status", status="in_progress")
    expect(screen.row("Of long ago")).to_contain_text("In progress")
    screen.board.get_by_role("button", name="Show older tasks").click()
    expect(screen.board.get_by_role("button", name="Open 2", exact=True)).to_be_visible()
    expect(screen.row("Of long ago")).to_have_count(1)
    expect(screen.row("Of long ago")).to_contain_text("In progress")


def test_the_list_is_as_it_was_left_and_the_focus_is_never_lost(screen: Screen, person: Person) -> None:
    made(person, "Found again", assignee="Zoe")
    made(person, "Not looked for")
    board, search = screen.board, screen.board.get_by_label("Search tasks")
    search.fill("zoe")
    board.get_by_label("Sort by").select_option("title")
    board.get_by_role("button", name="All").click()
    row = screen.row("Found again").get_by_role("button")
    row.click()
    board.get_by_role("button", name="Reassign").click()
    board.get_by_label("New assignee").fill("Zoe B")
    board.get_by_role("button", name="Save").click()
    expect(board.get_by_role("button", name="Reassign")).to_be_focused()
    board.get_by_role("button", name="Complete").click()
    expect(board.get_by_role("heading", name="Found again")).to_be_focused()
    board.get_by_role("button", name="All tasks").click()
    expect(row).to_be_focused()
    expect(search).to_have_value("zoe")
    expect(board.get_by_label("Sort by")).to_have_value("title")
    expect(board.locator(".row .title")).to_have_text(["Found again"])
    row.click()
    expect(board.get_by_role("button", name="All tasks")).to_be_focused()
    screen.page.keyboard.press("Control+k")
    expect(search).to_be_focused()
    expect(search).to_have_value("zoe")


def test_a_change_made_elsewhere_is_seen(screen: Screen, person: Person) -> None:
    task_id = made(person, "Changed elsewhere")
    expect(screen.row("Changed elsewhere")).to_contain_text("Assigned")
    person.client.post(f"/tasks/{task_id}/status", status="in_progress")
    expect(screen.row("Changed elsewhere")).to_contain_text("In progress")


def test_a_new_deadline_is_set_by_click_in_ones_own_time(person: Person) -> None:
    screen = person.open(timezone_id="America/New_York")
    task_id = made(person, "Due some other day")
    screen.row("Due some other day").get_by_role("button").click()
    screen.board.get_by_role("button", name="New deadline").click()
    chosen = f"{datetime.now(UTC).year + 1}-05-17T09:30"
    screen.board.get_by_label("New deadline").fill(chosen)
    screen.board.get_by_role("button", name="Save").click()
    expect(screen.board.get_by_label("New deadline")).to_have_count(0)
    there = screen.page.evaluate("text => new Date(text).getTime()", chosen) / 1_000
    assert datetime.fromisoformat(person.client.get(f"/tasks/{task_id}")["deadline"]).timestamp() == there


def test_what_happened_while_the_network_was_gone_is_seen_when_it_is_back(screen: Screen, person: Person) -> None:
    person.expected = OUTAGE
    task_id = made(person, "Changed meanwhile")
    expect(screen.row("Changed meanwhile")).to_contain_text("Assigned")
    screen.page.context.set_offline(True)
    expect(screen.connection).not_to_have_text("Live")
    person.client.post(f"/tasks/{task_id}/status", status="in_progress")
    made(person, "Made meanwhile")
    screen.page.context.set_offline(False)
    expect(screen.row("Changed meanwhile")).to_contain_text("In progress")
    expect(screen.row("Made meanwhile")).to_be_visible()


def test_a_task_without_a_workflow_and_one_whose_workflow_cannot_be_loaded_are_told_apart(
    screen: Screen, person: Person
) -> None:
    person.expected = re.compile("status of (404|503)")
    answers: dict[str, Any] = {"status": 503, "json": {"code": "unavailable", "detail": "The engine is away."}}
    screen.page.route("**/workflows/**", lambda route: route.fulfill(**answers))
    made(person, "Made somehow")
    screen.row("Made somehow").get_by_role("button").click()
    expect(screen.board.get_by_text("could not be loaded: The engine is away.")).to_be_visible()
    expect(screen.board.get_by_text("not made by a workflow")).to_have_count(0)
    answers |= {"status": 404}
    expect(screen.board.get_by_text("This task was not made by a workflow.")).to_be_visible()


def test_the_service_says_why_a_change_is_refused(screen: Screen, person: Person) -> None:
    person.expected = REFUSAL
    task_id = made(person, "Over before the click")
    screen.row("Over before the click").get_by_role("button").click()
    screen.page.route(
        f"**/tasks/{task_id}/status",
        lambda route: route.fulfill(
            status=409, json={"code": "illegal_status_change", "detail": "The task is completed, which is final."}
        ),
    )
    screen.board.get_by_role("button", name="Start").click()
    expect(screen.board.get_by_role("alert")).to_have_text("Not changed: The task is completed, which is final.")

"""More tasks than one page of the list holds: what is looked for is found, or the page says how far it has looked."""

import re
from typing import Any

from playwright.sync_api import Route, expect

from agent.domain.limits import TASKS_PAGE_MAX
from tests.e2e.screen import Person, Screen
from tests.e2e.test_tasks import begun, made

PAGES_SOUGHT_MAX = 10  # in web/src/api/tasks.ts


def test_the_oldest_of_more_than_a_page_is_found(screen: Screen, person: Person) -> None:
    first = begun(person, "Urgent since long ago", seconds=1)
    person.client.eventually(f"/tasks/{first}", lambda task: task["status"] == "overdue")
    for n in range(TASKS_PAGE_MAX):
        begun(person, f"Not so urgent {n}")
    person.client.eventually(f"/tasks?limit={TASKS_PAGE_MAX}", lambda page: page["next"] is not None)
    screen.page.reload()
    board, urgent = screen.board, screen.row("Urgent since long ago")
    expect(board.get_by_text(f"These are of the newest {TASKS_PAGE_MAX} tasks.")).to_be_visible()
    expect(urgent).to_have_count(0)
    board.get_by_role("button", name="Overdue").click()
    expect(urgent).to_be_visible()
    expect(board.get_by_role("button", name="Overdue 1", exact=True)).to_be_visible()
    screen.page.reload()
    expect(urgent).to_have_count(0)
    board.get_by_label("Search tasks").fill("since long ago")
    expect(urgent).to_be_visible()
    board.get_by_label("Search tasks").fill("nowhere")
    expect(board.get_by_role("status")).to_have_text("No task matches.")


def test_what_is_not_found_in_many_pages_is_not_called_absent(screen: Screen, person: Person) -> None:
    task: dict[str, Any] = person.client.get(f"/tasks/{made(person, 'Always this one')}")
    looked = set[int]()

    def older(route: Route) -> None:
        after = re.search(r"page-(\d+)", route.request.url)
        n = int(after[1]) + 1 if after else 1
        looked.add(n)
        route.fulfill(json={"tasks": [task | {"task_id": f"n{n}", "title": f"Number {n}"}], "next": f"page-{n}"})

    screen.page.route("**/tasks?limit=*", older)
    screen.page.reload()
    board = screen.board
    expect(board.get_by_text("These are of the newest 1 tasks.")).to_be_visible()
    board.get_by_label("Search tasks").fill("nowhere")
    expect(board.get_by_role("status")).to_have_text(f"No task matches among the newest {PAGES_SOUGHT_MAX}.")
    assert len(looked) == PAGES_SOUGHT_MAX
    board.get_by_role("button", name="Show older tasks").click()
    expect(board.get_by_role("status")).to_have_text(f"No task matches among the newest {PAGES_SOUGHT_MAX + 1}.")

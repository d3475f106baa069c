"""The README's pictures, of the page on the demo model. ``python -m tests.e2e.pictures`` writes them to docs/images."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.screen import Person, Screen
from tests.integration.client import Client
from tests.integration.stack import Stack

FOLDER = Path(__file__).parents[2] / "docs" / "images"
WIDE = {"width": 1280, "height": 800}
DESK = {"width": 1180, "height": 700}
TELEPHONE = {"width": 360, "height": 640}
PAYMENT = "Ask Bob to review the payment PR by tomorrow noon, it touches refunds"
TOKENS = "have Alice review the auth PR by Friday, it's the token refactoring"
LIST = "What is on my list?"
HOUR, DAY = 3_600, 86_400


def keep(screen: Screen, name: str) -> None:
    screen.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


def fill_board(client: Client) -> None:
    """Tasks in several states, one of them overdue."""
    for number, (title, who, seconds) in enumerate(
        (
            ("Renew the shop certificate", "Dana", 2),
            ("Write the release notes", "Alice", 2 * DAY + 2 * HOUR),
            ("Order new badges", "Erin", 4 * DAY + 16 * HOUR),
        )
    ):
        task = {"title": title, "description": f"{title}, please.", "assignee": who, "deadline_seconds": seconds}
        client.post("/tasks/process", task_id=f"x{number}", **task)
    client.eventually("/workflows/task-workflow-x1", lambda view: view["status"] == "completed")
    client.post("/tasks/x1/status", status="in_progress")


def converse(screen: Screen, *said: str) -> None:
    for n, text in enumerate(said, start=1):
        screen.say(text)
        screen.wait_answered(n)


def take(url: str, browser: Browser) -> None:
    """Each picture in a browser of its own."""
    busy = Person(Client(url), browser)
    fill_board(busy.client)
    screen = busy.open(viewport=DESK)
    converse(screen, PAYMENT, LIST)
    expect(screen.row("Renew the shop certificate")).to_contain_text("overdue")
    keep(screen, "chat")
    screen.page.emulate_media(color_scheme="dark")
    screen.show("Context")
    expect(screen.context.locator(".seen > li").first).to_be_visible()
    keep(screen, "context")

    screen = Person(Client(url, "local"), browser).open(viewport=WIDE)
    converse(screen, TOKENS)
    screen.answers.last.get_by_role("button", name="Open task").click()
    expect(screen.board.locator(".timeline li").first).to_be_visible()
    keep(screen, "task")

    screen = Person(Client(url), browser).open(viewport=TELEPHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    converse(screen, TOKENS)
    screen.say(LIST)
    screen.wait_grown(1)
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    screen.wait_answered(2)
    keep(screen, "narrow")


def main() -> None:
    """Starts what it needs, and stops it."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "data") as service, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take(service.url, chromium)
        chromium.close()


if __name__ == "__main__":
    main()

"""What a person meets who has never been here; and what they have to load for it."""

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from agent.api.page import PAGE
from tests.e2e.axe import Scan
from tests.e2e.screen import Person, Screen

SCRIPT_BYTES_MAX = 300_000  # compressed, as they come over the wire
FIRST_BOX = "document.querySelector('input, textarea, [contenteditable]').id"


def test_the_box_to_write_in_is_the_first_and_has_the_focus(screen: Screen, keep_shot: Callable[[Screen, str], None]) -> None:
    assert screen.page.evaluate(FIRST_BOX) == "message"
    expect(screen.box).to_be_focused()
    expect(screen.page.get_by_role("heading", name="Say it, and it gets done.")).to_be_visible()
    expect(screen.board.get_by_text("No tasks yet")).to_be_visible()
    keep_shot(screen, "first-run")


def test_the_footer_says_what_runs_here(screen: Screen, person: Person) -> None:
    footer, about = screen.page.get_by_role("contentinfo"), person.client.get("/about")
    expect(screen.connection).to_have_text("Live")
    expect(footer).to_contain_text(f"Model {about['model']}")
    expect(footer).to_contain_text(f"Replica {about['replica']}")
    expect(footer).to_contain_text(f"Version {about['version']}")


def test_the_demo_model_is_marked(screen: Screen, person: Person) -> None:
    about = person.client.get("/about")
    screen.page.route("**/about", lambda route: route.fulfill(json=about | {"demo": True}))
    screen.page.reload()
    footer = screen.page.get_by_role("contentinfo")
    expect(footer.locator(".demo")).to_have_text("Demo model: rules, no language model")
    expect(footer).not_to_contain_text(f"Model {about['model']}")


def test_an_example_is_one_click(screen: Screen) -> None:
    screen.page.get_by_role("button", name="What is on my list?").click()
    screen.wait_answered(1)
    expect(screen.said).to_have_text("What is on my list?")


def test_scripts_stay_within_their_budget_markdown_included(screen: Screen, person: Person) -> None:
    screen.say('[[script: text="| a | b |\\n|---|---|\\n| 1 | 2 |"]]')
    screen.wait_answered(1)
    expect(screen.answers.get_by_role("table")).to_be_visible()
    scripts = [r for r in person.requests if r.resource_type == "script"]
    assert len(scripts) >= 2  # the page, and what it reads markdown with
    assert sum(r.sizes()["responseBodySize"] for r in scripts) < SCRIPT_BYTES_MAX


def test_a_newer_build_of_the_page_is_offered_and_what_is_written_survives_it(screen: Screen, scan: Scan) -> None:
    own = (PAGE / "index.html").read_text()
    newer = own.replace("/assets/index-", "/assets/index-newer-")

    def answer(route: Route) -> None:
        if route.request.resource_type == "document":
            route.continue_()
        else:
            route.fulfill(body=newer, content_type="text/html")

    notice = screen.page.get_by_text("There is a newer version of this page.")
    expect(screen.connection).to_have_text("Live")
    expect(notice).to_have_count(0)
    screen.page.route(re.compile(r":\d+/$"), answer)
    screen.page.reload()
    expect(notice).to_be_visible()
    screen.box.fill("half a sentence")
    scan(screen, "stale")
    screen.page.unroute_all()
    screen.page.get_by_role("button", name="Load it again").click()
    expect(notice).to_have_count(0)
    expect(screen.box).to_have_value("half a sentence")

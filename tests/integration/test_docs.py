"""``/docs`` in a real browser: it shows the routes, tries one, asks no other host, and its policy is never in its way."""

import shutil

from playwright.sync_api import Page, sync_playwright

from tests.integration.client import Client


def watch(page: Page) -> tuple[list[str], list[str]]:
    """What the page asks for, and what it complains about, from now on."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return asked, complaints


def test_the_api_is_shown_and_tried_without_any_other_host(client: Client) -> None:
    chromium = shutil.which("chromium")
    assert chromium, "chromium is not on the PATH"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked, complaints = watch(page)
        page.goto(f"{client.url}/docs")
        page.locator("#operations-service-tell_about_get").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text('"version"').first.wait_for()
        shown = page.locator(".opblock").count()
        browser.close()
    assert shown == sum(len(item) for item in client.get("/openapi.json")["paths"].values())
    assert complaints == []
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {client.url.split("/")[2]}

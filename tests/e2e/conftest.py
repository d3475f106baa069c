"""A real Chromium on a real service with the scripted endpoint. Each test is a user of its own in a browser of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from agent.api.page import PAGE
from tests.e2e.axe import Scan, in_each_scheme, violations
from tests.e2e.screen import Person, Screen
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack

# Package scope, not session: while Playwright's loop lives no asynchronous test can run on this thread.


@pytest.fixture(scope="package")
def endpoint() -> Iterator[EndpointThread]:
    with EndpointThread() as running:
        yield running


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread) -> Iterator[Stack]:
    assert (PAGE / "index.html").is_file(), "the page is not built: `make page`, which needs Node.js 20.19 or newer"
    with Stack(tmp_path_factory.mktemp("page") / "data", env=endpoint.env) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path is not None, "chromium is not on the PATH: tests/install-chromium.sh"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to sandbox what root runs
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield chromium
        chromium.close()


@pytest.fixture
def address(service: Stack) -> str:
    """Where the page is opened; a file of tests may have something in between."""
    return service.url


@pytest.fixture
def person(address: str, browser: Browser) -> Iterator[Person]:
    """Somebody nobody else is. In the end no window of theirs has complained about anything."""
    client = Client(address)
    somebody = Person(client, browser)
    yield somebody
    complaints = somebody.leave()
    client.close()
    assert complaints == []


@pytest.fixture
def screen(person: Person) -> Screen:
    """The page, just opened: from now on it is told what happens."""
    opened = person.open()
    expect(opened.connection).to_have_text("Live")
    return opened


@pytest.fixture(scope="session")
def keep_shot() -> Callable[[Screen, str], None]:
    """Keeps a picture of the page in build-artifacts/, which git ignores."""
    folder = Path(__file__).parents[2] / "build-artifacts" / "page"
    folder.mkdir(parents=True, exist_ok=True)

    def keep(screen: Screen, name: str) -> None:
        screen.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return keep


@pytest.fixture
def scan(keep_shot: Callable[[Screen, str], None]) -> Scan:
    """axe finds nothing in the state that a page is in, in either colour scheme; a picture of each is kept under its name."""

    def scanned(screen: Screen, state: str) -> None:
        for scheme in in_each_scheme(screen):
            keep_shot(screen, f"{state}-{scheme}")
            assert violations(screen) == [], f"{state}, {scheme}"

    return scanned

"""A person in front of the page: their windows, what they see in them, and what the browser complains about meanwhile."""

import re
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.integration.client import Client

PATIENCE = 90_000  # ms: a loaded machine is slow, and nothing here waits for a time
# What the browser itself says of answers that are no good, in tests that make them so.
OUTAGE = re.compile(r"net::ERR_|status of 50[234]")
REFUSAL = re.compile(r"status of 4\d\d")

_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


class Screen:
    """One window."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_label("Message", exact=True)
        self.board = page.get_by_role("region", name="Tasks", exact=True)
        self.context = page.get_by_role("region", name="Context", exact=True)

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    @property
    def down(self) -> Locator:
        """What the page says while the service is gone."""
        return self.page.get_by_role("dialog", name="Task Agent does not answer")

    @property
    def connection(self) -> Locator:
        """What the footer says of it."""
        return self.page.get_by_role("contentinfo").locator(".connection")

    @property
    def answers(self) -> Locator:
        return self.page.get_by_role("article", name="Task Agent")

    @property
    def said(self) -> Locator:
        return self.page.get_by_role("article", name="You")

    def words(self, answer: Locator | None = None) -> str:
        """The words of an answer, of the newest unless told."""
        return "\n".join((answer or self.answers.last).locator(".prose").all_inner_texts())

    def wait_grown(self, least: int) -> str:
        """The newest answer once it has so many words, and is still being given."""
        self.page.wait_for_function(
            """least => {
                const answer = [...document.querySelectorAll(".message.agent")].at(-1);
                const said = [...(answer?.querySelectorAll(".prose") ?? [])].map((e) => e.innerText).join(" ");
                return answer?.ariaBusy === "true" && said.split(/\\s+/).length >= least;
            }""",
            arg=least,
        )
        return self.words()

    def wait_answered(self, n: int) -> None:
        """Until ``n`` answers are there, and none is being given."""
        expect(self.answers).to_have_count(n)
        expect(self.page.locator(".message.agent[aria-busy=true]")).to_have_count(0)
        expect(self.page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)

    def row(self, title: str) -> Locator:
        """A task on the board."""
        return self.board.get_by_role("listitem").filter(has_text=title)

    def show(self, pane: str) -> None:
        self.page.get_by_role("navigation").get_by_role("button", name=pane).click()


class Person:
    """One user, and all the windows they open. ``client`` is the same user over HTTP."""

    def __init__(self, client: Client, browser: Browser) -> None:
        self.client, self._browser = client, browser
        self._pages: list[Page] = []
        self._complaints: list[str] = []
        self.requests: list[Request] = []
        self.expected: re.Pattern[str] | None = None

    def open(self, beside: Screen | None = None, **options: Any) -> Screen:
        """A window: another tab of the browser of ``beside``, or a browser of its own (``options`` as of new_context)."""
        if beside is None:
            context = self._browser.new_context(extra_http_headers={"X-User-Id": self.client.user}, **options)
            context.set_default_timeout(PATIENCE)
            context.add_init_script(_WATCH)
        else:
            context = beside.page.context
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.requests.append(request))
        self._pages.append(page)
        page.goto(self.client.url)
        screen = Screen(page)
        expect(screen.box).to_be_visible()
        expect(page.get_by_text("Loading the conversation")).to_have_count(0)
        return screen

    def leave(self) -> list[str]:
        """Closes every window; what was complained about: console errors, exceptions, violations, requests to other hosts."""
        for page in self._pages:
            self._complaints += page.evaluate("violations")
        for context in {page.context for page in self._pages}:
            context.close()
        strangers = {r.url for r in self.requests if not r.url.startswith((self.client.url, "blob:", "data:"))}
        return [*self._complaints, *strangers]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.expected is None or not self.expected.search(message.text):
            self._complaints.append(f"{message.type}: {message.text}")


expect.set_options(timeout=PATIENCE)

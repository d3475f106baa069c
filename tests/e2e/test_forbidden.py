"""Browsers that keep something from the page: storage, neighbours, the clipboard. It does without, and says what it must."""

from playwright.sync_api import expect

from tests.e2e.screen import Person, Screen
from tests.integration.endpoint import mark

# As Chromium does it where cookies are blocked: already to look at the property is an error.
BLOCKED = """
const denied = () => { throw new DOMException("Access is denied for this document.", "SecurityError"); };
Object.defineProperty(window, "sessionStorage", { get: denied });
Object.defineProperty(window, "localStorage", { get: denied });
window.BroadcastChannel = class { constructor() { denied(); } };
"""
FULL = """
Storage.prototype.setItem = () => { throw new DOMException("No room is left.", "QuotaExceededError"); };
"""


def again_with(screen: Screen, script: str) -> None:
    """The same window, in such a browser."""
    screen.page.context.add_init_script(script)
    screen.page.reload()
    expect(screen.box).to_be_visible()


def check_talks(screen: Screen, person: Person) -> None:
    for n, text in enumerate(("one", "two"), start=1):
        screen.say(f'{mark()} [[script: text="{text}"]]')
        screen.wait_answered(n)
        assert screen.words() == text
    assert len(person.client.get("/history")["turns"]) == 2


def test_a_browser_that_blocks_storage_shows_the_page_all_the_same(screen: Screen, person: Person) -> None:
    again_with(screen, BLOCKED)
    check_talks(screen, person)


def test_a_storage_without_room_keeps_nothing_from_being_sent(screen: Screen, person: Person) -> None:
    again_with(screen, FULL)
    check_talks(screen, person)


def test_what_was_kept_and_is_damaged_is_left(screen: Screen, person: Person) -> None:
    screen.page.evaluate("""sessionStorage.setItem("task-agent.unsent", '{"not": "ours')""")
    screen.page.reload()
    check_talks(screen, person)


def test_a_copy_is_said_to_be_made_or_not(screen: Screen) -> None:
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    screen.say(f'{mark()} [[script: text="```\\ncode\\n```"]]')
    screen.wait_answered(1)
    screen.page.get_by_role("button", name="Copy").click()
    expect(screen.page.get_by_role("button", name="Copied")).to_be_visible()
    assert screen.page.evaluate("navigator.clipboard.readText()").strip() == "code"
    for gone in ("{ writeText: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }", "undefined"):
        screen.page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ configurable: true, value: {gone} }})")
        screen.box.focus()
        screen.page.get_by_role("button", name="Copy").click()
        expect(screen.page.get_by_role("button", name="Could not be copied")).to_be_visible()

"""What the page costs: to load, until the first word, and in memory. ``python -m tests.e2e.measure`` prints it as JSON."""

import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.screen import Person, Screen
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.stack import Stack

ROUNDS = 15
EXCHANGES = 50

# From the key that sends to the first word that is drawn, by the browser's own clock.
_FIRST_WORD = """() => new Promise((done) => {
    const before = document.querySelectorAll(".message.agent").length;
    const box = document.getElementById("message");
    let sent = 0;
    box.addEventListener("keydown", () => { sent = performance.now(); }, { once: true });
    new MutationObserver((_, watch) => {
        const answers = document.querySelectorAll(".message.agent");
        if (sent && answers.length > before && answers[answers.length - 1].querySelector(".prose")) {
            watch.disconnect();
            requestAnimationFrame(() => done(performance.now() - sent));
        }
    }).observe(document.querySelector(".messages"), { childList: true, subtree: true });
})"""
_LOADED = "performance.getEntriesByType('paint').find((e) => e.name === 'first-contentful-paint').startTime"


def loads(person: Person) -> dict[str, Any]:
    """First paint, and until a person can write, each time in a browser that has nothing in its cache."""
    paints, usable = list[float](), list[float]()
    for _ in range(ROUNDS):
        screen = person.open()
        usable.append(screen.page.evaluate("performance.now()"))
        paints.append(screen.page.evaluate(_LOADED))
        screen.page.context.close()
    return {"first_paint_ms": spread(paints), "usable_ms_at_most": spread(usable)}


def first_words(screen: Screen) -> list[float]:
    """Milliseconds from Enter to the first word on the screen, one turn after the other."""
    taken = list[float]()
    for n in range(ROUNDS):
        screen.box.fill(f"{mark()} [[script: tokens=3]]")
        screen.page.evaluate(f"() => {{ window.firstWord = ({_FIRST_WORD})(); }}")  # an evaluated promise would be awaited here
        screen.box.press("Enter")
        taken.append(screen.page.evaluate("window.firstWord"))
        screen.wait_answered(n + 1)
    return taken


def memory(page: Page) -> dict[str, float]:
    """Of the only window, after a garbage collection, in MB: JavaScript's heap, and the process that draws the page.

    ``resident_mb`` counts what that shares with the browser's other processes, most of it their code; ``own_mb`` does not.
    """
    window = page.context.new_cdp_session(page)
    window.send("HeapProfiler.collectGarbage")
    window.send("Performance.enable")
    told = {m["name"]: m["value"] for m in window.send("Performance.getMetrics")["metrics"]}
    drawn = renderer(page).memory_full_info()
    figures = {"heap": told["JSHeapUsedSize"], "resident": drawn.rss, "own": drawn.uss}
    return {f"{name}_mb": round(size / 1e6, 1) for name, size in figures.items()} | {"nodes": told["Nodes"]}


def renderer(page: Page) -> psutil.Process:
    """The process of the only window: the largest of its kind, since the browser keeps an empty one in reserve."""
    assert page.context.browser is not None
    told = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(
        (psutil.Process(p["id"]) for p in told if p["type"] == "renderer"), key=lambda process: process.memory_info().rss
    )


def spread(values: list[float]) -> dict[str, float]:
    """p50 and the largest, rounded."""
    return {"p50": round(statistics.median(values), 1), "max": round(max(values), 1)}


def measure(service: Stack, browser: Browser) -> dict[str, Any]:
    """Everything, on one service and one browser."""
    person = Person(Client(service.url), browser)
    figures = loads(person)
    screen = Person(Client(service.url), browser).open()
    figures["memory_empty"] = memory(screen.page)
    figures["first_word_ms"] = spread(first_words(screen))
    screen.page.context.close()
    talker = Client(service.url)
    for n in range(EXCHANGES):
        talker.ask(f'{n} [[script: text="**Answer** {n}, with `code` and some more words to draw."]]')
    figures[f"memory_after_{EXCHANGES}_exchanges"] = memory(Person(talker, browser).open().page)
    return figures


def main() -> None:
    """Starts what it needs, and stops it."""
    with EndpointThread() as endpoint, tempfile.TemporaryDirectory() as folder:
        with Stack(Path(folder) / "data", env=endpoint.env) as service, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            print(json.dumps(measure(service, chromium), indent=1))  # noqa: T201 -- it is what the command is for
            chromium.close()


if __name__ == "__main__":
    main()

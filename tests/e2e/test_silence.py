"""A line that goes dead without a sign, as when a laptop slept: no end, no error, no byte. The page finds out by itself."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Request, expect

from tests.chaos.relay import Relay
from tests.e2e.screen import OUTAGE, Person, Screen
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack

SILENCE_MAX = 25_000  # ms; the page's own bound, in web/src/api/sse.ts
# As many connections as a browser opens to one host, but for the feed's; it keeps them for what comes next.
BUSY = "Promise.all(Array.from({ length: 5 }, () => fetch('/history', { cache: 'no-store' }).then((r) => r.text())))"
WORDS = [f"w{n}" for n in range(40)]


@dataclass(frozen=True)
class Line:
    """Between a browser and the service."""

    url: str
    silence: Callable[[], int]


@pytest.fixture
def line(service: Stack) -> Iterator[Line]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Relay(service.port)) as relay:
        yield Line(relay.url, partial(portal.call, relay.silence))


@pytest.fixture
def address(line: Line) -> str:
    return line.url


@pytest.fixture
def aside(service: Stack, person: Person) -> Iterator[Client]:
    """The same user, over another line."""
    with closing(Client(service.url, person.client.user)) as client:
        yield client


def said_but_for_the_last_word(screen: Screen) -> str:
    """What was asked; the endpoint holds the end of the answer to it."""
    said = f"{mark()} [[script: {held(len(WORDS))}]]"
    screen.say(said)
    screen.wait_grown(len(WORDS) - 1)
    return said


def is_completed(history: Any) -> bool:
    return history["turns"][0]["status"] == "completed"


def check_whole_and_once(screen: Screen, said: str, aside: Client) -> None:
    screen.wait_answered(1)
    assert screen.words() == " ".join(WORDS)
    expect(screen.said).to_have_text(said)
    [turn] = aside.get("/history")["turns"]
    assert [message["content"] for message in turn["messages"]] == [said, " ".join(WORDS)]


@pytest.mark.parametrize("ends", ["meanwhile", "later"])
def test_an_answer_whose_line_goes_dead_is_there_whole_and_once(
    screen: Screen, aside: Client, line: Line, endpoint: EndpointThread, ends: str
) -> None:
    screen.page.clock.install()
    screen.page.reload()  # now with a clock that can be put forward
    said = said_but_for_the_last_word(screen)
    assert line.silence() >= 2  # the answer's connection and the feed's, and what the browser keeps for the next request
    if ends == "meanwhile":
        endpoint.release(said)
        aside.eventually("/history", is_completed)
    expect(screen.connection).to_have_text("Live")
    assert screen.wait_grown(len(WORDS) - 1) == " ".join(WORDS[:-1])
    with screen.page.expect_request("**/events"):
        screen.page.clock.fast_forward(SILENCE_MAX)
    expect(screen.connection).to_have_text("Live")
    endpoint.release(said)
    check_whole_and_once(screen, said, aside)


def test_the_page_is_back_at_once_though_the_browser_keeps_connections_that_are_dead(
    screen: Screen, person: Person, line: Line
) -> None:
    screen.page.clock.install()
    screen.page.reload()
    expect(screen.connection).to_have_text("Live")
    expect(screen.page.get_by_text("Loading")).to_have_count(0)
    screen.page.evaluate(BUSY)
    assert line.silence() >= 4
    before = len(person.requests)
    beside: list[int] = []  # how many attempts there were whenever one of them was given up

    def is_given_up(request: Request) -> bool:
        attempts = [request for request in person.requests[before:] if request.url.endswith("/events")]
        beside.append(len(attempts))
        return request in attempts

    with (
        screen.page.expect_response("**/events"),  # new connections work
        screen.page.expect_event("requestfailed", is_given_up),  # those before were put on dead ones
    ):
        screen.page.clock.fast_forward(SILENCE_MAX)
    expect(screen.connection).to_have_text("Live")
    assert beside[-1] >= 3, "they were made one after the other, each when the one before was given up"


def test_a_lost_network_in_mid_answer_changes_nothing(
    screen: Screen, person: Person, aside: Client, line: Line, endpoint: EndpointThread
) -> None:
    person.expected = OUTAGE
    said = said_but_for_the_last_word(screen)
    screen.page.context.set_offline(True)  # by itself that leaves alone what is open
    assert line.silence() >= 1
    expect(screen.connection).not_to_have_text("Live")
    endpoint.release(said)
    aside.eventually("/history", is_completed)
    assert screen.wait_grown(len(WORDS) - 1) == " ".join(WORDS[:-1])
    screen.page.context.set_offline(False)
    check_whole_and_once(screen, said, aside)

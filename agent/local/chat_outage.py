"""A service that is away, as the terminal chat bears it: what passes by itself, how often it asks again, and for how long."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from agent.local.chat_client import Refused

_PAUSE_FIRST, _PAUSE_MAX = 0.2, 2.0
_UNREACHABLE_MAX = 60.0  # since a break; a restart takes a few seconds, and up to half a minute after a crash
_PASSING = (502, 503, 504)  # a service that stops or starts, or what stands before it
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
FAILURES = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError, Refused)
"""What ``passes`` judges; anything else is no outage."""

T = TypeVar("T")


class Lost(Exception):
    """The service did not come back in time. The text says what is known of what was asked of it."""


class Outage:
    """The time since the connection broke, if it has."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._pauses = 0

    @property
    def begun(self) -> bool:
        return self._since is not None

    def end(self) -> None:
        """The service was heard."""
        self._since, self._pauses = None, 0

    def wait(self, failure: Exception | None) -> bool:
        """A pause, longer each time, before it is asked again; False when it was away for long enough."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        left = self._since + _UNREACHABLE_MAX - now
        if left <= 0:
            return False
        asked = failure.retry_after if isinstance(failure, Refused) else 0
        time.sleep(min(max(asked, min(_PAUSE_FIRST * 2**self._pauses, _PAUSE_MAX)), left))
        self._pauses += 1
        return True


def passes(failure: Exception) -> bool:
    """Whether one of FAILURES may be over when it is asked again."""
    return not isinstance(failure, Refused) or failure.status in _PASSING


def waiting_words(failure: Exception | None, url: str) -> str:
    """Why nothing has come yet; None is an answer that broke off."""
    again = f"trying again for up to {_UNREACHABLE_MAX:.0f} seconds"
    match failure:
        case Refused():
            return f"not yet: {failure}; {again}"
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return f"nothing answers at {url}; {again} (to start it: task-agent up)"
        case _:
            return f"no answer came; {again}"


def patiently(ask: Callable[[], T], note: Callable[[str], object], url: str, known: str) -> T:
    """What ``ask`` returns, which is repeated through an outage: so doing it twice must come to the same as once.

    ``note`` is told why nothing has come yet.

    Raises:
        Lost: with ``known``, what is true if it never answers.
        Refused, httpx.TransportError: that does not pass.
    """
    outage = Outage()
    while True:
        try:
            return ask()
        except FAILURES as failure:
            if not passes(failure):
                raise
            if not outage.begun:
                note(waiting_words(failure, url))
            if not outage.wait(failure):
                raise Lost(known) from failure

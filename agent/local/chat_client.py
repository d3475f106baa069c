"""The service's public API as the terminal chat uses it. Prints nothing, decides nothing."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from agent.local.sse import Frame, frames

_CONNECT_TIMEOUT, _SILENCE_MAX = 3.0, 40.0  # the service pings a quiet stream every ten seconds


class Refused(Exception):
    """The service answered with an error; the text is its ``detail``."""


class ChatClient:
    """One user in one conversation."""

    def __init__(self, url: str, user: str, conversation: str, time_zone: str) -> None:
        self.url, self.conversation = url.rstrip("/"), conversation
        self._http = httpx.Client(
            base_url=self.url,
            headers={"X-User-Id": user, "X-Time-Zone": time_zone},
            timeout=httpx.Timeout(_SILENCE_MAX, connect=_CONNECT_TIMEOUT),
            trust_env=False,  # a proxy has no business between two programs on one machine
        )

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def say(self, message: str) -> Generator[tuple[str, Iterator[Frame]]]:
        """The id of the turn and its frames. Raises Refused, httpx.TransportError."""
        body = {"message": message, "conversation": self.conversation}
        with self._http.stream("POST", "/chat", json=body) as response:
            if response.is_error:
                response.read()
            yield _accepted(response).headers["X-Turn-Id"], frames(response.iter_text())

    def turn(self, turn_id: str) -> dict[str, Any]:
        return self._get(f"/turns/{turn_id}")

    def history(self) -> dict[str, Any]:
        return self._get("/history", conversation=self.conversation)

    def tasks(self) -> dict[str, Any]:
        return self._get("/tasks")

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        """Raises Refused, httpx.TransportError."""
        return _accepted(self._http.get(path, params=query)).json()


def _accepted(response: httpx.Response) -> httpx.Response:
    if not response.is_error:
        return response
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text[:500]
    raise Refused(f"{detail} (HTTP {response.status_code})")

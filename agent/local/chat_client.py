"""The service's public API as the terminal chat uses it. Prints nothing, decides nothing."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from agent.domain.limits import HISTORY_PAGE_MAX
from agent.local.call_words import short
from agent.local.harmless import harmless, read_json
from agent.local.sse import Frame, frames

_TASKS_SHOWN_MAX = 100  # as many as the service lists at once
_CONNECT_TIMEOUT, _SILENCE_MAX = 3.0, 40.0  # the service pings a quiet stream every ten seconds

Opened = tuple[str, Iterator[Frame]]
"""The id of a turn and its frames."""


class Refused(Exception):
    """The service answered with an error; the text is its ``detail``. ``retry_after``: seconds it asks to wait, 0 if none."""

    def __init__(self, detail: str, status: int, retry_after: int = 0) -> None:
        super().__init__(f"{detail} (HTTP {status})")
        self.status, self.retry_after = status, retry_after


class Stranger(ValueError):
    """What answered is not Task Agent. The text says what it was."""


class ChatClient:
    """One user in one conversation. Every method may raise Refused, Stranger and httpx.TransportError.

    Making one raises httpx.InvalidURL.
    """

    def __init__(self, url: str, user: str, conversation: str, time_zone: str) -> None:
        self.url, self.conversation = url.rstrip("/"), conversation
        self._http = httpx.Client(
            base_url=self.url,
            headers={b"X-User-Id": user.encode(errors="replace"), b"X-Time-Zone": time_zone.encode()},  # judged by the service
            timeout=httpx.Timeout(_SILENCE_MAX, connect=_CONNECT_TIMEOUT),
            trust_env=False,  # a proxy has no business between two programs on one machine
        )

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def say(self, message: str, key: str) -> Generator[Opened]:
        """The turn of the message; with the same key again the same turn."""
        body = {"message": message, "conversation": self.conversation}
        with self._stream("POST", "/chat", {"Idempotency-Key": key}, body) as opened:
            yield opened

    @contextmanager
    def regenerate(self, turn_id: str, key: str) -> Generator[Opened]:
        """Another answer to the message of the newest turn."""
        with self._stream("POST", f"/turns/{turn_id}/regenerate", {"Idempotency-Key": key}) as opened:
            yield opened

    @contextmanager
    def follow(self, turn_id: str, after: str) -> Generator[Opened]:
        """The turn's frames behind the one with the id ``after``, or all of them."""
        headers = {"Last-Event-ID": after} if after else {}
        with self._stream("GET", f"/turns/{turn_id}/events", headers) as opened:
            yield opened

    def cancel(self, turn_id: str, effects: str) -> dict[str, Any]:
        """Cancels a turn; one that has ended stays as it is. ``effects``: ``keep`` what it did, or ``undo`` it."""
        return _told(self._http.post(f"/turns/{turn_id}/cancel", json={"effects": effects}))

    def turn(self, turn_id: str) -> dict[str, Any]:
        return self._get(f"/turns/{turn_id}")

    def history(self, before: int | None = None) -> dict[str, Any]:
        """The newest turns; with the ``next`` of a page, those before it, as many as the service tells at once."""
        older = {} if before is None else {"before": str(before), "limit": str(HISTORY_PAGE_MAX)}
        return self._get("/history", conversation=self.conversation, **older)

    def context(self) -> dict[str, Any]:
        return self._get("/context", conversation=self.conversation)

    def tasks(self) -> dict[str, Any]:
        return self._get("/tasks", limit=str(_TASKS_SHOWN_MAX))

    @contextmanager
    def _stream(self, verb: str, path: str, headers: dict[str, str], body: Any = None) -> Generator[Opened]:
        with self._http.stream(verb, path, headers=headers, json=body) as response:
            if response.is_error:
                response.read()
            turn_id = _accepted(response).headers.get("X-Turn-Id")
            if turn_id is None:
                raise Stranger(f"HTTP {response.status_code}, without a turn")
            yield harmless(turn_id), frames(response.iter_text())

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return _told(self._http.get(path, params=query))


def _told(response: httpx.Response) -> dict[str, Any]:
    try:
        told = read_json(_accepted(response).text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Stranger(f"HTTP {response.status_code}, without JSON")
    return told


def _accepted(response: httpx.Response) -> httpx.Response:
    if not response.is_error:
        return response
    try:
        detail = read_json(response.text)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = short(harmless(response.text))  # a page of HTML, perhaps
    asked = response.headers.get("Retry-After", "")
    raise Refused(detail, response.status_code, int(asked[:9]) if asked.isdecimal() else 0)

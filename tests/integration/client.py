"""One user of the service, as a test sees them: raw server-sent events off the wire, and what the other routes answer.

Parses bytes itself: a library that splits at every Unicode line end would hide frames that are cut inside a text.
"""

import itertools
import json
import secrets
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.stack import PATIENCE

TERMINAL = ("turn.completed", "turn.failed", "turn.cancelled")
ENDED = ("completed", "failed", "cancelled")
OUT_OF_REACH = (httpx.TransportError, AssertionError)


@dataclass(frozen=True)
class Frame:
    """One event; a comment has only ``comment``."""

    id: str = ""
    event: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    comment: str = ""


@dataclass(frozen=True)
class Answer:
    """A stream read to its end."""

    turn_id: str
    headers: httpx.Headers
    frames: tuple[Frame, ...]

    @property
    def events(self) -> list[str]:
        return [frame.event for frame in self.frames if frame.event]

    @property
    def end(self) -> Frame:
        """The terminal event, which must be there, once, and last."""
        assert [event for event in self.events if event in TERMINAL] == self.events[-1:], self.events
        return self.frames[-1]

    def text(self, step: int | None = None) -> str:
        """The deltas of a step as a reader ends up seeing them; of the last one unless told."""
        texts: dict[int, str] = {}
        for frame in self.frames:
            if frame.event in ("step.started", "step.restarted"):
                texts[frame.data["step"]] = ""
            elif frame.event == "text.delta":
                texts[frame.data["step"]] += frame.data["delta"]
        return texts[max(texts) if step is None else step]

    def all(self, event: str) -> list[dict[str, Any]]:
        """The data of every frame of that name."""
        return [frame.data for frame in self.frames if frame.event == event]


class Stream:
    """An open stream: frames as they come. Leave it whenever you like."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.turn_id = response.headers.get("x-turn-id", "")
        self._frames = frames(response.iter_raw())
        self.seen: list[Frame] = []

    def __iter__(self) -> Iterator[Frame]:
        deadline = time.monotonic() + PATIENCE  # pings alone keep one open for ever
        for frame in self._frames:
            self.seen.append(frame)
            yield frame
            assert time.monotonic() < deadline, f"still no end, only {[frame.event for frame in self.seen][-20:]}"

    def until(self, event: str) -> Frame:
        """Reads up to the next event of that name."""
        for frame in self:
            if frame.event == event:
                return frame
        raise AssertionError(f"no {event} came, but {[frame.event for frame in self.seen]}")

    def rest(self) -> Answer:
        """Everything, also what was read before."""
        for _ in self:
            pass
        return Answer(self.turn_id, self.headers, tuple(self.seen))


class Client:
    """One user of one tenant. Every call answers the parsed body, or fails when the status is not good.

    ``urls`` is one, or those of all replicas: then the requests go to them in turns, whatever they are about. Set them anew
    when the replicas have moved.
    """

    def __init__(
        self, urls: str | Sequence[str], user: str | None = None, tenant: str | None = None, zone: str = "UTC"
    ) -> None:
        self.user, self.tenant, self.zone = user or f"u-{secrets.token_hex(6)}", tenant, zone
        self.urls: Sequence[str] = [urls] if isinstance(urls, str) else urls
        self._turns = itertools.count()
        headers = {"X-User-Id": self.user, "X-Time-Zone": zone} | ({"X-Tenant-Id": tenant} if tenant else {})
        spread = {"request": [self._spread]}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, event_hooks=spread)
        self._elsewhere: list[Client] = []

    @property
    def url(self) -> str:
        """The first replica's, for requests that are made by hand."""
        return self.urls[0]

    def at(self, replica: int) -> "Client":
        """The same user, at this replica only."""
        self._elsewhere.append(Client(self.urls[replica], self.user, self.tenant, self.zone))
        return self._elsewhere[-1]

    def _spread(self, request: httpx.Request) -> None:
        where = httpx.URL(self.urls[next(self._turns) % len(self.urls)])
        request.url = request.url.copy_with(port=where.port)
        request.headers["Host"] = where.netloc.decode()

    def close(self) -> None:
        for client in (self, *self._elsewhere):
            client.http.close()

    # --- saying ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def say(self, message: str, conversation: str = "main") -> Generator[Stream]:
        """The open stream of the answer."""
        body = {"message": message, "conversation": conversation}
        with self.http.stream("POST", "/chat", json=body) as response:
            if response.is_error:
                raise AssertionError(f"{response.status_code}: {response.read()[:500]!r}")
            yield Stream(response)

    @contextmanager
    def follow(self, turn_id: str, after: str | None = None, *, header: bool = True) -> Generator[Stream]:
        """The turn's stream from its start, or behind the frame ``after``, named in the header or in the query."""
        headers = {"Last-Event-ID": after} if after and header else {}
        params = {"after": after} if after and not header else {}
        with self.http.stream("GET", f"/turns/{turn_id}/events", headers=headers, params=params) as response:
            assert response.status_code == 200, response.read()
            yield Stream(response)

    def ask(self, message: str, conversation: str = "main") -> Answer:
        """Says something and reads the answer to its end."""
        with self.say(message, conversation) as stream:
            return stream.rest()

    def drop(self, message: str, conversation: str = "main") -> str:
        """Says something and leaves as soon as it is acknowledged; the turn's id."""
        with self.say(message, conversation) as stream:
            return stream.turn_id

    # --- looking ---------------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        return good(self.http.get(path, params=query or None))  # an empty one would wipe out a query in the path

    def post(self, path: str, **body: Any) -> Any:
        return good(self.http.post(path, json=body))

    def turn(self, turn_id: str) -> dict[str, Any]:
        return self.get(f"/turns/{turn_id}")

    def ended(self, turn_id: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The turn once it has ended, asking again and again, through restarts of the service too."""
        return self.eventually(
            f"/turns/{turn_id}", lambda turn: turn["status"] in ("completed", "failed", "cancelled"), timeout
        )

    def eventually(self, path: str, holds: Any, timeout: float = PATIENCE) -> dict[str, Any]:
        """The answer of ``path`` once ``holds(answer)``."""
        deadline, last = time.monotonic() + timeout, None
        while time.monotonic() < deadline:
            try:
                last = self.get(path)
                if holds(last):
                    return last
            except OUT_OF_REACH as error:
                last = error
            time.sleep(0.1)
        raise AssertionError(f"{path} stayed {last!r} for {timeout:g} seconds")

    @contextmanager
    def feed(self, **headers: str) -> Generator[Stream]:
        """The user's live feed."""
        with self.http.stream("GET", "/events", headers=headers) as response:
            assert response.status_code == 200
            yield Stream(response)


def good(response: httpx.Response) -> Any:
    """The body of a good answer."""
    assert response.is_success, f"{response.request.url.path}: {response.status_code} {response.text[:500]}"
    return response.json()


def frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """Frames off the wire, comments too. Lines end with LF and nothing else; a frame that is cut off is dropped."""
    buffer = b""
    for chunk in chunks:
        *whole, buffer = (buffer + chunk).split(b"\n\n")
        yield from (_frame(block) for block in whole if block)


def _frame(block: bytes) -> Frame:
    lines = [line.split(b":", 1) for line in block.split(b"\n")]
    if lines[0][0] == b"":
        return Frame(comment=lines[0][1].decode().strip())
    assert [name for name, _ in lines] == [b"id", b"event", b"data"], block
    values = [value.removeprefix(b" ").decode() for _, value in lines]
    return Frame(values[0], values[1], json.loads(values[2]))

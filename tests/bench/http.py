"""An HTTP/1.1 client as cheap as Python allows: one keep-alive connection, one request at a time, arrival times of the reads.

The load generator must cost less than what it measures, so bodies are searched while they come and parsed only afterwards.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit


@dataclass
class Answer:
    """``begun`` to ``ended`` in ``time.perf_counter()`` seconds; ``first`` and ``last`` are the reads that had the marker.

    ``headed``: its status and headers were there.
    """

    begun: float = 0.0
    headed: float = 0.0
    first: float = 0.0
    last: float = 0.0
    ended: float = 0.0
    data: bytearray = field(default_factory=bytearray)

    @property
    def status(self) -> int:
        return int(self.data[9:12] or b"0")

    def header(self, name: bytes) -> str:
        """A header's value, "" without one."""
        found = re.search(rb"\r\n%s: ([^\r]*)" % name, bytes(self.data.partition(b"\r\n\r\n")[0]), re.IGNORECASE)
        return found.group(1).decode() if found else ""

    def body(self) -> bytes:
        head, _, rest = bytes(self.data).partition(b"\r\n\r\n")
        return _unchunked(rest) if b"chunked" in head.lower() else rest


class Connection(asyncio.Protocol):
    """Opened at the first request, and again when the server closed it in between."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._host, self._port = where.hostname or "127.0.0.1", where.port or 80
        self._transport: asyncio.Transport | None = None
        self._answer = Answer()
        self._marker = b""
        self._length: int | None = None
        self._on_head: Callable[[Answer], None] | None = None
        self._done: asyncio.Future[None] | None = None

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        marker: bytes = b"\0",
        on_head: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """The whole answer; ``on_head`` hears of it once its headers are there.

        Raises:
            ConnectionError: the connection broke.
        """
        loop = asyncio.get_running_loop()
        payload = b"" if body is None else json.dumps(body).encode()
        named = {"host": f"{self._host}:{self._port}", "content-length": str(len(payload))} | (headers or {})
        if body is not None:
            named["content-type"] = "application/json"
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items()) + "\r\n"
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, self._host, self._port)
        self._answer, self._marker, self._length = Answer(begun=time.perf_counter()), marker, None
        self._on_head = on_head
        self._done = loop.create_future()
        cast(asyncio.Transport, self._transport).write(head.encode() + payload)
        await self._done
        return self._answer

    def stall(self, _: Answer) -> None:
        """Reads nothing any more."""
        if self._transport:
            self._transport.pause_reading()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no such class

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._done and not self._done.done():
            self._done.set_exception(ConnectionError("closed in the middle of an answer"))

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        answer.data += data
        if self._marker in data or (not answer.first and self._marker in answer.data):
            answer.last = time.perf_counter()
            answer.first = answer.first or answer.last
        if not answer.headed and b"\r\n\r\n" in answer.data:
            answer.headed = time.perf_counter()
            if self._on_head:
                self._on_head(answer)
        if self._is_whole() and self._done and not self._done.done():
            answer.ended = time.perf_counter()
            self._done.set_result(None)

    def _is_whole(self) -> bool:
        data = self._answer.data
        if self._length is None:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                return False
            found = re.search(rb"content-length: (\d+)", bytes(data[:end]).lower())
            self._length = end + 4 + int(found.group(1)) if found else -1
        return len(data) >= self._length if self._length >= 0 else data.endswith(b"\r\n0\r\n\r\n")


def _unchunked(data: bytes) -> bytes:
    body = bytearray()
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:end].split(b";")[0], 16)
        body += data[end + 2 : end + 2 + size]
        at = end + 4 + size
    return bytes(body)

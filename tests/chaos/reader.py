"""A reader of one turn: leaves and comes back, on whatever replica answers, until it has the turn's end."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp

from tests.chaos.caller import OUT_OF_REACH, PAUSE, Caller
from tests.chaos.evidence import Message, Seen, Times, place_of
from tests.integration.client import TERMINAL, Frame, frames

PATIENCE = 150.0  # for a whole turn, waiting in the queue included


@dataclass
class Reader:
    """``drops``: after how many frames each connection is left."""

    caller: Caller
    message: Message
    seen: Seen
    times: Times
    drops: list[int] = field(default_factory=list[int])
    relayed: bool = False
    _resumed: float = 0.0
    _behind: bool = False

    async def read(self) -> None:
        """Follows the turn to its end, from the first frame or from behind the last one seen."""
        give_up = time.monotonic() + PATIENCE
        while not self.seen.ended:
            if time.monotonic() > give_up:
                self.seen.complaints.append(f"no end after {PATIENCE:g} s")
                return
            last = self.seen.frames[-1].id if self.seen.frames else ""
            self._asks_to_resume(bool(last))
            try:
                path = f"/turns/{self.message.turn_id}/events"
                headers = {"Last-Event-ID": last} if last else {}
                async with self.caller.open("GET", path, headers=headers, relayed=self.relayed) as response:
                    if response.status >= 500:
                        await asyncio.sleep(PAUSE)
                    elif response.status != 200:
                        self.seen.complaints.append(f"{response.status} behind {last!r}: {(await response.text())[:200]}")
                        return
                    else:
                        await self.take(response)
            except OUT_OF_REACH:
                await asyncio.sleep(PAUSE / 2)

    async def take(self, response: aiohttp.ClientResponse) -> None:
        """Reads one connection to the turn's end, its drop or its breaking. A clean end before the turn's is a complaint."""
        self.seen.connections += 1
        leave = self.drops.pop(0) if self.drops else None
        if not self._behind:
            self._has_resumed()
        count = 0
        async for frame in _frames(response):
            self._has_resumed()
            self.seen.frames.append(frame)
            self.message.saw(frame)
            count += 1
            if frame.event in TERMINAL:
                self.seen.ended = True
                return
            if leave is not None and count >= leave:
                return
        self.seen.complaints.append(f"a clean end behind {self.seen.frames[-1].id if self.seen.frames else 'nothing'}")

    def _asks_to_resume(self, resumes: bool) -> None:
        """The clock of a gap runs from the first attempt."""
        if resumes and not self._resumed:
            self._resumed = time.monotonic()
            self._behind = place_of(self.seen.frames[-1]) < self.message.newest

    def _has_resumed(self) -> None:
        if self._resumed:
            self.times.gaps.append(time.monotonic() - self._resumed)
        self._resumed, self._behind = 0.0, False


async def _frames(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """Frames as they come, comments left out."""
    buffer = b""
    async for chunk in response.content.iter_any():
        head, found, rest = (buffer + chunk).rpartition(b"\n\n")
        buffer = rest
        if found:
            for frame in frames([head + found]):
                if frame.event:
                    yield frame

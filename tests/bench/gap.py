"""How long readers wait when the replica that produces their turn is killed: from the last frame to the next one.

Three replicas on Redis, a reader of the turn on each. Those of the living ones only wait; the one of the dead one comes back at
once, on another replica, with its Last-Event-ID.
"""

import asyncio
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import aiohttp

from tests.bench.figures import p50_p99_ms
from tests.bench.processes import Processes
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.replicas import producer
from tests.integration.stack import Stack

KILLS = {"app": 8, "replica": 8}  # the app alone, or its sidecar with it
WORDS, PACE = 600, 0.05
PATIENCE = 60.0


def measure(processes: Processes) -> dict[str, Any]:
    """Per kind of death; in the order of the kills too."""
    with EndpointThread() as endpoint:
        with Stack(processes.data_dir("gap"), env=endpoint.env, store="redis", replicas=3) as stack:
            return {kind: asyncio.run(_kills(stack, endpoint, kind, count)) for kind, count in KILLS.items()}


async def _kills(stack: Stack, endpoint: EndpointThread, kind: str, count: int) -> dict[str, Any]:
    living, dead = list[float](), list[float]()
    for _ in range(count):
        stack.wait_ready(timeout=PATIENCE * 3)
        found = await _kill(stack, endpoint, kind)
        living += found[0]
        dead.append(found[1])
    return {
        "readers_of_the_living": p50_p99_ms(living),
        "reader_of_the_dead": p50_p99_ms(dead),
        "s": [round(s, 2) for s in living],
    }


async def _kill(stack: Stack, endpoint: EndpointThread, kind: str) -> tuple[list[float], float]:
    """The gaps at the readers of the living replicas, and at the one of the dead."""
    said, urls = f"{mark()} [[script: tokens={WORDS} delay={PACE * 1000:g}ms]]", stack.urls
    async with aiohttp.ClientSession(headers={"X-User-Id": mark()}) as session:
        async with session.post(f"{urls[0]}/chat", json={"message": said}) as answer:
            turn = answer.headers["X-Turn-Id"]
        readers = [_Reader(session, urls[n:] + urls[:n], turn) for n in range(len(urls))]
        reading = asyncio.gather(*(reader.read() for reader in readers))
        await _holds(lambda: any(record.sent > 20 for record in endpoint.requests(said)))
        await _holds(lambda: all(len(reader.arrivals) > 5 for reader in readers))
        killed = producer(stack, endpoint, said)
        begun = asyncio.get_running_loop().time()
        for name in ("daprd", "app") if kind == "replica" else ("app",):
            stack.kill(name, signal.SIGKILL, killed)
        await _holds(lambda: all(reader.came_after(begun, 20) for reader in readers))
        reading.cancel()
        gaps = [reader.longest_gap(begun) for reader in readers]
        async with session.post(f"{urls[(killed + 1) % len(urls)]}/turns/{turn}/cancel", json={}) as answer:
            assert answer.status == 200, await answer.text()
    return gaps[:killed] + gaps[killed + 1 :], gaps[killed]


class _Reader:
    """Notes when frames come. Where its replica is gone, it asks the next of ``urls``."""

    def __init__(self, session: aiohttp.ClientSession, urls: list[str], turn: str) -> None:
        self._session, self._urls, self._path = session, urls, f"/turns/{turn}/events"
        self._last = ""
        self.arrivals: list[float] = []

    async def read(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                await self._connection(self._urls[0] + self._path)
            self._urls = self._urls[1:] + self._urls[:1]

    async def _connection(self, url: str) -> None:
        headers = {"Last-Event-ID": self._last} if self._last else {}
        async with self._session.get(url, headers=headers) as answer:
            if answer.status != 200:
                await asyncio.sleep(PACE)
                return
            buffer = b""
            async for chunk in answer.content.iter_any():
                whole, found, buffer = (buffer + chunk).rpartition(b"\n\n")
                if found and (ids := re.findall(rb"^id: (.*)$", whole, re.MULTILINE)):
                    self._last = ids[-1].decode()
                    self.arrivals.append(asyncio.get_running_loop().time())

    def came_after(self, moment: float, count: int) -> bool:
        """Whether so many reads came after what was on its way at that moment."""
        return len([at for at in self.arrivals if at > moment + 2 * PACE]) > count

    def longest_gap(self, moment: float) -> float:
        since = [at for at in self.arrivals if at > moment - 10 * PACE]
        return max(later - earlier for earlier, later in pairwise(since))


async def _holds(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what it looks at has no event
            await asyncio.sleep(0.02)

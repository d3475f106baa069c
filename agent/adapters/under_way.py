"""What this process is in the middle of, so that a stop can let it finish, or give it up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator

from agent.domain.limits import HAND_OVER_MAX


class CountedWork:
    """Implements ``ports.UnderWay``. For one event loop."""

    def __init__(self) -> None:
        self.stopping = self.over = self.left = False
        self._count, self._tells = 0, list[Callable[[], Awaitable[object]]]()
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.contextmanager
    def one(self) -> Generator[None]:
        """See ``ports.UnderWay``."""
        self._count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._count -= 1
            if self._count == 0:
                self._idle.set()

    @contextlib.contextmanager
    def handed_over(self, tell: Callable[[], Awaitable[object]]) -> Generator[None]:
        """See ``ports.UnderWay``."""
        self._tells.append(tell)
        try:
            yield
        finally:
            self._tells.remove(tell)

    async def finish(self, grace: float, hurry: asyncio.Event) -> int:
        """Lets nothing new begin and waits until all is done, ``grace`` seconds, or until ``hurry``; how many were not.

        These are told of then, within HAND_OVER_MAX; only then this process has ``left``.
        """
        self.stopping = True
        waits = [asyncio.ensure_future(event.wait()) for event in (self._idle, hurry)]
        await asyncio.wait(waits, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        self.over, cut_off = True, self._count
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_MAX):
                await asyncio.gather(*(tell() for tell in self._tells), return_exceptions=True)
        self.left = True
        return cut_off


class Stopped(Exception):
    """The process was told to stop before it had started."""


async def unless_stopped(work: Awaitable[None], stopping: asyncio.Event) -> None:
    """Awaits ``work``, or gives it up: Stopped."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        raise Stopped
    await task

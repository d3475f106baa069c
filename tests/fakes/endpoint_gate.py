"""What holds answers of the scripted endpoint until somebody lets them end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

HELD_MAX = 240.0  # seconds
PULSE = 5.0  # between signs of life of an answer that is held


class Gate:
    """Closed under every name until :meth:`release`, and open from then on."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    def release(self, name: str) -> None:
        self._event(name).set()

    async def passed(self, name: str, alive: Callable[[], None]) -> None:
        """Returns when it is open; at once without a name. Calls ``alive`` now and then, which else might pass for stalled."""
        async with asyncio.timeout(HELD_MAX):
            while name and not self._event(name).is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(PULSE):
                        await self._event(name).wait()
                        return
                alive()

    def _event(self, name: str) -> asyncio.Event:
        return self._open.setdefault(name, asyncio.Event())

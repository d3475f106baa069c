"""What holds answers of the scripted endpoint until somebody lets them end."""

import asyncio

HELD_MAX = 120.0  # seconds


class Gate:
    """Closed under every name until :meth:`release`, and open from then on."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    def release(self, name: str) -> None:
        self._event(name).set()

    async def passed(self, name: str) -> None:
        """Returns when it is open; at once without a name."""
        if name:
            async with asyncio.timeout(HELD_MAX):
                await self._event(name).wait()

    def _event(self, name: str) -> asyncio.Event:
        return self._open.setdefault(name, asyncio.Event())

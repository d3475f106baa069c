"""The service under test as the monkey sees it: replicas, their processes, and whether they are ready.

The only file of the chaos run that knows how the service is started and what its processes are called.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from tests.integration.stack import Stack

READY_PATIENCE = 1.0


@dataclass(frozen=True)
class Process:
    """``replica`` is None for what all replicas share."""

    name: str
    pid: int
    replica: int | None

    def send(self, sig: signal.Signals) -> bool:
        """Whether it was there to get it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)
            return True
        return False


class Service:
    """One started stack."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack, self._session = stack, session
        self.urls = self._urls()

    def _urls(self) -> list[str]:
        found = {child["replica"]: child["url"] for child in self._stack.ps() if child["name"].startswith("app")}
        return [found[replica] for replica in sorted(found)]

    def processes(self, name: str | None = None, replica: int | None = None) -> list[Process]:
        """What runs now; ``name`` without the replica's number."""
        alive = [Process(child["name"].split("-")[0], child["pid"], child["replica"]) for child in self._stack.ps()]
        return [p for p in alive if name in (None, p.name) and replica in (None, p.replica)]

    @property
    def supervisor(self) -> Process:
        return Process("supervisor", self._stack.supervisor.pid, None)

    async def is_ready(self, replica: int) -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=READY_PATIENCE)
            async with self._session.get(f"{self.urls[replica]}/readyz", timeout=timeout) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def until_ready(self, replica: int, patience: float) -> bool:
        """Asks again and again, for so many seconds; whether it came to be."""
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            if await self.is_ready(replica):
                return True
            await asyncio.sleep(0.1)
        return False

    async def ready(self) -> list[int]:
        """The replicas that say they are."""
        answers = await asyncio.gather(*map(self.is_ready, range(len(self.urls))))
        return [replica for replica, ready in enumerate(answers) if ready]

    async def notifications(self, mode: str) -> None:
        """How the notification target behaves from now on: one switch for all replicas."""
        for url in self.urls:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with self._session.put(f"{url}/dev/notifications", json={"mode": mode}) as answer:
                    if answer.status < 300:
                        return

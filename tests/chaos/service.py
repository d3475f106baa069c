"""The service under test as the monkey sees it: replicas, their processes, and whether they are ready.

The only file of the chaos run that knows how the service is started and what its processes are called.
"""

import asyncio
import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.integration.stack import Stack

READY_PATIENCE = 1.0
SWITCH_PATIENCE = 60.0


@dataclass(frozen=True)
class Process:
    """``replica`` is None for what all replicas share."""

    name: str
    pid: int
    replica: int | None

    @property
    def place(self) -> tuple[str, int | None]:
        """What stays the same when another one follows it."""
        return self.name, self.replica

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

    async def until_replaced(self, gone: Sequence[Process], patience: float) -> bool:
        """Whether, within so many seconds, another process runs in the place of each of these."""
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            now = self.processes()
            if all(any(p.place == old.place and p.pid != old.pid for p in now) for old in gone):
                return True
            await asyncio.sleep(0.1)
        return False

    async def ready(self) -> list[int]:
        """The replicas that say they are."""
        answers = await asyncio.gather(*map(self.is_ready, range(len(self.urls))))
        return [replica for replica, ready in enumerate(answers) if ready]

    async def notifications(self, mode: str) -> bool:
        """How the notification target behaves from now on: one switch for all replicas. Whether any of them took it."""
        give_up, timeout = time.monotonic() + SWITCH_PATIENCE, aiohttp.ClientTimeout(total=READY_PATIENCE)
        while time.monotonic() < give_up:
            for url in self.urls:
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with self._session.put(f"{url}/dev/notifications", json={"mode": mode}, timeout=timeout) as answer:
                        if answer.status < 300:
                            return True
            await asyncio.sleep(0.1)
        return False

    def notified(self) -> dict[str, list[dict[str, Any]]]:
        """What the target of notifications has received, by task."""
        received: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for path in (self._stack.data_dir / "notifications").glob("*.json"):
            told = json.loads(path.read_text())
            received[told["task_id"]].append(told)
        return received

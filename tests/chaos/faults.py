"""How each fault is inflicted. A function per kind: does it, and returns when the fault itself is over."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

from tests.chaos.caller import looking
from tests.chaos.faults_plan import Fault
from tests.chaos.relay import Relay
from tests.chaos.service import Process, Service

UNTIL_KILLED = 14.0  # the supervisor kills what has not answered for ten seconds
UNWATCHED, AWAKE = 30.0, 2.0
PATIENCE = 60.0


@dataclass
class Faults:
    """What can be done to one service. ``unwatched``: how long a zombie sleeps while nobody watches it."""

    service: Service
    relays: list[Relay]
    unwatched: float = UNWATCHED

    async def inflict(self, fault: Fault) -> int | None:
        """Returns when it is over; the replica that was hurt, None when it was none or all."""
        verb, _, target = fault.kind.partition(" ")
        ready = await self.service.ready() or list(range(len(self.service.urls)))
        replica = ready[fault.pick % len(ready)]
        special: dict[str, Callable[[], Awaitable[None]]] = {
            "half-open": lambda: self._half_open(replica),
            "notifications fail": lambda: self._notifications_fail(fault.seconds),
            "freeze app until killed": lambda: self._freeze(self.service.processes("app", replica), UNTIL_KILLED),
            "freeze app unwatched": lambda: self._unwatched(replica),
            "rolling restart": self._rolling,
        }
        if fault.kind in special:
            await special[fault.kind]()
            return replica if "app" in fault.kind else None
        shared = target in ("placement", "scheduler", "redis")
        names = ("app", "daprd") if target == "replica" else (target,)
        victims = [p for name in names for p in self.service.processes(name, None if shared else replica)]
        if verb == "freeze":
            await self._freeze(victims, fault.seconds)
        else:
            send(victims, SIGTERM if verb == "terminate" else SIGKILL)
        return None if shared else replica

    async def _half_open(self, replica: int) -> None:
        self.relays[replica].silence()

    async def _notifications_fail(self, seconds: float) -> None:
        await self.service.notifications("fail")
        await asyncio.sleep(seconds)
        await self.service.notifications("ok")

    async def _freeze(self, victims: list[Process], seconds: float) -> None:
        send(victims, SIGSTOP)
        await asyncio.sleep(seconds)
        send(victims, SIGCONT)

    async def _unwatched(self, replica: int) -> None:
        """The liveness kill is off because who does it is frozen as well; it wakes up a little after the other."""
        victims = self.service.processes("app", replica)
        send([self.service.supervisor], SIGSTOP)
        await self._freeze(victims, self.unwatched)
        await asyncio.sleep(AWAKE)
        send([self.service.supervisor], SIGCONT)

    async def _rolling(self) -> None:
        for replica in range(len(self.service.urls)):
            old = self.service.processes("app", replica)
            send(old, SIGTERM)
            await looking(lambda old=old, replica=replica: self.service.processes("app", replica) not in (old, []), PATIENCE)
            await self.service.until_ready(replica, PATIENCE)


def send(victims: list[Process], sig: signal.Signals) -> None:
    """To all of them at once."""
    for victim in victims:
        victim.send(sig)

"""How each fault is inflicted. A function per kind: does it, and returns when the fault itself is over."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

from tests.chaos.faults_plan import Fault
from tests.chaos.oracle_saga import Away
from tests.chaos.relay import Relay
from tests.chaos.service import Process, Service

UNTIL_KILLED = 14.0  # the supervisor kills what has not answered for ten seconds
UNWATCHED, AWAKE = 30.0, 2.0
PATIENCE = 60.0
ROLLING = "rolling restart"


@dataclass(frozen=True)
class Inflicted:
    """``hit``: it had its victims. What has to come back: others in the place of the ``killed``, and the ``hurt`` replicas."""

    hit: bool
    killed: tuple[Process, ...] = ()
    hurt: tuple[int, ...] = ()


@dataclass
class Faults:
    """What can be done to one service. ``unwatched``: how long a zombie sleeps while nobody watches it."""

    service: Service
    relays: list[Relay]
    unwatched: float = UNWATCHED
    away: Away = field(default_factory=Away)

    async def inflict(self, fault: Fault) -> Inflicted:
        """Returns when it is over."""
        verb, _, target = fault.kind.partition(" ")
        ready = await self.service.ready() or list(range(len(self.service.urls)))
        replica = ready[fault.pick % len(ready)]
        special: dict[str, Callable[[], Awaitable[bool]]] = {
            "half-open": lambda: self._half_open(replica),
            "notifications fail": lambda: self._notifications_fail(fault.seconds),
            "freeze app until killed": lambda: self._freeze(self.service.processes("app", replica), UNTIL_KILLED),
            "freeze app unwatched": lambda: self._unwatched(replica),
        }
        if fault.kind == ROLLING:
            return await self._rolling()
        if fault.kind in special:
            return Inflicted(await special[fault.kind](), hurt=(replica,) if "app" in fault.kind else ())
        shared = target in ("placement", "scheduler", "redis")
        names = ("app", "daprd") if target == "replica" else (target,)
        victims = [p for name in names for p in self.service.processes(name, None if shared else replica)]
        hurt = () if shared else (replica,)
        if verb == "freeze":
            return Inflicted(await self._freeze(victims, fault.seconds), hurt=hurt)
        got = send(victims, SIGTERM if verb == "terminate" else SIGKILL)
        return Inflicted(bool(got), tuple(got), hurt)

    async def _half_open(self, replica: int) -> bool:
        return self.relays[replica].silence() > 0

    async def _notifications_fail(self, seconds: float) -> bool:
        begun = time.time()
        self.away.times.append((begun, float("inf")))
        took = await self.service.notifications("fail")
        await asyncio.sleep(seconds)
        if await self.service.notifications("ok"):
            self.away.times[-1] = begun, time.time()
        return took

    async def _freeze(self, victims: list[Process], seconds: float) -> bool:
        got = send(victims, SIGSTOP)
        await asyncio.sleep(seconds)
        send(victims, SIGCONT)
        return bool(got)

    async def _unwatched(self, replica: int) -> bool:
        """The liveness kill is off because who does it is frozen as well; it wakes up a little after the other."""
        victims = self.service.processes("app", replica)
        send([self.service.supervisor], SIGSTOP)
        hit = await self._freeze(victims, self.unwatched)
        await asyncio.sleep(AWAKE)
        send([self.service.supervisor], SIGCONT)
        return hit

    async def _rolling(self) -> Inflicted:
        every, stopped = range(len(self.service.urls)), list[Process]()
        for replica in every:
            old = send(self.service.processes("app", replica), SIGTERM)
            stopped += old
            await self.service.until_replaced(old, PATIENCE)
            await self.service.until_ready(replica, PATIENCE)
        return Inflicted(len(stopped) == len(every), tuple(stopped), tuple(every))


def send(victims: list[Process], sig: signal.Signals) -> list[Process]:
    """To all of them at once; those that were there to get it."""
    return [victim for victim in victims if victim.send(sig)]

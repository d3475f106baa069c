"""The monkey: inflicts the plan's faults one after the other, and measures how long each one was felt.

*Recovery* of a fault: from the moment it is inflicted until every turn that was under way then, on whatever replica, has made
its next visible step: a frame, got by any of its readers, later than SETTLED after the fault (what was already on its way to
the reader does not count), or has ended. The slowest turn counts. Left out are turns that wait in a queue, those whose
endpoint misbehaves by plan, and those read through a relay, except by the fault that silences it. The next fault comes when
the turns move again, or after ``haste`` seconds, and when all replicas but one are ready again, or after ``breath`` seconds:
faults may overlap, and a turn that a second one hits before it has recovered from the first is told of both.
*Ready*: until others run in the place of what was killed, and ``/readyz`` of the replica that was hurt answers 200 again.
*Survived*: both came to be. A fault that met nobody (who was to be killed was dead already) proves nothing, and is told apart.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field

from tests.chaos.evidence import Message
from tests.chaos.faults import Faults, Inflicted
from tests.chaos.faults_plan import Fault

UNWATCHED_FAULT = "freeze app unwatched"
SETTLED = 0.1
PATIENCE = 90.0  # a turn that has not moved by then: the fault was not survived
LOOK = 0.02


@dataclass
class Felt:
    """How one fault went. Seconds; None: never. ``turns`` were under way. ``ready`` is 0 when no replica was hurt.

    ``hit``: somebody got it.
    """

    kind: str
    at: float
    turns: int = 0
    recovery: float | None = None
    slowest: str = ""
    ready: float | None = 0.0
    stuck: list[str] = field(default_factory=list[str])
    hit: bool = True

    @property
    def survived(self) -> bool:
        return self.hit and not self.broke

    @property
    def broke(self) -> str:
        """What did not come back; empty when all did."""
        stuck = [f"turns stood still: {self.stuck}"] if self.recovery is None else []
        return ", ".join(stuck + (["what was hurt was not ready again"] if self.ready is None else []))


@dataclass
class Monkey:
    """``flying``: all messages on their way. ``breath``, ``haste``: how long the next fault waits for replicas, for turns."""

    faults: Faults
    flying: list[Message]
    breath: float
    haste: float
    felt: list[Felt] = field(default_factory=list[Felt])

    async def rage(self, plan: list[Fault], enough: asyncio.Event) -> None:
        """All of ``plan``, unless it is enough before; returns when the last one was survived, or was not."""
        async with asyncio.TaskGroup() as measuring:
            for number, fault in enumerate(plan, 1):
                if enough.is_set():
                    return
                await self._breathe(fault)
                begun, felt = time.monotonic(), Felt(fault.kind, time.time())
                self.felt.append(felt)
                moving = measuring.create_task(self._recovery(felt, begun))
                done = await self.faults.inflict(fault)
                felt.hit = done.hit
                if done.hurt or done.killed:
                    felt.ready = None
                    measuring.create_task(self._ready(felt, done, begun))
                await asyncio.wait({moving}, timeout=self.haste)
                await asyncio.sleep(fault.pause)
                sys.stderr.write(f"{number}. {felt}\n")

    async def _breathe(self, fault: Fault) -> None:
        """A machine that starts processes slower than they are killed would show nothing but that.

        All have to be there before the supervisor is frozen: nobody would start the dead again for half a minute.
        """
        alone = fault.kind == UNWATCHED_FAULT
        give_up, service = time.monotonic() + (PATIENCE if alone else self.breath), self.faults.service
        while time.monotonic() < give_up:
            if len(await service.ready()) >= len(service.urls) - (not alone):
                return
            await asyncio.sleep(SETTLED)

    async def _recovery(self, felt: Felt, begun: float) -> None:
        relayed = felt.kind == "half-open"
        under_way = [m for m in self.flying if m.started and not m.ended and not m.said.fault]
        pending = [m for m in under_way if m.said.half_open == relayed]
        felt.turns, worst = len(pending), 0.0
        while pending and time.monotonic() - begun < PATIENCE:
            await asyncio.sleep(LOOK)
            moved = [m for m in pending if m.ended or m.moved_at > begun + SETTLED]
            for message in moved:
                if message.moved_at - begun > worst:
                    worst, felt.slowest = message.moved_at - begun, message.where
            pending = [m for m in pending if m not in moved]
        felt.stuck = [message.where for message in pending]
        felt.recovery = None if pending else worst

    async def _ready(self, felt: Felt, done: Inflicted, begun: float) -> None:
        await asyncio.sleep(SETTLED)
        service = self.faults.service
        if not await service.until_replaced(done.killed, PATIENCE):
            return
        if all(await asyncio.gather(*(service.until_ready(replica, PATIENCE) for replica in done.hurt))):
            felt.ready = time.monotonic() - begun if done.hurt else 0.0

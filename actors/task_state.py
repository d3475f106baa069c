"""How a task's record is kept by its actor, and how its events get out: at least once, whoever's change it was.

A change with a key is announced by whoever repeats it: its caller retries. A change without one leaves its event in the
record's outbox, in the same save, until the publish is acknowledged. A failed publish never fails a change: a reminder
comes until it is made up for, whether or not anybody touches the task again.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.errors import Unavailable
from agent.domain.events import TaskChanged
from agent.domain.limits import TASK_ANNOUNCE_PAUSE, TASK_ANNOUNCE_TIMEOUT, TASK_ANNOUNCED_KEPT_MAX, TASK_OUTBOX_MAX
from agent.domain.task_record import Decision, TaskRecord
from agent.ports import Clock, EventPublisher

RECORD_KEY = "task"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskActorDeps:
    """What a TaskActor needs from outside."""

    clock: Clock
    publisher: EventPublisher


class Announcer:
    """Publishes a task's events and remembers, for this activation, which are out."""

    def __init__(self, deps: TaskActorDeps) -> None:
        self._deps = deps
        self._out: OrderedDict[str, None] = OrderedDict()
        self._quiet_until: datetime | None = None

    def is_out(self, event: TaskChanged) -> bool:
        """Whether this activation has seen the event acknowledged."""
        return event.event_id in self._out

    def rests(self) -> bool:
        """Whether the last publish has failed so lately that none is tried."""
        return self._quiet_until is not None and self._deps.clock.now() < self._quiet_until

    async def announce(self, events: tuple[TaskChanged, ...]) -> tuple[TaskChanged, ...]:
        """Publishes in order and returns what is still owed: everything from the first failure on.

        All within TASK_ANNOUNCE_TIMEOUT: the change is saved, and who asked for it must not take it for lost and ask again.
        """
        if self.rests():
            return events
        owed = deque(events)
        try:
            async with asyncio.timeout(TASK_ANNOUNCE_TIMEOUT):
                while owed:
                    if not self.is_out(owed[0]):
                        await self._deps.publisher.publish(owed[0])
                        self._remember(owed[0])
                    owed.popleft()
        except (Unavailable, TimeoutError) as e:
            _log.warning("event %s stays in the outbox: %s", owed[0].event_id, e)
            self._quiet_until = self._deps.clock.now() + timedelta(seconds=TASK_ANNOUNCE_PAUSE)
        return tuple(owed)

    def _remember(self, event: TaskChanged) -> None:
        self._out[event.event_id] = None
        if len(self._out) > TASK_ANNOUNCED_KEPT_MAX:
            self._out.popitem(last=False)


def with_outbox(record: TaskRecord, owed: tuple[TaskChanged, ...]) -> TaskRecord:
    """The record owing ``owed``; beyond the bound the oldest are given up (readers of the feed refetch anyway)."""
    if len(owed) > TASK_OUTBOX_MAX:
        _log.error("task %s gives up %d unpublished events", owed[0].task_id, len(owed) - TASK_OUTBOX_MAX)
    return record.model_copy(update={"outbox": owed[-TASK_OUTBOX_MAX:]})


def owed_before_publish(decision: Decision, keyed: bool) -> tuple[TaskChanged, ...]:
    """What the first save must hold: an event that no retrying caller would bring again."""
    return decision.record.outbox if keyed or decision.event is None else (*decision.record.outbox, decision.event)

"""Keeping one task's record, its deadline reminder and its announcements in step, whatever dies in between.

Knows the order of effects. Refuses to know what a task is or which change is right: the domain decided that before.
"""

import logging
from datetime import timedelta

from dapr.actor import ActorId
from dapr.actor.runtime.context import ActorRuntimeContext
from dapr.actor.runtime.failure_policy import ActorReminderFailurePolicy

from actors.base import StatefulActor
from actors.task_state import RECORD_KEY, Announcer, TaskActorDeps, owed_before_publish, with_outbox
from agent.domain import task_commands
from agent.domain.events import TaskChanged
from agent.domain.limits import TASK_ANNOUNCE_PAUSE, TASK_REMINDER_RETRY
from agent.domain.task import Task
from agent.domain.task_record import Decision, TaskRecord

OUTBOX = "outbox"
"""The reminder that comes while events are owed."""

_AGAIN = ActorReminderFailurePolicy.constant_policy(interval=timedelta(seconds=TASK_REMINDER_RETRY))
_log = logging.getLogger(__name__)


class TaskKeeper(StatefulActor):
    """The part of TaskActor that stores and tells."""

    def __init__(self, ctx: ActorRuntimeContext, actor_id: ActorId, deps: TaskActorDeps) -> None:
        super().__init__(ctx, actor_id)
        self.clock = deps.clock
        self.ringing = False  # whether a reminder is being answered, which is brought again until nothing is owed
        self._announcer = Announcer(deps)

    async def record(self) -> TaskRecord:
        """The stored record, its outbox sent if that is possible now; an empty one before anything was stored."""
        record = await self.read(RECORD_KEY, TaskRecord)
        if record is None:
            return TaskRecord(tenant="")
        return await self._settle(record, record.outbox)

    async def carry_out(self, before: TaskRecord, decision: Decision, key: str | None) -> Task:
        """New reminder, save, publish, old reminder: a crash in between leaves a spare reminder or owed event, never less.

        The old one goes last: where publishing dies, it still comes, and what is owed is published then.
        """
        if decision.replayed:
            if decision.event is not None and not self._announcer.is_out(decision.event):
                await self._settle(before, (*before.outbox, decision.event))
            return decision.task
        after = with_outbox(decision.record, owed_before_publish(decision, keyed=key is not None))
        if after == before:
            return decision.task
        if after.reminder is not None and after.reminder != before.reminder:
            await self._arm(after)
        await self.write(RECORD_KEY, after)
        await self.save()
        if decision.event is not None:
            await self._settle(after, (*decision.record.outbox, decision.event))
        if before.reminder is not None and after.reminder != before.reminder and not self.ringing:  # that one ends by itself
            await self._disarm(before.reminder)
        return decision.task

    async def _settle(self, record: TaskRecord, owed: tuple[TaskChanged, ...]) -> TaskRecord:
        """Publishes ``owed``; what stays owed, if it differs from what is stored, is stored when the method ends."""
        tried = not self._announcer.rests()
        left = await self._announcer.announce(owed) if owed else ()
        if left and tried and not self.ringing:
            await self._come_back()
        if left == record.outbox:
            return record
        after = with_outbox(record, left)
        await self.write(RECORD_KEY, after)
        return after

    async def _arm(self, record: TaskRecord) -> None:
        left = task_commands.time_left(record, self.clock.now())
        if record.reminder is not None and left is not None:
            await self.register_reminder(record.reminder, b"", max(left, timedelta(0)), None, failure_policy=_AGAIN)

    async def _come_back(self) -> None:
        """A reminder for what is owed: nobody may touch the task again. Best effort, the change is stored."""
        try:
            await self.register_reminder(OUTBOX, b"", timedelta(seconds=TASK_ANNOUNCE_PAUSE), None, failure_policy=_AGAIN)
        except Exception:  # noqa: BLE001  as with _disarm; the next touch publishes, or arms it
            _log.warning("no reminder of what %s owes", self.id.id, exc_info=True)

    async def _disarm(self, name: str) -> None:
        """Best effort: a reminder that is not the recorded one does nothing when it fires."""
        try:
            await self.unregister_reminder(name)
        except Exception:  # noqa: BLE001  whatever the sidecar says, the change is stored
            _log.warning("reminder %s of %s stays until it fires", name, self.id.id, exc_info=True)

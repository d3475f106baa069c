"""TaskActor: owns one task. The domain decides; this saves, keeps the deadline reminder in step, and announces.

No ``from __future__ import annotations`` here: the SDK reads the types.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from dapr.actor import Remindable

from actors.base import actor_turn
from actors.interfaces import TaskActorInterface
from actors.task_keeper import TaskKeeper
from actors.task_requests import (
    AssignTask,
    BarTurn,
    CreateTask,
    RecordResult,
    Reserved,
    ReserveTask,
    SetDeadline,
    UndoCalls,
    UndoStep,
    UpdateStatus,
)
from actors.task_state import RECORD_KEY
from agent.domain import call_undo, task_commands, task_undo
from agent.domain.errors import NotFound
from agent.domain.processing import Opening, Outcome, Reservation, WorkflowResult, reasons_to_reject
from agent.domain.task import Task
from agent.domain.task_changes import TaskHistory, UndoOutcome
from agent.domain.task_record import Decision, TaskRecord
from agent.domain.task_reserve import reserve
from agent.domain.undo import TaskUndo

_EARLY = "-again"


class TaskActor(TaskKeeper, TaskActorInterface, Remindable):
    """One task: its reservation, its state, its history and the result of its workflow."""

    @actor_turn
    async def reserve(self, request: ReserveTask) -> Reserved:
        """Takes the id for a request, or finds that it has it already. Raises Conflict ``task_id_used``."""
        record = await self.read(RECORD_KEY, TaskRecord)
        after = reserve(record, request.tenant, request.owner, request.request, self.clock.now())
        if after is not record:
            await self.write(RECORD_KEY, after)
            return Reserved(state="new")
        return Reserved(state="ended" if after.result else "pending", result=after.result)

    @actor_turn
    async def get_outcome(self) -> Outcome:
        """What is known of the task's workflow."""
        record = await self.read(RECORD_KEY, TaskRecord)
        if record is None:
            return Outcome()
        undone = call_undo.undone_with_its_turn(record)
        return Outcome(reservation=record.reservation, result=record.result, steps=record.steps, undone=undone)

    @actor_turn
    async def record_result(self, request: RecordResult) -> WorkflowResult:
        """The first result stays; a repeat gets it."""
        record = await self.record()
        self._reservation(record)
        if record.result is not None:
            return record.result
        await self.write(RECORD_KEY, record.model_copy(update={"result": request.result, "steps": request.steps}))
        return request.result

    @actor_turn
    async def get_task(self) -> Task:
        """The task; overdue on sight should its reminder be late. Raises NotFound before CreateTask."""
        record = await self.record()
        now = self.clock.now()
        left = task_commands.time_left(record, now)
        if left is not None and left < -task_commands.OVERDUE_ON_SIGHT:
            return await self._overdue(record, now)
        return record.existing()

    @actor_turn
    async def get_task_history(self) -> TaskHistory:
        """What changed, oldest first. Raises NotFound before CreateTask."""
        record = await self.record()
        return TaskHistory(task_id=record.existing().task_id, entries=record.history, dropped=record.dropped)

    @actor_turn
    async def create_task(self, request: CreateTask) -> Opening:
        """Creates the reserved task, unless its request must be rejected, or has been answered. Raises NotFound, Conflict."""
        record = await self.record()
        asked = self._reservation(record)
        if record.result is not None:
            return Opening(result=record.result)
        if reasons := reasons_to_reject(asked.request):
            return Opening(reasons=tuple(reasons))
        await self.carry_out(record, task_commands.create(record, asked, request.key, self.clock.now()), request.key)
        return Opening(title=asked.request.title, assignee=asked.request.assignee, deadline=asked.deadline, by=asked.request.by)

    @actor_turn
    async def update_status(self, request: UpdateStatus) -> Task:
        """Raises NotFound, Conflict ``illegal_status_change``."""
        return await self._decide(
            lambda record, now: task_commands.set_status(record, request.status, request.change, now), request.change.key
        )

    @actor_turn
    async def assign_task(self, request: AssignTask) -> Task:
        """Raises NotFound, Conflict ``illegal_status_change``."""
        return await self._decide(
            lambda record, now: task_commands.assign(record, request.assignee, request.change, now), request.change.key
        )

    @actor_turn
    async def set_deadline_reminder(self, request: SetDeadline) -> Task:
        """Raises NotFound, Conflict ``illegal_status_change``, BadRequest ``bad_deadline``."""
        return await self._decide(
            lambda record, now: task_commands.set_deadline(record, request.deadline, request.change, now), request.change.key
        )

    @actor_turn
    async def undo_assign(self, request: UndoStep) -> UndoOutcome:
        """Takes an assignment back. Raises NotFound."""
        record = await self.record()
        decision, outcome = task_undo.undo_assign(record, request.change, self.clock.now())
        await self.carry_out(record, decision, request.change.key)
        return outcome

    @actor_turn
    async def undo_deadline(self, request: UndoStep) -> UndoOutcome:
        """Takes a deadline and its reminder back. Raises NotFound."""
        record = await self.record()
        decision, outcome = task_undo.undo_deadline(record, request.change, self.clock.now())
        await self.carry_out(record, decision, request.change.key)
        return outcome

    @actor_turn
    async def bar_turn(self, request: BarTurn) -> None:
        """Refuses the calls of a turn that is undone, also before there is any task."""
        await self._bar(request.tenant, request.turn_id)

    @actor_turn
    async def undo_calls(self, request: UndoCalls) -> TaskUndo:
        """Takes back what the turn's calls did, one after another, each saved; a repeat goes on where it died."""
        record = await self._bar(request.tenant, request.turn_id)
        while (call := call_undo.next_to_undo(record, request.changes.calls)) is not None:
            decision = call_undo.undo_call(record, call, request.turn_id, self.clock.now())
            await self.carry_out(record, decision, None)  # without a key: nobody would bring its event again
            record = await self.record()
        return call_undo.outcome(record, request.changes)

    async def _bar(self, tenant: str, turn_id: str) -> TaskRecord:
        record = await self.record()
        record = record if record.tenant else TaskRecord(tenant=tenant)  # nothing is stored yet
        barred = call_undo.bar(record, turn_id)
        if barred is not record:
            await self.write(RECORD_KEY, barred)
        return barred

    async def receive_reminder(
        self, name: str, state: bytes, due_time: timedelta, period: timedelta, ttl: timedelta | None = None
    ) -> None:
        """A deadline has come, or events are owed. Raises while anything is left to do: then the scheduler brings it again."""
        answer = await self._rang(name)
        if "problem" in answer:
            raise RuntimeError(f"reminder {name}: {answer['problem']['detail']}")
        if answer["ok"]:
            raise RuntimeError(f"reminder {name}: {answer['ok']} events are not published yet")

    @actor_turn
    async def _rang(self, name: str) -> int:
        """How many events are still owed. Another name than the recorded one: replaced, removed, or never stored."""
        self.ringing = True
        try:
            record = await self.record()
            if record.reminder == name:
                await self._deadline_came(record, name)
        finally:
            self.ringing = False
        after = await self.read(RECORD_KEY, TaskRecord)
        return len(after.outbox) if after is not None else 0

    async def _deadline_came(self, record: TaskRecord, name: str) -> None:
        now = self.clock.now()
        left = task_commands.time_left(record, now)
        if left is not None and left > timedelta(0):  # the scheduler's clock runs ahead of ours
            again = record.model_copy(update={"reminder": name + _EARLY})
            await self.carry_out(record, Decision(again, record.existing()), None)
            return
        await self._overdue(record, now)

    async def _overdue(self, record: TaskRecord, now: datetime) -> Task:
        decision = task_commands.mark_overdue(record, now)
        return await self.carry_out(record, decision, None) if decision is not None else record.existing()

    async def _decide(self, command: Callable[[TaskRecord, datetime], Decision], key: str | None) -> Task:
        record = await self.record()
        return await self.carry_out(record, command(record, self.clock.now()), key)

    @staticmethod
    def _reservation(record: TaskRecord) -> Reservation:
        if record.reservation is None:
            raise NotFound("workflow_not_found", "Workflow not found")
        return record.reservation

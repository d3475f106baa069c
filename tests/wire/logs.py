"""Random turns as their followers get them, for every wire: attempts cut off, tools run again, logs lost, any end.

A turn is driven through the domain's own functions, so that its log and its record are what the service could have written.
What a reader is to make of one is in ``fold.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import orjson
from hypothesis import strategies as st

from agent.domain import replay
from agent.domain import turn as turns
from agent.domain.events import (
    CLOSING_ID,
    AnyTurnEvent,
    EntryId,
    LogEntry,
    StepCommitted,
    StepRestarted,
    StepStarted,
    TextDelta,
    ToolCalled,
    ToolProgressed,
    ToolReturned,
    TurnQueued,
    TurnStarted,
    log_entry,
)
from agent.domain.messages import Message, ToolCall, Usage
from agent.domain.processing import WorkflowStep
from agent.domain.task import Task
from agent.domain.terminal import terminal_event
from agent.domain.tools import arguments_shown
from agent.domain.turn_calls import CommitStep, CommitTool, StepRef
from agent.domain.turn_record import ADMISSION_EPOCH, Failure, TurnRecord
from agent.domain.turn_view import TurnView, view
from agent.domain.undo import TaskUndo, Undo
from tests.wire.told import told_of
from workflows.toolbox import listed

TURN_ID = "main.1." + "a" * 26
NOW = "2030-01-01T00:00:00.000+00:00"
LOSSES = ("nothing", "start", "rest", "rest, untold", "attempts")
T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ["\n\n", "data: [DONE]\n\n", "\r", "\u2028", "\0", "👩‍👩‍👧‍👦", "id: 1\n\nevent: turn.failed"]
)
NAMES = TEXTS | st.sampled_from(["title", "__proto__", "constructor", "prototype", "type", "id"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS
OBJECTS = st.dictionaries(NAMES, SCALARS | st.dictionaries(NAMES, SCALARS, max_size=2), max_size=3)
ARGUMENTS = OBJECTS.map(lambda o: orjson.dumps(o).decode()) | st.sampled_from(["", "[1]", "not json", '{"half'])
TOOLS = st.sampled_from(["create_task", "get_task", "list_tasks", "no such tool"])
REFUSALS = st.builds(lambda code, detail: {"error": {"code": code, "detail": detail}}, TEXTS, TEXTS)
STATUSES = st.sampled_from(["running", "completed", "rejected", "failed"])
TASK = {"title": "Review", "description": "it", "assignee": None, "deadline": None, "created_at": NOW, "updated_at": NOW}
SHOWN_TASKS = st.builds(
    lambda number, version, owner: {
        **TASK,
        "task_id": f"t-{number}",
        "status": "assigned",
        "created_by": owner,
        "version": version,
    },
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from(["local", "local", "eve"]),
)
TASKS = st.builds(
    lambda status, more: {"task_id": "t-1", "workflow_id": "task-workflow-t-1", "status": status, "message": "So.", **more},
    STATUSES,
    st.fixed_dictionaries({}, optional={"task": SHOWN_TASKS, "steps": st.just([{"name": "notify", "state": "done"}])}),
)
LISTS = st.lists(SHOWN_TASKS.map(Task.model_validate).map(listed), max_size=3).map(lambda tasks: {"tasks": tasks, "next": None})
STEPS = st.lists(
    st.builds(
        WorkflowStep,
        name=st.sampled_from(["validate", "create", "assign", "reminder", "notify"]),
        state=st.sampled_from(["done", "failed", "skipped"]),
        undo=st.booleans(),
        detail=st.just("") | TEXTS,
    ),
    max_size=3,
).map(tuple)


@dataclass(frozen=True)
class Logged:
    """One turn: what a follower gets, from the first entry, and what is stored of it."""

    entries: tuple[LogEntry, ...]
    record: TurnRecord

    @property
    def view(self) -> TurnView:
        return view(self.record, "main")


class _Cut(Exception):
    pass


class _Turn:
    """A turn being run: the record as the actor has it, the entries as the log has them, until it is cut off."""

    def __init__(self, draw: Draw[Any], *, cancelled: bool) -> None:
        self.draw, self.cancelled = draw, cancelled
        user = Message(role="user", content="hi", tokens=1, created_at=NOW)
        self.record = TurnRecord(
            number=1, turn_id=TURN_ID, status="queued", user=user, time_zone="UTC", submitted_at=NOW, progress_at=NOW
        )
        self.entries: list[LogEntry] = []
        self.left = draw(st.integers(0, 30)) if not cancelled and draw(st.booleans()) else None  # entries until it is cut off
        self.texts = draw(st.integers(1, 4)) if cancelled else None  # or texts

    @property
    def view(self) -> TurnView:
        return view(self.record, "main")

    def write(self, epoch: int, event: AnyTurnEvent) -> None:
        if self.left == 0:
            raise _Cut
        self.left = self.left - 1 if self.left else None
        newest = self.entries[-1].id if self.entries else None
        seq = newest.seq + 1 if newest and newest.epoch == epoch else 0
        self.entries.append(log_entry(EntryId(epoch, seq), event))
        if self.texts and isinstance(event, TextDelta):
            self.texts -= 1
            if self.texts == 0:
                raise _Cut

    def run(self) -> None:
        if self.draw(st.booleans()):
            self.write(ADMISSION_EPOCH, TurnQueued(turn_id=TURN_ID, position=2))
        self.record = turns.start(self.record, "i-1", NOW)
        last = self.draw(st.integers(0, 2))
        for step in range(last + 1):
            self._step(step, is_last=step == last)

    def _step(self, step: int, *, is_last: bool) -> None:
        attempts = self.draw(st.integers(1, 3))
        for attempt in range(attempts):
            self.record = turns.begin_step(self.record, _ref(step), NOW)
            epoch, dies = self.record.epoch, attempt < attempts - 1
            if dies and self.draw(st.booleans()):
                continue  # before it wrote anything
            if epoch == ADMISSION_EPOCH + 1:
                self.write(epoch, TurnStarted(turn_id=TURN_ID))
            begin = StepRestarted(turn_id=TURN_ID, step=step, reason="again") if attempt else None
            self.write(epoch, begin or StepStarted(turn_id=TURN_ID, step=step))
            texts = self.draw(st.lists(TEXTS, max_size=3))
            for text in texts:
                self.write(epoch, TextDelta(turn_id=TURN_ID, step=step, delta=text))
            calls = () if is_last and not dies else self._calls(step, epoch, least=0 if dies else 1)
            if not dies:
                self._commit(step, epoch, "".join(texts), calls)
                for _ in range(self.draw(st.integers(1, 2)) if calls else 0):
                    self._tools(step)

    def _calls(self, step: int, epoch: int, least: int) -> tuple[ToolCall, ...]:
        wanted = self.draw(st.lists(st.tuples(TOOLS, ARGUMENTS), min_size=least, max_size=3))
        calls = tuple(
            ToolCall(call_id=f"c-{step}-{n}", provider_id=f"p-{n}", index=n, name=name, arguments=arguments)
            for n, (name, arguments) in enumerate(wanted)
        )
        for call in calls:
            shown = arguments_shown(call.arguments)
            self.write(epoch, ToolCalled(turn_id=TURN_ID, step=step, call_id=call.call_id, name=call.name, arguments=shown))
        return calls

    def _commit(self, step: int, epoch: int, text: str, calls: tuple[ToolCall, ...]) -> None:
        said = Message(role="assistant", content=text, tokens=1, created_at=NOW, tool_calls=calls)
        usage = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2)
        self.record = turns.commit_step(self.record, CommitStep(ref=_ref(step), epoch=epoch, message=said, usage=usage), NOW)
        if self.draw(st.booleans()):
            self.write(epoch, StepCommitted(turn_id=TURN_ID, step=step, usage=usage))

    def _tools(self, step: int) -> None:
        """One run of the step's open calls; the process may die between telling a result and storing it."""
        self.record = turns.begin_tools(self.record, _ref(step), NOW)
        epoch = self.record.epoch
        for call in self.draw(st.permutations(self.record.steps[step].open_calls())):
            for steps in self.draw(st.lists(STEPS, max_size=2)):
                self.write(
                    epoch,
                    ToolProgressed(
                        turn_id=TURN_ID, step=step, call_id=call.call_id, task_id="t-1", status="running", steps=steps
                    ),
                )
            ok = self.draw(st.booleans())
            result = self.draw(TASKS | SHOWN_TASKS | LISTS | OBJECTS if ok else REFUSALS | OBJECTS)
            self.write(epoch, ToolReturned(turn_id=TURN_ID, step=step, call_id=call.call_id, ok=ok, result=result))
            if self.draw(st.booleans()):
                stored = Message(role="tool", content=orjson.dumps(result).decode(), call_id=call.call_id, ok=ok)
                commit = CommitTool(ref=_ref(step), epoch=epoch, result=stored)
                self.record = turns.commit_tool(self.record, commit, NOW)

    def end(self, written: list[LogEntry]) -> None:
        """The turn as it is ended from outside, if it did not end by itself; ``written``: what is in its log then."""
        if self.record.ended:
            return
        if not self.cancelled and self.draw(st.booleans()):
            failure = Failure(code="model_error", message=self.draw(TEXTS), retryable=self.draw(st.booleans()))
            self.record = turns.fail(self.record, failure, NOW)
            return
        tasks = (TaskUndo(task_id="t-1", state="ordered"),)
        undo = Undo(status="ordered", tasks=tasks) if self.draw(st.booleans()) else None
        self.record = turns.cancel(self.record, NOW, undo)
        seen = replay.shown_text(written)
        if seen.text and seen.step >= len(self.record.steps):
            shown = Message(role="assistant", content=seen.text, tokens=1, created_at=NOW, interrupted=True)
            self.record = turns.keep_shown(self.record, shown, seen.epoch)


def _ref(step: int) -> StepRef:
    return StepRef(tenant="default", user="local", conversation="main", turn_id=TURN_ID, instance="i-1", step=step)


def _cut_short(draw: Draw[Any], entries: list[LogEntry]) -> Iterator[LogEntry]:
    """An attempt that has failed to write an entry writes no more of them; the next one tries again."""
    for _, of_epoch in groupby(entries, key=lambda entry: entry.id.epoch):
        written = list(of_epoch)
        yield from written[: draw(st.integers(0, len(written)))] if draw(st.booleans()) else written


@st.composite
def logged_turns(draw: Draw[Any], losses: tuple[str, ...] = LOSSES, *, cancelled: bool = False) -> Logged:
    """A turn with its end. Its log may have lost its start, all from some entry on, or the rest of some attempts.

    What it lacks is told from the record, or, when the record was out of reach as well, its rest not at all.
    ``cancelled``: most are cancelled in the middle of a text.
    """
    turn = _Turn(draw, cancelled=cancelled)
    try:
        turn.run()
    except _Cut:
        pass
    lost = draw(st.sampled_from(losses))
    entries = list(_cut_short(draw, turn.entries)) if lost == "attempts" else turn.entries
    turn.end(entries)
    closing = log_entry(CLOSING_ID, terminal_event(turn.record))
    if lost == "start":  # the log was made again by an epoch's first entry
        firsts = [n for n, entry in enumerate(entries) if entry.id.seq == 0]
        rest = entries[draw(st.sampled_from([*firsts, len(entries)])) :]
        return Logged(told_of((*rest, closing), turn.view), turn.record)
    if lost == "attempts":
        record = turn.record.model_copy(update={"log_incomplete": True})
        return Logged(told_of((*entries, closing), view(record, "main")), record)
    if lost != "nothing":
        entries = entries[: draw(st.integers(0, len(entries)))]
    if lost == "rest":
        after = entries[-1].id if entries else None
        return Logged((*entries, *replay.record_entries(view(turn.record, "main"), after)), turn.record)
    return Logged((*entries, closing), turn.record)

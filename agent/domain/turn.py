"""One turn: what is stored of it and how it moves. Every function here returns a new record and does nothing else.

A turn is the unit of "never lost, never twice". It is committed step by step; each attempt at a step writes under an epoch,
and only the newest epoch may commit (see ``begin_step`` and ``commit_step``).

    queued -> running -> completed | failed | cancelled        (the last three are final)
"""

from datetime import datetime
from typing import ClassVar, Literal

from agent.domain.context import Ledger
from agent.domain.events import TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.limits import ATTEMPTS_APART, ATTEMPTS_KEPT_MAX, TURN_ATTEMPTS_MAX
from agent.domain.messages import Message, ToolCall, Usage, Value
from agent.domain.refusal import Refusal
from agent.domain.stored import Stored
from agent.domain.undo import TaskChanges, Undo, changes_of

TurnStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
ENDED: frozenset[TurnStatus] = frozenset({"completed", "failed", "cancelled"})
ADMISSION_EPOCH = 1  # written by the admitting process; attempts get 2 and up
_PROGRESS = {"silent_epochs": 0, "silent_starts": 0}


class Failure(Value):
    """Why a turn failed. ``retryable``: the same message may work later."""

    code: str
    message: str
    retryable: bool


class StepRecord(Value):
    """A committed step: what the model said under ``epoch``, and the results of its tool calls as they come in."""

    epoch: int
    message: Message
    usage: Usage
    results: tuple[Message, ...] = ()

    def open_calls(self) -> tuple[ToolCall, ...]:
        """The calls that have no committed result yet."""
        done = {r.call_id for r in self.results}
        return tuple(c for c in self.message.tool_calls if c.call_id not in done)


Work = Literal["generate", "tools"]


class Attempt(Value):
    """One epoch that was handed out: for which step, to ask the model or to run its tools, and when."""

    epoch: int
    step: int
    work: Work
    at: str


class TurnRecord(Stored):
    """State key ``turn-{number}``. Times are ISO 8601 UTC. ``starts`` counts workflow instances, ``epoch`` only grows.

    ``attempted_step`` is the step the newest epoch was handed out for: a second epoch for it is a restart; ``attempted_retry``
    is how often the workflow had asked the model for it before. ``attempts`` keeps the newest ATTEMPTS_KEPT_MAX.
    ``silent_epochs`` and ``silent_starts`` count those since anything was committed, or heard of who had them.
    ``undo`` is there when it was cancelled with ``undo``, which stands: a later request changes nothing.
    ``regenerates`` is the turn before it, if this is another answer to that one's message; ``alternatives`` counts all such.
    """

    FORMAT: ClassVar[int] = 3

    number: int
    turn_id: str
    status: TurnStatus
    user: Message
    time_zone: str
    submitted_at: str
    progress_at: str
    ended_at: str | None = None
    instance: str = ""
    starts: int = 0
    epoch: int = ADMISSION_EPOCH
    attempted_step: int = -1
    attempted_retry: int = 0
    attempts: tuple[Attempt, ...] = ()
    silent_epochs: int = 0
    silent_starts: int = 0
    steps: tuple[StepRecord, ...] = ()
    failure: Failure | None = None
    log_incomplete: bool = False
    ledger: Ledger | None = None
    refusal: Refusal | None = None
    interrupted: Message | None = None
    undo: Undo | None = None
    regenerates: str | None = None
    alternatives: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def messages(self) -> tuple[Message, ...]:
        """The exchange as the model is to see it: user, then each step's message and tool results."""
        said = [self.user]
        for step in self.steps:
            said += [step.message, *step.results]
        return (*said, self.interrupted) if self.interrupted else tuple(said)

    def answer(self) -> Message | None:
        """The answer so far: what the last step said, or what a cancelled turn had shown."""
        return self.interrupted or (self.steps[-1].message if self.steps else None)

    def usage(self) -> Usage:
        total = Usage()
        for step in self.steps:
            total = total.plus(step.usage)
        return total

    def changes(self) -> tuple[TaskChanges, ...]:
        """What the tool calls of the committed steps may have changed, whether they have a result or not."""
        return changes_of(self.turn_id, ((step, c) for step, s in enumerate(self.steps) for c in s.message.tool_calls))

    def tokens(self) -> int:
        return sum(m.tokens for m in self.messages())

    def is_run_by(self, instance: str) -> bool:
        """Whether ``instance`` is the workflow recorded for this turn: any other one must end without effect."""
        return self.instance == instance


class StepRef(Value):
    """Names one attempt's place: the turn, the workflow instance that asks, and the step (from 0).

    ``retry`` counts the failures of the model that this workflow has heard of in this step.
    """

    tenant: str
    user: str
    conversation: str
    turn_id: str
    instance: str
    step: int
    retry: int = 0

    @property
    def key(self) -> TurnKey:
        """The turn, as its log and its reader name it."""
        return TurnKey(self.tenant, self.user, self.turn_id)


class BegunStep(Value):
    """Answer to BeginStep and CommitStep.

    ``go``: run it under ``epoch`` with ``messages``; ``committed``: it is stored already (``tool_calls`` of it);
    ``ended``: the turn is over with ``status``; ``void``: the asking workflow does not run this turn, end at once;
    ``superseded``: the epoch is not the newest. ``terminal`` is the closing event once the turn has ended.
    ``cut_off``: cancelled turns right before, of whose shown text ``messages`` may not tell yet.
    """

    kind: Literal["go", "committed", "ended", "void", "superseded"]
    status: TurnStatus = "running"
    epoch: int = 0
    first: bool = False
    restart: bool = False
    messages: tuple[Message, ...] = ()
    schema_tokens: int = 0
    tool_calls: int = 0
    terminal: TerminalEvent | None = None
    cut_off: tuple[str, ...] = ()


class BegunTools(Value):
    """Answer to BeginTools: the calls still to run, in the order the model made them; kinds as in :class:`BegunStep`.

    ``asked_at`` is when the step was committed: what a tool derives from "now" must be the same when it is run again.
    """

    kind: Literal["go", "ended", "void"]
    epoch: int = 0
    calls: tuple[ToolCall, ...] = ()
    time_zone: str = "UTC"
    asked_at: str = ""


class CommitStep(Value):
    """Stores what a step said. ``log_incomplete``: its entries are not all in the log."""

    ref: StepRef
    epoch: int
    message: Message
    usage: Usage
    log_incomplete: bool = False


class CommitTool(Value):
    """Stores the result of one call under the epoch of BeginTools. ``log_incomplete`` as in :class:`CommitStep`."""

    ref: StepRef
    epoch: int
    result: Message
    log_incomplete: bool = False


class KeepShown(Value):
    """Stores what readers of a cancelled turn had seen of the step that was cut off."""

    ref: StepRef
    shown: Message


class EndTurn(Value):
    """Ends a running turn as failed."""

    ref: StepRef
    failure: Failure


def start(turn: TurnRecord, instance: str, now: str) -> TurnRecord:
    """Running under a fresh workflow instance."""
    update = {"starts": turn.starts + 1, "silent_starts": turn.silent_starts + 1}
    return turn.model_copy(update={"status": "running", "instance": instance, "progress_at": now, **update})


def begin_step(turn: TurnRecord, ref: StepRef, now: str) -> TurnRecord:
    """Hands out the next epoch to ask the model for ``ref.step``."""
    update = {"attempted_step": ref.step, "attempted_retry": ref.retry}
    if _heard_of_the_last(turn, ref):
        update |= {"silent_epochs": 1, "silent_starts": 1}
    return _hand_out(turn, ref.step, "generate", now).model_copy(update=update)


def begin_tools(turn: TurnRecord, ref: StepRef, now: str) -> TurnRecord:
    """Hands out the next epoch to run the open tool calls of ``ref.step``."""
    return _hand_out(turn, ref.step, "tools", now)


def _hand_out(turn: TurnRecord, step: int, work: Work, now: str) -> TurnRecord:
    """An attempt close behind another one took its place while that lived, as happens while actors move: they count as one."""
    epoch, apart = turn.epoch + 1, datetime.fromisoformat(now) - datetime.fromisoformat(turn.progress_at)
    attempts = (*turn.attempts, Attempt(epoch=epoch, step=step, work=work, at=now))[-ATTEMPTS_KEPT_MAX:]
    silent = turn.silent_epochs + (turn.silent_epochs == 0 or apart.total_seconds() >= ATTEMPTS_APART)
    return turn.model_copy(update={"epoch": epoch, "attempts": attempts, "progress_at": now, "silent_epochs": silent})


def is_exhausted(turn: TurnRecord, ref: StepRef) -> bool:
    """Whether the turn may have no further attempt: so many were heard of no more, such as those that kill their process."""
    return turn.silent_epochs >= TURN_ATTEMPTS_MAX and not _heard_of_the_last(turn, ref)


def _heard_of_the_last(turn: TurnRecord, ref: StepRef) -> bool:
    """Whether the attempt before came back and told that the model had failed."""
    return ref.step == turn.attempted_step and ref.retry > turn.attempted_retry


def commit_step(turn: TurnRecord, commit: CommitStep, now: str) -> TurnRecord:
    """Appends the step; without tool calls it was the last one and the turn is completed."""
    record = StepRecord(epoch=commit.epoch, message=commit.message, usage=commit.usage)
    update = {
        "steps": (*turn.steps, record),
        "log_incomplete": turn.log_incomplete or commit.log_incomplete,
        "progress_at": now,
        **_PROGRESS,
    }
    if not commit.message.tool_calls:
        update |= {"status": "completed", "ended_at": now}
    return turn.model_copy(update=update)


def commit_tool(turn: TurnRecord, commit: CommitTool, now: str) -> TurnRecord:
    """Adds one tool result to its step, in the order of the calls."""
    step = commit.ref.step
    record = turn.steps[step]
    order = {c.call_id: i for i, c in enumerate(record.message.tool_calls)}
    results = tuple(sorted((*record.results, commit.result), key=lambda m: order[m.call_id or ""]))
    changed = record.model_copy(update={"results": results})
    return turn.model_copy(
        update={
            "steps": (*turn.steps[:step], changed, *turn.steps[step + 1 :]),
            "log_incomplete": turn.log_incomplete or commit.log_incomplete,
            "progress_at": now,
            **_PROGRESS,
        }
    )


def fail(turn: TurnRecord, failure: Failure, now: str) -> TurnRecord:
    """Failed, with what was committed so far kept."""
    return turn.model_copy(update={"status": "failed", "failure": failure, "ended_at": now, "progress_at": now})


def cancel(turn: TurnRecord, now: str, undo: Undo | None = None) -> TurnRecord:
    """Cancelled, with what was committed so far kept; ``undo`` when what its tools changed is to be undone."""
    return turn.model_copy(update={"status": "cancelled", "ended_at": now, "progress_at": now, "undo": undo})


def keep_shown(turn: TurnRecord, shown: Message) -> TurnRecord:
    """A cancelled turn with the text its readers had seen of the step that was cut off. The first telling stays."""
    is_first = turn.status == "cancelled" and turn.interrupted is None
    return turn.model_copy(update={"interrupted": shown}) if is_first else turn

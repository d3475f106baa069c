"""What is stored of one turn, and what can be read off it.

A turn is committed step by step. Each attempt at a step writes under an epoch of its own.
"""

from typing import ClassVar, Literal

from agent.domain.context import Ledger
from agent.domain.messages import Message, ToolCall, Usage, Value
from agent.domain.refusal import Refusal
from agent.domain.stored import Stored
from agent.domain.undo import TaskChanges, Undo, changes_of

TurnStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
ENDED: frozenset[TurnStatus] = frozenset({"completed", "failed", "cancelled"})
ADMISSION_EPOCH = 1  # written by the admitting process; attempts get 2 and up


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
    ``interrupted`` is what a cancelled turn had shown of a step, told by ``interrupted_epoch`` (null before format 4).
    ``undo`` is there when it was cancelled with ``undo``, which stands: a later request changes nothing.
    ``regenerates`` is the turn before it, if this is another answer to that one's message; ``alternatives`` counts all such.
    ``overtaken_by`` is the highest number of those that were run before it although they came later: with ``interrupt``.
    """

    FORMAT: ClassVar[int] = 5

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
    interrupted_epoch: int | None = None
    undo: Undo | None = None
    regenerates: str | None = None
    alternatives: int = 0
    overtaken_by: int | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Grows in the order in which turns are run. First comes the highest number among it and those run before it."""
        return (self.number, 0) if self.overtaken_by is None else (self.overtaken_by, self.number)

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

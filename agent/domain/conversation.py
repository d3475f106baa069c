"""A conversation: who is next, what is kept, and the views of it that leave the ChatActor."""

from datetime import datetime
from typing import Literal

from agent.domain.errors import Busy
from agent.domain.events import TerminalEvent
from agent.domain.exchanges import TaskEffect, effects
from agent.domain.limits import ADMISSIONS_REMEMBERED_MAX, IDEMPOTENCY_KEY_SECONDS, QUEUE_MAX, TURNS_KEPT_MAX
from agent.domain.messages import Message, PublicMessage, Usage, Value, public
from agent.domain.refusal import SmallerBudget
from agent.domain.stored import Stored
from agent.domain.terminal import terminal_event
from agent.domain.turn import Attempt, Failure, StepRef, TurnRecord, TurnStatus
from agent.domain.undo import Undo


class Meta(Stored):
    """State key ``meta``. Turn numbers start at 1 and never restart.

    ``first`` is the oldest turn still shown; keys from ``deleted`` up to it wait for deletion.
    ``turns`` and ``tokens`` are totals over the shown, ended turns.
    ``secrets`` are those of the newest submissions, newest last. Idempotency keys are numbered too, from ``keys_first``.
    ``budget`` is what an endpoint that refused a longer context has taught.
    """

    next: int = 1
    first: int = 1
    deleted: int = 1
    running: int | None = None
    queue: tuple[int, ...] = ()
    turns: int = 0
    tokens: int = 0
    secrets: tuple[str, ...] = ()
    keys_first: int = 1
    keys_next: int = 1
    budget: SmallerBudget | None = None

    def enqueue(self) -> "Meta":
        """Takes the next number into the queue. Raises Busy ``queue_full``."""
        if len(self.queue) >= QUEUE_MAX:
            raise Busy("queue_full", f"{QUEUE_MAX} messages wait already; try again when one is answered.", queued=QUEUE_MAX)
        return self.model_copy(update={"queue": (*self.queue, self.next), "next": self.next + 1})

    def enqueue_first(self) -> "Meta":
        """As ``enqueue``, but next in line; for a turn that takes the running one's place at once, and so needs none."""
        return self.model_copy(update={"queue": (self.next, *self.queue), "next": self.next + 1})

    def dequeue(self, number: int) -> "Meta":
        """Takes a waiting turn out of the queue."""
        return self.model_copy(update={"queue": tuple(n for n in self.queue if n != number)})

    def begin(self) -> "Meta":
        """Takes the next number and runs it at once."""
        return self.model_copy(update={"running": self.next, "next": self.next + 1})

    def remember(self, secret: str) -> "Meta":
        """Notes the submission that took the newest number."""
        return self.model_copy(update={"secrets": (*self.secrets, secret)[-ADMISSIONS_REMEMBERED_MAX:]})

    def number_of(self, secret: str) -> int | None:
        """The number that the submission took; None when it is new, or too long ago."""
        return self.next - len(self.secrets) + self.secrets.index(secret) if secret in self.secrets else None

    def position(self, number: int) -> int:
        """1 for the next in the queue; 0 for a turn that does not wait."""
        return self.queue.index(number) + 1 if number in self.queue else 0

    def pop(self) -> "Meta":
        """Nothing runs any more; the head of the queue, if any, does."""
        if not self.queue:
            return self.model_copy(update={"running": None})
        return self.model_copy(update={"running": self.queue[0], "queue": self.queue[1:]})

    def count(self, turn: TurnRecord) -> "Meta":
        """Adds an ended turn to the totals."""
        return self.model_copy(update={"turns": self.turns + 1, "tokens": self.tokens + turn.tokens()})

    def add_tokens(self, tokens: int) -> "Meta":
        """An ended turn has gained a message."""
        return self.model_copy(update={"tokens": self.tokens + tokens})

    def clear(self) -> "Meta":
        """Moves the mark behind everything there is."""
        return self.model_copy(update={"first": self.next, "turns": 0, "tokens": 0})

    def shrink(self, budget: int, now: str) -> "Meta":
        """Contexts have at most ``budget`` tokens for a while."""
        return self.model_copy(update={"budget": SmallerBudget(budget=budget, since=now)})

    def overflows(self) -> bool:
        """Whether the oldest shown turn is one too many."""
        return self.turns > TURNS_KEPT_MAX

    def drop_first(self, oldest: TurnRecord) -> "Meta":
        """Gives up the oldest shown turn."""
        return self.model_copy(
            update={"first": self.first + 1, "turns": self.turns - 1, "tokens": self.tokens - oldest.tokens()}
        )


class KeyRecord(Stored):
    """What an idempotency key stands for: the turn it made, and the fingerprint of its request. ``at`` is ISO 8601 UTC."""

    turn_id: str
    fingerprint: str
    at: str

    def expired(self, now: str) -> bool:
        """Whether it is old enough to be forgotten at ``now``."""
        age = datetime.fromisoformat(now) - datetime.fromisoformat(self.at)
        return age.total_seconds() >= IDEMPOTENCY_KEY_SECONDS


class KeyPlace(Stored):
    """Keys in the order of their use."""

    key: str


OnBusy = Literal["queue", "reject", "interrupt"]


class Submission(Value):
    """A message to admit. ``secret`` (hex, 128 bits) is made once per request, so that a repeated delivery is recognised.

    ``on_busy``: wait behind the running turn, be refused, or cancel it and go next. ``key`` is the client's idempotency key,
    hashed, and ``fingerprint`` the hash of what it stands for: the same key with another one is refused.
    ``regenerates``: the newest turn, whose message this is again; then it never waits and never interrupts.
    ``follows``: the turn that has to be the newest, if the client depends on that.
    """

    secret: str
    message: Message
    time_zone: str
    on_busy: OnBusy = "queue"
    key: str | None = None
    fingerprint: str = ""
    regenerates: str | None = None
    follows: str | None = None


class Admission(Value):
    """``position`` is 0 for a turn that runs, 1 for the next in the queue. ``interrupted`` is the turn cancelled for it."""

    turn_id: str
    status: TurnStatus
    position: int
    interrupted: str | None = None


class ContextRefused(Value):
    """The endpoint found the context of the attempt ``epoch`` too long; ``window``: how many tokens it says it takes."""

    ref: StepRef
    epoch: int
    window: int | None = None


class StepView(Value):
    """One committed step in a turn's view; ``epoch`` is the one under which it was written."""

    epoch: int
    message: PublicMessage
    results: tuple[PublicMessage, ...]
    usage: Usage


class TurnView(Value):
    """A turn as its user sees it. ``message`` is the answer so far: the last step's, null before the first is committed.

    ``attempts`` counts workflow instances, ``epoch`` is the newest attempt's, ``attempt_history`` tells of the newest
    ATTEMPTS_KEPT_MAX: which step they were for, and whether to ask the model or to run its tools.
    ``undo`` is null unless the turn was cancelled with ``undo``. ``effects``: what its tools did, undone or not.
    ``regenerates`` is the former turn with the same message, ``regenerated_by`` the next one: this one is then an alternative.
    """

    turn_id: str
    conversation: str
    status: TurnStatus
    user_message: PublicMessage
    message: PublicMessage | None
    usage: Usage
    steps: tuple[StepView, ...]
    failure: Failure | None
    submitted_at: str
    progress_at: str
    ended_at: str | None
    attempts: int
    epoch: int
    attempt_history: tuple[Attempt, ...]
    log_incomplete: bool
    terminal: TerminalEvent | None
    undo: Undo | None
    effects: tuple[TaskEffect, ...]
    regenerates: str | None
    regenerated_by: str | None


class HistoryTurn(Value):
    """A stored turn in a page of history.

    One with ``regenerated_by`` is an alternative: a former answer to the message of that turn, which ``regenerates`` it.
    ``alternatives`` counts the former answers there were before this one; ``effects`` is what its tools did.
    """

    turn_id: str
    number: int
    status: TurnStatus
    messages: tuple[PublicMessage, ...]
    tokens: int
    usage: Usage
    failure: Failure | None
    submitted_at: str
    ended_at: str | None
    effects: tuple[TaskEffect, ...]
    regenerates: str | None
    regenerated_by: str | None
    alternatives: int


class HistoryPage(Value):
    """Turns newest last; ``next`` is the cursor of the page before, null at the beginning. The totals count alternatives.

    ``running`` is the id of the turn that runs, also when it is not in the page.
    """

    turns: tuple[HistoryTurn, ...]
    total_turns: int
    total_tokens: int
    next: int | None
    running: str | None = None


class Cleared(Value):
    """What ClearHistory removed."""

    cleared_turns: int
    cleared_tokens: int


def view(turn: TurnRecord, conversation: str, after: TurnRecord | None = None) -> TurnView:
    """The view of ``turn``; ``after`` is the turn behind it, if there is one."""
    return TurnView(
        turn_id=turn.turn_id,
        conversation=conversation,
        status=turn.status,
        user_message=public(turn.user),
        message=public(answer) if (answer := turn.answer()) else None,
        usage=turn.usage(),
        steps=tuple(
            StepView(epoch=s.epoch, message=public(s.message), results=tuple(map(public, s.results)), usage=s.usage)
            for s in turn.steps
        ),
        failure=turn.failure,
        submitted_at=turn.submitted_at,
        progress_at=turn.progress_at,
        ended_at=turn.ended_at,
        attempts=turn.starts,
        epoch=turn.epoch,
        attempt_history=turn.attempts,
        log_incomplete=turn.log_incomplete,
        terminal=terminal_event(turn) if turn.ended else None,
        undo=turn.undo,
        effects=effects(turn),
        regenerates=turn.regenerates,
        regenerated_by=regenerated_by(turn, after),
    )


def history_turn(turn: TurnRecord, after: TurnRecord | None = None) -> HistoryTurn:
    """``turn`` as a page of history shows it; ``after`` is the turn behind it, if there is one."""
    return HistoryTurn(
        turn_id=turn.turn_id,
        number=turn.number,
        status=turn.status,
        messages=tuple(map(public, turn.messages())),
        tokens=turn.tokens(),
        usage=turn.usage(),
        failure=turn.failure,
        submitted_at=turn.submitted_at,
        ended_at=turn.ended_at,
        effects=effects(turn),
        regenerates=turn.regenerates,
        regenerated_by=regenerated_by(turn, after),
        alternatives=turn.alternatives,
    )


def regenerated_by(turn: TurnRecord, after: TurnRecord | None) -> str | None:
    """The id of ``after`` when it is another answer to the message of ``turn``."""
    return after.turn_id if after is not None and after.regenerates == turn.turn_id else None

"""A conversation: who is next, what is kept, and the views of it that leave the ChatActor."""

from datetime import datetime
from typing import ClassVar, Literal

from agent.domain.errors import Busy
from agent.domain.limits import ADMISSIONS_REMEMBERED_MAX, IDEMPOTENCY_KEY_SECONDS, QUEUE_MAX, TURNS_KEPT_MAX
from agent.domain.messages import Message, Value
from agent.domain.refusal import SmallerBudget
from agent.domain.stored import Stored
from agent.domain.turn_calls import StepRef
from agent.domain.turn_record import TurnRecord, TurnStatus


class Cleared(Value):
    """What ClearHistory removed."""

    cleared_turns: int
    cleared_tokens: int


class Clearing(Value):
    """One clearing, told from its repeat: the runtime may bring a request twice, and turns may have ended in between."""

    delivery: str
    told: Cleared


class Meta(Stored):
    """State key ``meta``. Turn numbers start at 1 and never restart.

    ``first`` is the oldest turn still shown; keys from ``deleted`` up to it wait for deletion.
    ``turns`` and ``tokens`` are totals over the shown, ended turns.
    ``secrets`` are those of the newest submissions, newest last. Idempotency keys are numbered too, from ``keys_first``.
    ``budget`` is what an endpoint that refused a longer context has taught. ``cleared`` is the newest clearing.
    """

    FORMAT: ClassVar[int] = 2

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
    cleared: Clearing | None = None

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

    def clear(self, delivery: str) -> tuple["Meta", Cleared]:
        """Moves the mark behind everything there is; what that clears. The same delivery once more clears nothing."""
        if self.cleared is not None and self.cleared.delivery == delivery:
            return self, self.cleared.told
        told = Cleared(cleared_turns=self.turns, cleared_tokens=self.tokens)
        newest = Clearing(delivery=delivery, told=told)
        return self.model_copy(update={"first": self.next, "turns": 0, "tokens": 0, "cleared": newest}), told

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
    hashed, and ``fingerprint`` the hash of what it stands for: the same key with another one is refused. ``also`` is a second
    key, which counts only where it was used with the same fingerprint.
    ``regenerates``: the newest turn, whose message this is again; then it never waits and never interrupts.
    ``follows``: the turn that has to be the newest, if the client depends on that.
    """

    secret: str
    message: Message
    time_zone: str
    on_busy: OnBusy = "queue"
    key: str | None = None
    also: str | None = None
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

"""A conversation: who is next, what is kept, and the views of it that leave the ChatActor."""

from typing import Any

from agent.domain.errors import Busy
from agent.domain.events import TerminalEvent
from agent.domain.limits import ADMISSIONS_REMEMBERED_MAX, QUEUE_MAX, TURNS_KEPT_MAX
from agent.domain.messages import Message, PublicMessage, Usage, Value, public
from agent.domain.turn import Failure, TurnRecord, TurnStatus, terminal_event


class Meta(Value):
    """State key ``meta``. Turn numbers start at 1 and never restart.

    ``first`` is the oldest turn still shown; keys from ``deleted`` up to it wait for deletion.
    ``turns`` and ``tokens`` are totals over the shown, ended turns.
    ``secrets`` are those of the newest submissions, newest last.
    """

    format: int = 1
    next: int = 1
    first: int = 1
    deleted: int = 1
    running: int | None = None
    queue: tuple[int, ...] = ()
    turns: int = 0
    tokens: int = 0
    secrets: tuple[str, ...] = ()

    def enqueue(self) -> "Meta":
        """Takes the next number into the queue. Raises Busy ``queue_full``."""
        if len(self.queue) >= QUEUE_MAX:
            raise Busy("queue_full", f"{QUEUE_MAX} messages wait already; try again when one is answered.", queued=QUEUE_MAX)
        return self.model_copy(update={"queue": (*self.queue, self.next), "next": self.next + 1})

    def begin(self) -> "Meta":
        """Takes the next number and runs it at once."""
        return self.model_copy(update={"running": self.next, "next": self.next + 1})

    def remember(self, secret: str) -> "Meta":
        """Notes the submission that took the newest number."""
        return self.model_copy(update={"secrets": (*self.secrets, secret)[-ADMISSIONS_REMEMBERED_MAX:]})

    def number_of(self, secret: str) -> int | None:
        """The number that the submission took; None when it is new, or too long ago."""
        return self.next - len(self.secrets) + self.secrets.index(secret) if secret in self.secrets else None

    def pop(self) -> "Meta":
        """Nothing runs any more; the head of the queue, if any, does."""
        if not self.queue:
            return self.model_copy(update={"running": None})
        return self.model_copy(update={"running": self.queue[0], "queue": self.queue[1:]})

    def count(self, turn: TurnRecord) -> "Meta":
        """Adds an ended turn to the totals."""
        return self.model_copy(update={"turns": self.turns + 1, "tokens": self.tokens + turn.tokens()})

    def clear(self) -> "Meta":
        """Moves the mark behind everything there is."""
        return self.model_copy(update={"first": self.next, "turns": 0, "tokens": 0})

    def overflows(self) -> bool:
        """Whether the oldest shown turn is one too many."""
        return self.turns > TURNS_KEPT_MAX

    def drop_first(self, oldest: TurnRecord) -> "Meta":
        """Gives up the oldest shown turn."""
        return self.model_copy(
            update={"first": self.first + 1, "turns": self.turns - 1, "tokens": self.tokens - oldest.tokens()}
        )


class Submission(Value):
    """A message to admit. ``secret`` (hex, 128 bits) is made once per request, so that a repeated delivery is recognised."""

    secret: str
    message: Message
    time_zone: str


class Admission(Value):
    """``position`` is 0 for a turn that runs, 1 for the next in the queue."""

    turn_id: str
    status: TurnStatus
    position: int


class StepView(Value):
    """One committed step in a turn's view."""

    message: PublicMessage
    results: tuple[PublicMessage, ...]
    usage: Usage


class TurnView(Value):
    """A turn as its user sees it. ``message`` is the answer so far: the last step's, null before the first is committed.

    ``attempts`` counts workflow instances, ``epoch`` the newest attempt.
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
    log_incomplete: bool
    terminal: TerminalEvent | None


class HistoryTurn(Value):
    """A stored turn in a page of history."""

    turn_id: str
    number: int
    status: TurnStatus
    messages: tuple[PublicMessage, ...]
    tokens: int
    usage: Usage
    failure: Failure | None
    submitted_at: str
    ended_at: str | None


class HistoryPage(Value):
    """Turns newest last; ``next`` is the cursor of the page before, null at the beginning."""

    turns: tuple[HistoryTurn, ...]
    total_turns: int
    total_tokens: int
    next: int | None


class Cleared(Value):
    """What ClearHistory removed."""

    cleared_turns: int
    cleared_tokens: int


def view(turn: TurnRecord, conversation: str) -> TurnView:
    """The view of ``turn``."""
    return TurnView(
        turn_id=turn.turn_id,
        conversation=conversation,
        status=turn.status,
        user_message=public(turn.user),
        message=public(turn.steps[-1].message) if turn.steps else None,
        usage=turn.usage(),
        steps=tuple(
            StepView(message=public(s.message), results=tuple(map(public, s.results)), usage=s.usage) for s in turn.steps
        ),
        failure=turn.failure,
        submitted_at=turn.submitted_at,
        progress_at=turn.progress_at,
        ended_at=turn.ended_at,
        attempts=turn.starts,
        epoch=turn.epoch,
        log_incomplete=turn.log_incomplete,
        terminal=terminal_event(turn) if turn.ended else None,
    )


def history_turn(turn: TurnRecord) -> HistoryTurn:
    """``turn`` as a page of history shows it."""
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
    )


def exchange_messages(turn: TurnRecord) -> tuple[Message, ...]:
    """What the model is told of an earlier turn; one that failed ends with a note, so that nobody's words are taken for its."""
    messages = turn.messages()
    if turn.status != "failed" or turn.failure is None:
        return messages
    note: dict[str, Any] = {
        "role": "assistant",
        "content": f"(No answer: {turn.failure.code}.)",
        "created_at": turn.ended_at or "",
    }
    return (*messages, Message(**note, tokens=8, estimated=True))

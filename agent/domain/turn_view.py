"""A turn as others see it: by itself, and in a page of history."""

from agent.domain.events import TerminalEvent
from agent.domain.exchanges import TaskEffect, effects
from agent.domain.messages import PublicMessage, Usage, Value, public
from agent.domain.terminal import terminal_event
from agent.domain.turn_record import Attempt, Failure, TurnRecord, TurnStatus
from agent.domain.undo import Undo


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
    ``interrupted_epoch`` is the attempt that told an interrupted ``message``, where that is known.
    ``undo`` is null unless the turn was cancelled with ``undo``. ``effects``: what its tools did, undone or not.
    ``regenerates`` is the former turn with the same message, ``regenerated_by`` the next one: this one is then an alternative.
    """

    turn_id: str
    conversation: str
    status: TurnStatus
    user_message: PublicMessage
    message: PublicMessage | None
    interrupted_epoch: int | None
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
    ``alternatives`` counts the former answers there were before this one; ``effects`` is what its tools did, ``undo`` what
    becomes of that: null unless it was cancelled with ``undo``.
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
    undo: Undo | None
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


def view(turn: TurnRecord, conversation: str, after: TurnRecord | None = None) -> TurnView:
    """The view of ``turn``; ``after`` is the turn behind it, if there is one."""
    return TurnView(
        turn_id=turn.turn_id,
        conversation=conversation,
        status=turn.status,
        user_message=public(turn.user),
        message=public(answer) if (answer := turn.answer()) else None,
        interrupted_epoch=turn.interrupted_epoch,
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
        undo=turn.undo,
        effects=effects(turn),
        regenerates=turn.regenerates,
        regenerated_by=regenerated_by(turn, after),
        alternatives=turn.alternatives,
    )


def regenerated_by(turn: TurnRecord, after: TurnRecord | None) -> str | None:
    """The id of ``after`` when it is another answer to the message of ``turn``."""
    return after.turn_id if after is not None and after.regenerates == turn.turn_id else None

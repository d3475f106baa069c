"""Short names for the entries that tests of projections put into logs by hand."""

from collections.abc import Iterable
from typing import Any

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
    ToolReturned,
    TurnCompleted,
    TurnQueued,
    log_entry,
)
from agent.domain.messages import PublicMessage, Usage

TURN = "main.2." + "a" * 26
USAGE = Usage(prompt_tokens=7, completion_tokens=3, total_tokens=10)


def log(*epochs: Iterable[AnyTurnEvent], end: AnyTurnEvent | None = None) -> list[LogEntry]:
    """Each argument is one epoch's entries, from 2 up; the admission's epoch comes first when it begins with queued."""
    entries: list[LogEntry] = []
    number = 2
    for events in map(list, epochs):
        queued = isinstance(events[0], TurnQueued)
        entries += [log_entry(EntryId(1 if queued else number, seq), event) for seq, event in enumerate(events)]
        number += not queued
    return entries + ([log_entry(CLOSING_ID, end)] if end else [])


def queued() -> TurnQueued:
    return TurnQueued(turn_id=TURN, position=1)


def started(step: int = 0) -> StepStarted:
    return StepStarted(turn_id=TURN, step=step)


def said(text: str, step: int = 0) -> TextDelta:
    return TextDelta(turn_id=TURN, step=step, delta=text)


def again(step: int = 0) -> StepRestarted:
    return StepRestarted(turn_id=TURN, step=step, reason="new_attempt")


def called(call: str = "c-1", step: int = 0, arguments: dict[str, Any] | str = "{}") -> ToolCalled:
    return ToolCalled(turn_id=TURN, step=step, call_id=call, name="create_task", arguments=arguments)


def returned(result: dict[str, Any], call: str = "c-1", step: int = 0, ok: bool = True) -> ToolReturned:
    return ToolReturned(turn_id=TURN, step=step, call_id=call, ok=ok, result=result)


def committed(step: int = 0) -> StepCommitted:
    return StepCommitted(turn_id=TURN, step=step, usage=USAGE)


def completed(text: str) -> TurnCompleted:
    at = "2026-01-02T03:04:09.000+00:00"
    message = PublicMessage(role="assistant", content=text, tokens=1, estimated=False, created_at=at)
    return TurnCompleted(turn_id=TURN, message=message, usage=USAGE)

"""What a log says, and what is said instead of it when it is lost. Pure: entries and records in, text and entries out."""

import json
from collections.abc import Iterable, Iterator

from agent.domain.conversation import TurnView
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
    log_entry,
)
from agent.domain.tools import arguments_shown

_COMMITTED = StepCommitted.model_fields["type"].default
_OF_A_STEP = {m.model_fields["type"].default for m in (StepStarted, StepRestarted, TextDelta, ToolCalled)}
RECORD_SEQ = 1_000_000_000  # entries made from the record stand behind any that a log had under the same epoch


class CommitWatch:
    """Watches a stream for a step that ended without its ``step.committed``: its log may lack the end of it.

    That happens after a crash, and when the log was out of reach while the step was written; only the record knows which.
    """

    def __init__(self) -> None:
        self.open = False

    def see(self, entry: LogEntry) -> None:
        """Takes note of the next entry."""
        if entry.name == _COMMITTED:
            self.open = False
        elif entry.name in _OF_A_STEP:
            self.open = True


def shown_text(entries: Iterable[LogEntry]) -> tuple[int, str]:
    """The newest step in the log and the text that readers have seen of it; restarts drop what went before."""
    step, text = 0, ""
    begins = {m.model_fields["type"].default for m in (StepStarted, StepRestarted)}
    delta = TextDelta.model_fields["type"].default
    for entry in entries:
        if entry.name in begins:
            step, text = json.loads(entry.data)["step"], ""
        elif entry.name == delta:
            text += json.loads(entry.data)["delta"]
    return step, text


def record_entries(turn: TurnView, after: EntryId | None) -> list[LogEntry]:
    """The rest of an ended turn behind ``after``, from its record: each step restarted and told whole, then the end.

    The same entries with the same ids at every call, so a reader may come back to them.
    """
    entries = [entry for step in range(len(turn.steps)) for entry in _step_entries(turn, step)]
    if turn.terminal is not None:
        entries.append(log_entry(CLOSING_ID, turn.terminal))
    return [entry for entry in entries if after is None or entry.id > after]


def _step_entries(turn: TurnView, step: int) -> Iterator[LogEntry]:
    said = turn.steps[step]
    events: list[AnyTurnEvent] = [StepRestarted(turn_id=turn.turn_id, step=step, reason="from_record")]
    if said.message.content:
        events.append(TextDelta(turn_id=turn.turn_id, step=step, delta=said.message.content))
    for call in said.message.tool_calls:
        shown = arguments_shown(call.arguments)
        events.append(ToolCalled(turn_id=turn.turn_id, step=step, call_id=call.call_id, name=call.name, arguments=shown))
    for result in said.results:
        told = json.loads(result.content)
        events.append(
            ToolReturned(turn_id=turn.turn_id, step=step, call_id=result.call_id or "", ok=bool(result.ok), result=told)
        )
    for seq, event in enumerate(events):
        yield log_entry(EntryId(said.epoch, RECORD_SEQ + seq), event)

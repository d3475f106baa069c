"""What a log says, and what is said instead of it when it is lost. Pure: entries and records in, text and entries out."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

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
    log_entry,
)
from agent.domain.tools import arguments_shown
from agent.domain.turn_view import TurnView

_COMMITTED, _STARTED, _RESTARTED, _RETURNED, _PROGRESSED = (
    model.model_fields["type"].default for model in (StepCommitted, StepStarted, StepRestarted, ToolReturned, ToolProgressed)
)
RECORD_SEQ = 1_000_000_000  # entries made from the record stand behind any that a log had under the same epoch
SHOWN_SEQ = RECORD_SEQ // 2  # and those of a step that was cut off before these: it is stored as text, not as a step


class CommitWatch:
    """Watches a stream for steps that ended without their ``step.committed``: the log may lack the end of them, or all.

    That happens after a crash, and when the log was out of reach while the step was written; only the record knows which.
    """

    def __init__(self, after: EntryId | None) -> None:
        """``after``: where the stream begins; what was before it is not known."""
        self._epoch = 0
        self._step: int | None = -1 if after is None else None
        self._committed = after is None
        self._last = ""

    def lacks(self, entry: LogEntry) -> bool:
        """Takes note of the next entry; whether something before it may never have reached the log."""
        if entry.id == CLOSING_ID:
            return self._last != _COMMITTED
        lacking = False
        if entry.id.epoch != self._epoch and entry.name in (_STARTED, _RESTARTED, _RETURNED, _PROGRESSED):
            self._epoch = entry.id.epoch
            lacking = self._turns_to(json.loads(entry.data)["step"], entry.name)
        self._last = entry.name
        if entry.name not in (_RETURNED, _PROGRESSED):
            self._committed = entry.name == _COMMITTED
        return lacking

    def _turns_to(self, step: int, name: str) -> bool:
        before, self._step = self._step, step
        if name in (_RETURNED, _PROGRESSED):
            return before != step or not self._committed
        return before != step and (before != step - 1 or (step > 0 and not self._committed))


class ShownText(NamedTuple):
    """What readers have seen of a step, and the attempt that told the newest of it."""

    step: int = 0
    text: str = ""
    epoch: int = 0


def shown_text(entries: Iterable[LogEntry]) -> ShownText:
    """The newest step in the log and the text that readers have seen of it; restarts drop what went before."""
    shown = ShownText()
    begins = {m.model_fields["type"].default for m in (StepStarted, StepRestarted)}
    delta = TextDelta.model_fields["type"].default
    for entry in entries:
        if entry.name in begins:
            shown = ShownText(json.loads(entry.data)["step"])
        elif entry.name == delta:
            shown = ShownText(shown.step, shown.text + json.loads(entry.data)["delta"], entry.id.epoch)
    return shown


def record_entries(turn: TurnView, after: EntryId | None) -> list[LogEntry]:
    """The rest of an ended turn behind ``after``, from its record: each step restarted and told whole, then the end.

    The same for what a cancelled turn had shown of the step that was cut off, once that is stored.
    The same entries with the same ids at every call, so a reader may come back to them.
    """
    end = [log_entry(CLOSING_ID, turn.terminal)] if turn.terminal is not None else []
    return _behind(after, (*_told_steps(turn), *_shown_entries(turn), *end))


def missed_entries(turn: TurnView, after: EntryId | None, before: LogEntry, *, begins_late: bool) -> list[LogEntry]:
    """What the log may lack between two of its entries, from the record, if it lacks anything.

    ``begins_late``: ``before`` is its oldest entry, so it surely does: it was lost, and begun again.
    One that is only incomplete has what a cancelled turn had shown: that was taken from it.
    Results of the step that ``before`` tells a result of are left out: the log has them under epochs of their own.
    """
    if not (turn.log_incomplete or begins_late):
        return []
    known = (*_told_steps(turn), *(_shown_entries(turn) if begins_late else ()))
    told = [entry for entry in _behind(after, known) if entry.id < before.id]
    if before.name not in (_RETURNED, _PROGRESSED):
        return told
    step = json.loads(before.data)["step"]
    return [entry for entry in told if entry.name != _RETURNED or json.loads(entry.data)["step"] != step]


def _behind(after: EntryId | None, entries: Iterable[LogEntry]) -> list[LogEntry]:
    return [entry for entry in entries if after is None or entry.id > after]


def _told_steps(turn: TurnView) -> Iterator[LogEntry]:
    for step in range(len(turn.steps)):
        yield from _step_entries(turn, step)


def _shown_entries(turn: TurnView) -> Iterator[LogEntry]:
    if turn.message is None or not turn.message.interrupted:
        return
    step, epoch = len(turn.steps), turn.interrupted_epoch or turn.epoch
    yield log_entry(EntryId(epoch, SHOWN_SEQ), _restarted(turn, step))
    yield log_entry(EntryId(epoch, SHOWN_SEQ + 1), TextDelta(turn_id=turn.turn_id, step=step, delta=turn.message.content))


def _restarted(turn: TurnView, step: int) -> StepRestarted:
    return StepRestarted(turn_id=turn.turn_id, step=step, reason="from_record")


def _step_entries(turn: TurnView, step: int) -> Iterator[LogEntry]:
    said = turn.steps[step]
    events: list[AnyTurnEvent] = [_restarted(turn, step)]
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

"""A turn's log as the events of one response. Pure: the same entries give the same events with the same numbers, anywhere.

    created -> [queued] -> in_progress -> items ... -> completed | failed | incomplete (status cancelled)

An item is told as it grows. One whose step is told again ends as incomplete, and another begins; the response in the last event
holds what is stored, so no text is in it twice. Refuses to know HTTP, ports and how entries are read.

Numbers are gap-free where the log is. Where a part of it was lost they go on behind all that were given to that part, so that
who comes back to one of those gets all that is told in its place. Each epoch has numbers of its own for that.
"""

from collections.abc import Iterable
from typing import Any

from agent.api.wires.reading import event_of
from agent.api.wires.responses.items import CallItem, Item, MessageItem
from agent.api.wires.responses.response import Head, ResponseStatus, head_of, response
from agent.domain.events import (
    CLOSING_ID,
    AnyTurnEvent,
    EntryId,
    LogEntry,
    StepCommitted,
    StepRestarted,
    StepStarted,
    TerminalEvent,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnQueued,
)
from agent.domain.limits import NUMBERS_PER_EPOCH
from agent.domain.replay import RECORD_SEQ, SHOWN_SEQ, record_entries
from agent.domain.turn_record import ADMISSION_EPOCH
from agent.domain.turn_view import TurnView

Json = dict[str, Any]
ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})


class ResponseEvents:
    """The state of one response. Feed it every entry of the log from the first; begin before that.

    ``head`` is None where it is not known yet: the responses in the events then lack their ``opening``.
    """

    def __init__(self, turn_id: str, head: Head | None) -> None:
        self._turn_id, self._head = turn_id, head
        self._next, self._indexes = 0, 0
        self._lost = True  # whether something may be lost before the next entry of the log
        self._under_way = False
        self._committed = -1  # the newest step that is known to be stored
        self._output: list[Item] = []
        self._calls: dict[str, CallItem] = {}
        self._ids: set[str] = set()

    def begin(self) -> list[Json]:
        """The event that comes before anything is in the log: it gives the client the response's id."""
        return self._numbered([self._lifecycle("created", "in_progress")])

    def feed(self, entry: LogEntry) -> list[Json]:
        """The events of the next entry."""
        self._reach(entry.id)
        event = event_of(entry)
        if event is None:
            return []
        started: list[Json] = []
        if not self._under_way and not isinstance(event, TurnQueued | TerminalEvent):
            self._under_way = True
            started = [self._lifecycle("in_progress", "in_progress")]
        return self._numbered([*started, *self._told(entry.id, event)])

    def snapshot(self, status: ResponseStatus) -> Json:
        """The response as it is now."""
        return response(self._head, status, [item.shown() for item in self._output])

    def settle(self) -> None:
        """What was fed so far is stored."""
        self._commit(max((item.step for item in self._output), default=-1))

    def _reach(self, at: EntryId) -> None:
        """Lets the numbers go on where none of an older log can have been: its epochs were older, or it lacks this entry."""
        if at == CLOSING_ID:
            return  # it has a number behind whatever its reader asks for
        from_record = at.seq >= SHOWN_SEQ
        if from_record or self._lost:
            first = (at.epoch - ADMISSION_EPOCH - 1) * NUMBERS_PER_EPOCH + (NUMBERS_PER_EPOCH // 2 if from_record else 0)
            self._next = max(self._next, first)
        self._lost = from_record

    def _told(self, at: EntryId, event: AnyTurnEvent) -> list[Json]:
        match event:
            case TextDelta():
                return self._message(at, event.step, event.delta)
            case ToolCalled():
                return self._called(at, event)
            case ToolReturned():
                call = self._calls.get(event.call_id)  # none: the log has lost it
                return self._commit(event.step) + (call.returned(event.ok, event.result) if call else [])
            case StepStarted():
                return self._commit(event.step - 1)
            case StepRestarted():
                return self._commit(event.step - 1) + self._drop(event.step)
            case StepCommitted():
                return self._commit(event.step)
            case _:
                return self._of_turn(event)

    def _of_turn(self, event: AnyTurnEvent) -> list[Json]:
        match event:
            case TurnQueued():
                return [self._lifecycle("queued", "queued")]
            case TurnCompleted():
                return self._completed(event)
            case TurnFailed():
                dropped = self._commit(self._committed) + self._drop(self._committed + 1) + self._let_go()
                return dropped + self._ended("failed", response(self._head, "failed", self._settled(), failed=event))
            case TurnCancelled():
                return self._commit(self._committed) + self._cancelled()
            case _:
                return []

    def _called(self, at: EntryId, event: ToolCalled) -> list[Json]:
        self._note(at, event.step)
        item_id = self._id(f"mcp_{event.call_id}-{at.epoch}")
        call = CallItem(item_id, self._index(), event.step, event.name, event.arguments)
        self._calls[event.call_id] = call
        self._output.append(call)
        return call.opened()

    def _note(self, at: EntryId, step: int) -> None:
        """An entry that was made from the record tells of a step that is stored."""
        if at.seq >= RECORD_SEQ:
            self._committed = max(self._committed, step)

    def _message(self, at: EntryId, step: int, delta: str) -> list[Json]:
        """More text of the step: of the message that is open, or of a new one."""
        self._note(at, step)
        last = next((i for i in reversed(self._output) if isinstance(i, MessageItem)), None)
        if last is not None and last.step == step and not last.ended:
            return last.said(delta)
        message = MessageItem(self._id(f"msg_{self._turn_id}-{at.epoch}"), self._index(), step)
        self._output.append(message)
        return message.opened() + message.said(delta)

    def _commit(self, step: int) -> list[Json]:
        """Everything up to ``step`` is stored: what was said in it is complete."""
        self._committed = max(self._committed, step)
        calling = {item.step for item in self._output if isinstance(item, CallItem)}
        said = [item for item in self._output if isinstance(item, MessageItem) and item.step <= step and not item.ended]
        return [event for item in said for event in item.completed("commentary" if item.step in calling else "final_answer")]

    def _drop(self, step: int) -> list[Json]:
        """What was told from ``step`` on is not to be kept."""
        dropped = [item for item in self._output if item.step >= step]
        self._output = [item for item in self._output if item.step < step]
        self._committed = min(self._committed, step - 1)
        return [event for item in dropped for event in item.closed("incomplete")]

    def _completed(self, event: TurnCompleted) -> list[Json]:
        """The end of an answered turn, with the last step's text as it is stored, also where the log has lost some of it."""
        last = self._output[-1] if self._output else None
        told = last if isinstance(last, MessageItem) else None
        events: list[Json] = []
        if event.message.content != (told.text if told else ""):
            calls = {item.step for item in self._output if isinstance(item, CallItem)}
            step = max((item.step for item in self._output), default=-1) + 1
            if told and told.step not in calls:
                events, step = self._drop(told.step), told.step
            events += self._message(EntryId(0, 0), step, event.message.content)
        events += self._commit(max((item.step for item in self._output), default=0))
        loose = self._let_go()
        whole = response(
            self._head, "completed", self._settled(), usage=event.usage, completed_at=event.message.created_at or None
        )
        return events + loose + self._ended("completed", whole)

    def _cancelled(self) -> list[Json]:
        """What had been shown of a step that was cut off is kept, as in the record; the calls it had asked for are not."""
        loose = self._let_go()
        self._output = [i for i in self._output if isinstance(i, MessageItem) or i.step <= self._committed]
        return loose + self._ended("incomplete", response(self._head, "cancelled", self._settled()))

    def _let_go(self) -> list[Json]:
        """The turn is over: nothing more will come of what is still open."""
        return [event for item in self._output if not item.ended for event in item.closed("incomplete")]

    def _settled(self) -> list[Json]:
        return [item.shown() for item in self._output]

    def _ended(self, how: str, whole: Json) -> list[Json]:
        return [{"type": f"response.{how}", "response": whole}]

    def _lifecycle(self, name: str, status: ResponseStatus) -> Json:
        return {"type": f"response.{name}", "response": self.snapshot(status)}

    def _index(self) -> int:
        self._indexes += 1
        return self._indexes - 1

    def _id(self, wanted: str) -> str:
        """An id is told once: entries from the record repeat an epoch that a log with a gap may have told in part."""
        while wanted in self._ids:
            wanted += "r"
        self._ids.add(wanted)
        return wanted

    def _numbered(self, events: Iterable[Json]) -> list[Json]:
        numbered: list[Json] = []
        for event in events:
            numbered.append({"type": event["type"], "sequence_number": self._next, **event})
            self._next += 1
        return numbered


def response_of(view: TurnView, previous: str | None) -> Json:
    """The response of a stored turn: what its last event says once it has ended, before that what is stored so far."""
    events = ResponseEvents(view.turn_id, head_of(view, previous))
    told = [event for entry in record_entries(view, None) for event in events.feed(entry)]
    if told and told[-1]["type"] in ENDS:
        return told[-1]["response"]
    events.settle()
    return events.snapshot("queued" if view.status == "queued" else "in_progress")

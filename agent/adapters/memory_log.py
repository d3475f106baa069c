"""TurnLog in this process's memory: for one process. Same contract as the Redis adapter that replicas use.

A log lives from its first entry until it is closed and old, or crowded out; a lost log degrades a stream, never an answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from typing import NoReturn

from agent.domain.errors import Closed, Fenced, LogUnavailable
from agent.domain.events import CLOSING_ID, AnyTurnEvent, EntryId, LogEntry, TerminalEvent, log_entry
from agent.domain.ids import TurnKey
from agent.domain.limits import BEAT_KEPT, HEARTBEAT, LOG_CLOSED_KEPT_MAX, LOG_CLOSED_KEPT_SECONDS, LOG_ENTRIES_MAX


class _Log:
    """One turn's entries, and a signal that is replaced at every change."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_beat: float | None = None

    @property
    def newest(self) -> EntryId:
        return self.entries[-1].id if self.entries else EntryId(0, 0)

    @property
    def closed(self) -> bool:
        return self.newest == CLOSING_ID

    def add(self, entries: Sequence[LogEntry]) -> None:
        self.entries.extend(entries)
        self.changed.set_result(None)
        self.changed = asyncio.get_running_loop().create_future()

    def refuse(self, epoch: int) -> None:
        """Raises Closed or Fenced when ``epoch`` may not write any more."""
        if self.closed:
            raise Closed
        if self.newest.epoch > epoch:
            raise Fenced

    def after(self, cursor: EntryId | None) -> int:
        """Position of the first entry behind ``cursor``."""
        if cursor is None:
            return 0
        return next((i for i, e in enumerate(self.entries) if e.id > cursor), len(self.entries))


class MemoryTurnLog:
    """See ``agent.ports.TurnLog``. All calls on one event loop."""

    def __init__(self) -> None:
        self._logs: dict[TurnKey, _Log] = {}
        self._closed: OrderedDict[TurnKey, float] = OrderedDict()

    async def append(self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent]) -> None:
        log = self._logs.get(turn)
        if log is None or not log.entries:
            if first.seq != 0:
                raise Fenced  # only an epoch's first entry may create a log: a zombie must not revive an expired one
            log = self._log(turn)
        log.refuse(first.epoch)
        written = log.newest.seq + 1 if log.newest.epoch == first.epoch else 0
        entries = [log_entry(EntryId(first.epoch, first.seq + i), event) for i, event in enumerate(events)]
        fresh = entries[max(0, written - first.seq) :]
        if len(log.entries) + len(fresh) > LOG_ENTRIES_MAX:
            raise LogUnavailable
        if fresh:
            log.add(fresh)

    async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
        log = self._log(turn)
        if not log.closed:
            log.add([log_entry(CLOSING_ID, event)])
            self._retire(turn)

    async def newest(self, turn: TurnKey) -> EntryId | None:
        log = self._logs.get(turn)
        return log.entries[-1].id if log and log.entries else None

    async def oldest(self, turn: TurnKey) -> EntryId | None:
        log = self._logs.get(turn)
        return log.entries[0].id if log and log.entries else None

    async def wait_refused(self, turn: TurnKey, epoch: int) -> NoReturn:
        log = self._log(turn)
        while True:
            log.refuse(epoch)
            await asyncio.shield(log.changed)

    async def beat(self, turn: TurnKey) -> None:
        if log := self._logs.get(turn):
            log.last_beat = asyncio.get_running_loop().time()

    async def beats(self, turn: TurnKey) -> bool:
        log = self._logs.get(turn)
        if log is None or log.last_beat is None:
            return False
        return asyncio.get_running_loop().time() - log.last_beat < BEAT_KEPT

    async def follow(self, turn: TurnKey, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
        if after == CLOSING_ID:
            return  # also when the log is gone: whoever saw the end has seen all
        log = self._log(turn)
        position = log.after(after)
        while not (log.closed and position == len(log.entries)):
            if position == len(log.entries):
                await asyncio.wait({log.changed}, timeout=HEARTBEAT)
            batch = [e for e in log.entries[position:] if after is None or e.id > after]
            position = len(log.entries)
            if batch:
                after = None  # the cursor may have been ahead of the log; from here on everything is behind it
            yield batch

    def _log(self, turn: TurnKey) -> _Log:
        """The turn's log; an empty one that somebody waits for, or is about to write, when there is none."""
        return self._logs.setdefault(turn, _Log())

    def _retire(self, turn: TurnKey) -> None:
        """Keeps closed logs for a while, within both bounds."""
        now = asyncio.get_running_loop().time()
        self._closed[turn] = now
        while self._closed:
            oldest, since = next(iter(self._closed.items()))
            if len(self._closed) <= LOG_CLOSED_KEPT_MAX and now - since < LOG_CLOSED_KEPT_SECONDS:
                return
            del self._closed[oldest]
            self._logs.pop(oldest, None)

"""Following a turn: its log to the end, or what is stored where the log is silent or incomplete. Every wire reads this."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from agent.domain import cursors
from agent.domain.errors import LogUnavailable, Problem, Unavailable
from agent.domain.events import CLOSING_ID, EntryId, LogEntry, TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.limits import OPEN_LOG_WAIT, RECORD_RETRY
from agent.domain.replay import CommitWatch, missed_entries, record_entries
from agent.domain.turn_record import ENDED, TurnStatus
from agent.domain.turn_view import TurnView
from agent.ports import Chats, TurnLog

Stored = TypeVar("Stored")


async def open_turn(
    log: TurnLog, chats: Chats, turn: TurnKey, after: EntryId | None, status: TurnStatus | None = None
) -> AsyncIterator[list[LogEntry]]:
    """As ``turn_entries``, for any turn at any time: from the record once it has ended and its log is gone.

    ``status`` is what the admission of the turn has just said: one that runs or waits need not be asked for again.

    The actor of the turn may just have lost its host: a place within an open log is not kept waiting for its next one.
    What this raises, it raises before the first entry is asked for.

    Raises:
        NotFound.
        BadRequest: ``cursor_from_the_future``.
    """
    if status is not None and status not in ENDED:
        return turn_entries(log, chats, turn, after)
    look = asyncio.ensure_future(chats.heal(turn))
    try:
        newest = await _newest(log, turn)
        if newest is not None and (after or newest) <= newest < CLOSING_ID:
            await asyncio.wait({look}, timeout=OPEN_LOG_WAIT)
            if not look.done():
                return _healing(log, chats, turn, after, look)
        view = await look
    except BaseException:
        look.cancel()
        raise
    newest = await _newest(log, turn)  # again: the turn may have begun and ended since
    cursors.check(after, EntryId(view.epoch, 0), newest, ended=view.terminal is not None)
    if view.terminal is not None and newest is None:
        # Where nothing is stored the producer may be just about to write: the closing entry is to be there before.
        if view.steps or not await close_log(log, turn, view.terminal):
            return _recorded(view, after)
    return turn_entries(log, chats, turn, after)


async def close_log(log: TurnLog, turn: TurnKey, event: TerminalEvent) -> bool:
    """Writes the closing entry, unless it is there; whether the log could be reached."""
    with contextlib.suppress(LogUnavailable):
        await log.close(turn, event)
        return True
    return False


async def _newest(log: TurnLog, turn: TurnKey) -> EntryId | None:
    with contextlib.suppress(LogUnavailable):
        return await log.newest(turn)
    return None


async def _healing(
    log: TurnLog, chats: Chats, turn: TurnKey, after: EntryId | None, look: asyncio.Future[TurnView]
) -> AsyncIterator[list[LogEntry]]:
    """As ``turn_entries``, while ``look`` goes on: it revives a turn whose workflow is gone, and may find that it has ended."""
    settling = asyncio.ensure_future(_settle(log, turn, look))
    try:
        async for batch in turn_entries(log, chats, turn, after):
            yield batch
    finally:
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)


async def _settle(log: TurnLog, turn: TurnKey, look: asyncio.Future[TurnView]) -> None:
    """What it cannot find out or write, the reader finds out after the next silence."""
    with contextlib.suppress(Problem):
        view = await look
        if view.terminal is not None:
            await close_log(log, turn, view.terminal)


async def _recorded(turn: TurnView, after: EntryId | None) -> AsyncIterator[list[LogEntry]]:
    if entries := record_entries(turn, after):
        yield entries


async def turn_entries(log: TurnLog, chats: Chats, turn: TurnKey, after: EntryId | None) -> AsyncIterator[list[LogEntry]]:
    """Batches of the turn's entries from its first, or behind ``after``, to its terminal one; never empty.

    In silence it asks the ChatActor: that heals a turn whose workflow is gone, and ends a stream whose log is.
    """
    watch, seen_last = CommitWatch(after), after
    async for batch in log.follow(turn, after):
        if batch:
            told: list[LogEntry] = []
            for entry in batch:
                if watch.lacks(entry):
                    begins_late = await _is_oldest(log, turn, entry)
                    told += missed_entries(
                        await once_reached(partial(chats.heal, turn)), seen_last, entry, begins_late=begins_late
                    )
                told.append(entry)
                seen_last = entry.id
            yield told
            continue
        try:
            seen = await chats.heal(turn)
        except Unavailable:
            continue  # asked again after the next silence
        if seen.terminal is None:
            continue
        # The log ends the stream, behind everything that is still on its way.
        if not await close_log(log, turn, seen.terminal):
            yield record_entries(seen, seen_last)
            return


async def _is_oldest(log: TurnLog, turn: TurnKey, entry: LogEntry) -> bool:
    """Whether the log begins with this entry."""
    with contextlib.suppress(LogUnavailable):
        return await log.oldest(turn) == entry.id
    return False


async def once_reached(ask: Callable[[], Awaitable[Stored]]) -> Stored:
    """What the ChatActor has stored, however long that takes: an end told without it would be told for good."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(RECORD_RETRY)

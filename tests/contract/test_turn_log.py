"""The TurnLog contract. One suite for every adapter: memory now, others by adding them to ``ADAPTERS``."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

import pytest

from agent.adapters import memory_log
from agent.adapters.memory_log import MemoryTurnLog
from agent.domain.errors import Closed, Fenced, LogUnavailable
from agent.domain.events import (
    CLOSING_ID,
    EntryId,
    LogEntry,
    StepRestarted,
    StepStarted,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from agent.domain.ids import TurnKey
from agent.domain.messages import PublicMessage, Usage
from agent.ports import TurnLog
from tests.fakes.ports import closable

TURN = TurnKey("default", "local", "main.1." + "a" * 26)
OTHER = TurnKey("default", "local", "main.2." + "a" * 26)
HEARTBEAT = 0.05
ENTRIES_MAX = 40
CLOSED_KEPT_MAX = 3
PATIENCE = 5.0  # the machine may be busy


@dataclass
class Adapter:
    """A log with small bounds, and the way to make its closed logs expire."""

    log: TurnLog
    expire: Callable[[], Awaitable[None]]


async def memory(monkeypatch: pytest.MonkeyPatch) -> Adapter:
    monkeypatch.setattr(memory_log, "HEARTBEAT", HEARTBEAT)
    monkeypatch.setattr(memory_log, "LOG_ENTRIES_MAX", ENTRIES_MAX)
    monkeypatch.setattr(memory_log, "LOG_CLOSED_KEPT_MAX", CLOSED_KEPT_MAX)
    log = MemoryTurnLog()

    async def expire() -> None:
        monkeypatch.setattr(memory_log, "LOG_CLOSED_KEPT_SECONDS", 0.0)
        await log.close(TurnKey("default", "local", "one that ends later"), TurnCancelled(turn_id="x"))

    return Adapter(log, expire)


ADAPTERS = {"memory": memory}


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
async def adapter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    return await request.param(monkeypatch)


@pytest.fixture
def log(adapter: Adapter) -> TurnLog:
    return adapter.log


def delta(text: str) -> TextDelta:
    return TextDelta(turn_id=TURN.turn_id, step=0, delta=text)


def completed(text: str = "ok") -> TurnCompleted:
    message = PublicMessage(role="assistant", content=text, tokens=1, estimated=False, created_at="")
    return TurnCompleted(turn_id=TURN.turn_id, message=message, usage=Usage())


async def take(log: TurnLog, count: int, after: EntryId | None = None, turn: TurnKey = TURN) -> list[LogEntry]:
    """The next ``count`` entries after the cursor."""
    entries: list[LogEntry] = []
    async with asyncio.timeout(PATIENCE), aclosing(closable(log.follow(turn, after))) as batches:
        async for batch in batches:
            entries += batch
            if len(entries) >= count:
                break
    return entries


async def to_the_end(log: TurnLog, after: EntryId | None = None, turn: TurnKey = TURN) -> list[LogEntry]:
    """Everything after the cursor; returns when the stream ends by itself."""
    async with asyncio.timeout(PATIENCE):
        return [entry async for batch in log.follow(turn, after) for entry in batch]


def ids_of(entries: list[LogEntry]) -> list[str]:
    return [str(e.id) for e in entries]


async def test_entries_come_back_in_order_with_their_ids_and_end_with_the_closing_one(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [TurnStarted(turn_id=TURN.turn_id), StepStarted(turn_id=TURN.turn_id, step=0)])
    await log.append(TURN, EntryId(2, 2), [delta("a")])
    await log.close(TURN, completed())
    entries = await to_the_end(log)
    assert ids_of(entries) == ["2-0", "2-1", "2-2", str(CLOSING_ID)]
    assert [e.name for e in entries] == ["turn.started", "step.started", "text.delta", "turn.completed"]
    assert TextDelta.model_validate_json(entries[2].data) == delta("a")


async def test_an_older_epoch_is_refused_and_writes_nothing(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("old")])
    await log.append(TURN, EntryId(3, 0), [StepRestarted(turn_id=TURN.turn_id, step=0, reason="new_attempt")])
    for zombie in (EntryId(2, 1), EntryId(2, 0), EntryId(1, 0)):
        with pytest.raises(Fenced):
            await log.append(TURN, zombie, [delta("zombie")])
    assert ids_of(await take(log, 2)) == ["2-0", "3-0"]


async def test_a_write_whose_answer_came_late_may_be_repeated(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a"), delta("b")])
    await log.append(TURN, EntryId(2, 0), [delta("a"), delta("b")])
    await log.append(TURN, EntryId(2, 1), [delta("b"), delta("c")])
    await log.append(TURN, EntryId(2, 1), [delta("b")])
    await log.append(TURN, EntryId(2, 3), [delta("d")])
    entries = await take(log, 4)
    assert ids_of(entries) == ["2-0", "2-1", "2-2", "2-3"]
    assert [TextDelta.model_validate_json(e.data).delta for e in entries] == ["a", "b", "c", "d"]


async def test_nothing_follows_the_closing_entry(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.close(TURN, completed())
    for late in (EntryId(2, 0), EntryId(2, 1), EntryId(3, 0), EntryId(10**9, 0)):
        with pytest.raises(Closed):
            await log.append(TURN, late, [delta("late")])
    await log.close(TURN, TurnFailed(turn_id=TURN.turn_id, code="other", message="", retryable=False))
    entries = await to_the_end(log)
    assert [e.name for e in entries] == ["text.delta", "turn.completed"], "the first end is the only one"


async def test_a_turn_may_end_before_anything_was_written(log: TurnLog) -> None:
    await log.close(TURN, TurnCancelled(turn_id=TURN.turn_id))
    assert [e.name for e in await to_the_end(log)] == ["turn.cancelled"]
    with pytest.raises(Closed):
        await log.append(TURN, EntryId(2, 0), [delta("late")])


async def test_only_an_epochs_first_entry_creates_a_log(log: TurnLog) -> None:
    with pytest.raises(Fenced):
        await log.append(TURN, EntryId(2, 1), [delta("b")])
    await log.append(TURN, EntryId(3, 0), [delta("a")])
    assert ids_of(await take(log, 1)) == ["3-0"]


async def test_somebody_who_listens_creates_no_log(log: TurnLog) -> None:
    follower = asyncio.create_task(take(log, 1))
    watcher = asyncio.create_task(log.wait_refused(TURN, 2))
    await asyncio.sleep(HEARTBEAT / 5)
    with pytest.raises(Fenced):
        await log.append(TURN, EntryId(2, 1), [delta("b")])
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    assert ids_of(await follower) == ["2-0"]
    watcher.cancel()
    await asyncio.gather(watcher, return_exceptions=True)


async def test_a_gap_is_kept_as_it_is_for_followers_to_see(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.append(TURN, EntryId(2, 5), [delta("f")])
    assert ids_of(await take(log, 2)) == ["2-0", "2-5"]


async def test_a_producer_hears_that_it_is_fenced(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    waits = asyncio.create_task(log.wait_refused(TURN, 2))
    await log.append(TURN, EntryId(2, 1), [delta("b")])
    await asyncio.sleep(HEARTBEAT / 5)
    assert not waits.done(), "its own entries refuse nothing"
    await log.append(TURN, EntryId(3, 0), [delta("a")])
    with pytest.raises(Fenced):
        await asyncio.wait_for(waits, PATIENCE)
    with pytest.raises(Fenced):
        await asyncio.wait_for(log.wait_refused(TURN, 2), PATIENCE)


async def test_a_producer_hears_that_the_turn_is_over_before_it_wrote_anything(log: TurnLog) -> None:
    waits = asyncio.create_task(log.wait_refused(TURN, 2))
    await asyncio.sleep(0)
    await log.close(TURN, TurnCancelled(turn_id=TURN.turn_id))
    with pytest.raises(Closed):
        await asyncio.wait_for(waits, PATIENCE)


async def test_one_watcher_that_leaves_disturbs_nobody(log: TurnLog) -> None:
    leaves, stays = (asyncio.create_task(log.wait_refused(TURN, 2)) for _ in range(2))
    reader = asyncio.create_task(to_the_end(log))
    await asyncio.sleep(HEARTBEAT / 5)
    leaves.cancel()
    with suppress(asyncio.CancelledError):
        await leaves
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.close(TURN, completed())
    with pytest.raises(Closed):
        await asyncio.wait_for(stays, PATIENCE)
    assert len(await reader) == 2


@pytest.mark.parametrize("seen", range(5))
async def test_a_follower_continues_after_its_cursor(log: TurnLog, seen: int) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a"), delta("b")])
    await log.append(TURN, EntryId(4, 0), [delta("a"), delta("b")])
    await log.close(TURN, completed())
    everything = await to_the_end(log)
    cursor = everything[seen - 1].id if seen else None
    assert await to_the_end(log, cursor) == everything[seen:]


async def test_a_cursor_between_entries_is_a_place_too(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.append(TURN, EntryId(4, 0), [delta("b")])
    await log.close(TURN, completed())
    assert ids_of(await to_the_end(log, EntryId(3, 7))) == ["4-0", str(CLOSING_ID)]
    assert await to_the_end(log, CLOSING_ID) == [], "whoever saw the end has seen all"


async def test_followers_get_entries_as_they_come(log: TurnLog) -> None:
    follower = log.follow(TURN, None)
    async with asyncio.timeout(PATIENCE), aclosing(closable(follower)) as batches:
        await log.append(TURN, EntryId(2, 0), [delta("a")])
        assert ids_of(await anext(batches)) == ["2-0"]
        await log.append(TURN, EntryId(2, 1), [delta("b")])
        assert ids_of(await anext(batches)) == ["2-1"]
        assert await anext(batches) == [], "silence"
        assert await anext(batches) == [], "still"
        await log.close(TURN, completed())
        assert ids_of(await anext(batches)) == [str(CLOSING_ID)]


async def test_many_followers_see_the_same(log: TurnLog) -> None:
    readers = [asyncio.create_task(to_the_end(log)) for _ in range(20)]
    for seq in range(ENTRIES_MAX - 5):
        await log.append(TURN, EntryId(2, seq), [delta(str(seq))])
        if seq % 7 == 0:
            readers.append(asyncio.create_task(to_the_end(log)))
            await asyncio.sleep(0)
    await log.close(TURN, completed())
    first, *rest = await asyncio.gather(*readers)
    assert len(first) == ENTRIES_MAX - 4
    assert all(seen == first for seen in rest)


async def test_logs_of_different_turns_are_apart(log: TurnLog) -> None:
    await log.append(TURN, EntryId(5, 0), [delta("mine")])
    await log.append(OTHER, EntryId(2, 0), [delta("other")])
    await log.append(TURN._replace(user="eve"), EntryId(2, 0), [delta("eve's")])
    await log.close(OTHER, completed())
    await log.append(TURN, EntryId(5, 1), [delta("mine")])
    assert ids_of(await take(log, 2)) == ["5-0", "5-1"]


async def test_a_full_log_is_out_of_reach_and_can_still_be_closed(log: TurnLog) -> None:
    for seq in range(ENTRIES_MAX):
        await log.append(TURN, EntryId(2, seq), [delta("x")])
    with pytest.raises(LogUnavailable):
        await log.append(TURN, EntryId(2, ENTRIES_MAX), [delta("one too many")])
    await log.append(TURN, EntryId(2, 0), [delta("x")])
    await log.close(TURN, completed())
    assert len(await to_the_end(log)) == ENTRIES_MAX + 1


async def test_closed_logs_expire_and_open_ones_do_not(adapter: Adapter) -> None:
    log = adapter.log
    await log.append(OTHER, EntryId(2, 0), [delta("open")])
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.close(TURN, completed())
    await adapter.expire()
    assert ids_of(await take(log, 1, turn=OTHER)) == ["2-0"]
    async with asyncio.timeout(PATIENCE), aclosing(closable(log.follow(TURN, None))) as batches:
        assert await anext(batches) == [], "its record tells the rest"
    with pytest.raises(Fenced):
        await log.append(TURN, EntryId(2, 1), [delta("zombie")])


async def test_only_so_many_closed_logs_are_kept(log: TurnLog) -> None:
    turns = [TurnKey("default", "local", f"main.{n}.x") for n in range(CLOSED_KEPT_MAX + 2)]
    for turn in turns:
        await log.append(turn, EntryId(2, 0), [delta("a")])
        await log.close(turn, completed())
    for turn in turns[-CLOSED_KEPT_MAX:]:
        assert len(await to_the_end(log, turn=turn)) == 2
    async with asyncio.timeout(PATIENCE), aclosing(closable(log.follow(turns[0], None))) as batches:
        assert await anext(batches) == []

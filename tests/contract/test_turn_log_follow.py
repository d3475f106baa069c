"""The TurnLog contract, for every adapter: who follows it, from where, and when a producer must stop."""

import asyncio
from contextlib import aclosing, suppress

import pytest

from agent.domain.errors import Closed, Fenced
from agent.domain.events import (
    CLOSING_ID,
    EntryId,
    TurnCancelled,
)
from agent.ports import TurnLog
from tests.contract.logs import (
    ENTRIES_MAX,
    HEARTBEAT,
    PATIENCE,
    TURN,
    completed,
    delta,
    heard,
    ids_of,
    take,
    to_the_end,
)


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


async def test_whoever_saw_the_end_has_seen_all_of_a_log_that_is_gone_too(log: TurnLog) -> None:
    assert await to_the_end(log, CLOSING_ID) == []


async def test_a_follower_that_is_ahead_hears_nothing_until_the_log_gets_there(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    async with aclosing(log.follow(TURN, EntryId(2, 1))) as batches:
        assert await anext(batches) == []
        await log.append(TURN, EntryId(2, 1), [delta("b")])
        await log.append(TURN, EntryId(2, 2), [delta("c")])
        assert ids_of(await heard(batches)) == ["2-2"]


async def test_followers_get_entries_as_they_come(log: TurnLog) -> None:
    follower = log.follow(TURN, None)
    async with asyncio.timeout(PATIENCE), aclosing(follower) as batches:
        await log.append(TURN, EntryId(2, 0), [delta("a")])
        assert ids_of(await heard(batches)) == ["2-0"]
        await log.append(TURN, EntryId(2, 1), [delta("b")])
        assert ids_of(await heard(batches)) == ["2-1"]
        assert await anext(batches) == [], "silence"
        assert await anext(batches) == [], "still"
        await log.close(TURN, completed())
        assert ids_of(await heard(batches)) == [str(CLOSING_ID)]


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

"""The TurnLog contract, for every adapter: what is written, what is refused, and what is kept."""

import asyncio
from contextlib import aclosing

import pytest

from agent.adapters import memory_log, redis_log
from agent.domain.errors import Closed, Fenced, LogUnavailable
from agent.domain.events import (
    CLOSING_ID,
    EntryId,
    StepRestarted,
    StepStarted,
    TextDelta,
    TurnCancelled,
    TurnFailed,
    TurnStarted,
)
from agent.domain.ids import TurnKey
from agent.ports import TurnLog
from tests.contract.logs import (
    CLOSED_KEPT_MAX,
    ENTRIES_MAX,
    OTHER,
    PATIENCE,
    TURN,
    Adapter,
    completed,
    delta,
    eventually,
    ids_of,
    memory,
    take,
    to_the_end,
)


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


async def test_a_beat_is_heard_for_a_while_and_by_no_follower(log: TurnLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(seconds: float) -> None:
        for module in (memory_log, redis_log):
            monkeypatch.setattr(module, "BEAT_KEPT", seconds)

    keep(60.0)
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    assert not await log.beats(TURN), "an entry is no beat"
    await log.beat(TURN)
    assert await log.beats(TURN)
    assert not await log.beats(OTHER)

    async def silent() -> bool:
        return not await log.beats(TURN)

    keep(0.1)
    await log.beat(TURN)
    await eventually(silent)
    await log.close(TURN, completed())
    assert ids_of(await to_the_end(log)) == ["2-0", str(CLOSING_ID)]


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


async def test_a_gap_is_kept_as_it_is_for_followers_to_see(log: TurnLog) -> None:
    await log.append(TURN, EntryId(2, 0), [delta("a")])
    await log.append(TURN, EntryId(2, 5), [delta("f")])
    assert ids_of(await take(log, 2)) == ["2-0", "2-5"]


async def test_the_oldest_and_newest_entries_are_told_and_that_there_is_none(log: TurnLog) -> None:
    assert (await log.oldest(TURN), await log.newest(TURN)) == (None, None)
    await log.append(TURN, EntryId(2, 0), [delta("a"), delta("b")])
    assert await log.newest(TURN) == EntryId(2, 1)
    await log.close(TURN, completed())
    assert (await log.oldest(TURN), await log.newest(TURN)) == (EntryId(2, 0), CLOSING_ID)


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
    async with asyncio.timeout(PATIENCE), aclosing(log.follow(TURN, None)) as batches:
        assert await anext(batches) == [], "its record tells the rest"
    with pytest.raises(Fenced):
        await log.append(TURN, EntryId(2, 1), [delta("zombie")])


@pytest.mark.parametrize("adapter", [memory], ids=["memory"], indirect=True)
async def test_only_so_many_closed_logs_are_kept_in_memory(log: TurnLog) -> None:
    turns = [TurnKey("default", "local", f"main.{n}.x") for n in range(CLOSED_KEPT_MAX + 2)]
    for turn in turns:
        await log.append(turn, EntryId(2, 0), [delta("a")])
        await log.close(turn, completed())
    for turn in turns[-CLOSED_KEPT_MAX:]:
        assert len(await to_the_end(log, turn=turn)) == 2
    async with asyncio.timeout(PATIENCE), aclosing(log.follow(turns[0], None)) as batches:
        assert await anext(batches) == []

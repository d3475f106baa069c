"""Opening the stream of a turn: a place within an open log is served at once; for all others the turn is asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from agent.adapters import memory_log
from agent.adapters.memory_log import MemoryTurnLog
from agent.api.following import open_turn
from agent.domain.errors import BadRequest, Closed, NotFound
from agent.domain.events import EntryId, LogEntry, StepStarted, TextDelta, TurnCancelled, TurnStarted
from agent.domain.ids import TurnKey
from agent.domain.turn_view import TurnView
from tests.unit.turns.host import ChatHost, turn_key

PATIENCE = 30.0
TURN = turn_key("main.1." + "a" * 26)


class Homeless:
    """A ChatActor between two hosts: it answers nobody. ``asked`` is set by whoever asks."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def heal(self, turn: TurnKey) -> TurnView:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


class Cleared:
    """A ChatActor that knows no such turn."""

    async def heal(self, turn: TurnKey) -> TurnView:
        raise NotFound("turn_not_found", "There is no such turn.")


@pytest.fixture
async def log() -> MemoryTurnLog:
    log = MemoryTurnLog()
    texts = [TextDelta(turn_id=TURN.turn_id, step=0, delta=text) for text in "ab"]
    await log.append(
        TURN, EntryId(2, 0), [TurnStarted(turn_id=TURN.turn_id), StepStarted(turn_id=TURN.turn_id, step=0), *texts]
    )
    return log


async def opened(log: MemoryTurnLog, chats: object, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
    entries = await open_turn(log, chats, TURN, after)  # pyright: ignore[reportArgumentType] -- only heal is asked for
    assert isinstance(entries, AsyncGenerator)
    return entries


@pytest.mark.parametrize(("after", "left"), [(None, ["2-0", "2-1", "2-2", "2-3"]), (EntryId(2, 1), ["2-2", "2-3"])])
async def test_a_running_turn_is_read_while_its_actor_has_no_host(
    log: MemoryTurnLog, after: EntryId | None, left: list[str]
) -> None:
    chats = Homeless()
    async with asyncio.timeout(PATIENCE), aclosing(await opened(log, chats, after)) as entries:
        assert [str(entry.id) for entry in await anext(entries)] == left
        await chats.asked.wait()  # all the same the turn is looked at: its workflow may be gone


async def test_an_open_log_of_a_turn_that_was_ended_and_cleared_is_not_told(log: MemoryTurnLog) -> None:
    with pytest.raises(NotFound):  # nobody came to close it: whoever cancelled the turn died
        await opened(log, Cleared(), None)


async def test_an_end_that_the_actor_tells_late_ends_the_stream_at_once(
    log: MemoryTurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_log, "HEARTBEAT", 600.0)

    class Late(Homeless):
        async def heal(self, turn: TurnKey) -> TurnView:
            host = ChatHost()
            view = await host.chats.get_turn(turn_key((await host.submit()).turn_id))
            await self.asked.wait()
            return view.model_copy(update={"epoch": 2, "terminal": TurnCancelled(turn_id=turn.turn_id)})

    chats = Late()
    entries = await opened(log, chats, None)
    await anext(entries)
    chats.asked.set()
    async with asyncio.timeout(PATIENCE):  # well before the next heartbeat
        assert [entry.name async for batch in entries for entry in batch] == ["turn.cancelled"]


async def test_a_place_ahead_of_the_log_is_for_the_actor_to_judge(log: MemoryTurnLog) -> None:
    chats = Homeless()
    opening = asyncio.ensure_future(opened(log, chats, EntryId(3, 0)))
    async with asyncio.timeout(PATIENCE):
        await chats.asked.wait()
    assert not opening.done()
    opening.cancel()


async def test_a_closed_log_is_no_proof_that_the_turn_was_not_cleared(log: MemoryTurnLog) -> None:
    await log.close(TURN, TurnCancelled(turn_id=TURN.turn_id))
    with pytest.raises(NotFound):
        await opened(log, Cleared(), None)


async def test_a_turn_without_a_log_is_asked_for(log: MemoryTurnLog) -> None:
    other = MemoryTurnLog()
    with pytest.raises(NotFound):
        await opened(other, Cleared(), None)
    with pytest.raises(NotFound):
        await open_turn(log, Cleared(), TURN._replace(user="somebody-else"), None)  # pyright: ignore[reportArgumentType]


async def test_a_turn_that_ends_while_its_actor_is_asked_is_told_from_its_log(log: MemoryTurnLog) -> None:
    late = MemoryTurnLog()

    class Slow:
        """By the time it answers, the turn has begun and ended."""

        async def heal(self, turn: TurnKey) -> TurnView:
            if await late.newest(turn) is None:
                await late.append(turn, EntryId(2, 0), [TurnStarted(turn_id=turn.turn_id)])
            await late.close(turn, TurnCancelled(turn_id=turn.turn_id))
            host = ChatHost()
            view = await host.chats.get_turn(turn_key((await host.submit()).turn_id))
            return view.model_copy(update={"epoch": 2, "terminal": TurnCancelled(turn_id=turn.turn_id)})

    entries = await opened(late, Slow(), None)
    assert [entry.name async for batch in entries for entry in batch] == ["turn.started", "turn.cancelled"]


async def test_who_is_told_of_a_cancel_before_its_producer_has_written_is_told_the_same_as_all_others() -> None:
    host, log = ChatHost(), MemoryTurnLog()
    turn = turn_key((await host.submit()).turn_id)
    begun = await host.begin(turn.turn_id)
    await host.chats.cancel(turn)
    entries = await open_turn(log, host.chats, turn, None)
    with pytest.raises(Closed):  # or the readers of the log, where it came in time, would have seen more than this one
        await log.append(turn, EntryId(begun.epoch, 0), [TurnStarted(turn_id=turn.turn_id)])
    assert [entry.name async for batch in entries for entry in batch] == ["turn.cancelled"]


async def test_a_place_of_an_epoch_that_never_was_is_refused_by_what_the_actor_knows(log: MemoryTurnLog) -> None:
    host = ChatHost()
    turn = turn_key((await host.submit()).turn_id)
    with pytest.raises(BadRequest):
        await open_turn(MemoryTurnLog(), host.chats, turn, EntryId(9, 0))

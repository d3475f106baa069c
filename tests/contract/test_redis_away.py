"""TurnLog on a Redis that dies, stands still, or whose connections are dead without a word."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress

import pytest

from agent.adapters import redis_pipe, redis_reader
from agent.adapters.redis_line import packed
from agent.adapters.redis_link import RedisLink
from agent.adapters.redis_log import RedisTurnLog
from agent.domain.errors import Closed, LogUnavailable
from agent.domain.events import CLOSING_ID, EntryId, TurnCancelled
from agent.ports import TurnLog
from tests.contract.logs import (
    BOUND,
    HEARTBEAT,
    PATIENCE,
    TURN,
    Link,
    bound_calls,
    completed,
    eventually,
    heard,
    ids_of,
    take,
    to_the_end,
    until,
    write,
)
from tests.fakes.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("impatient_redis")


async def _written(log: TurnLog, seq: int) -> bool:
    try:
        await write(log, seq, 1)
    except LogUnavailable:
        return False
    return True


async def test_redis_is_killed_and_back_within_the_bound(
    own_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody notices: the append that was under way is made again, and followers read what they did not hear."""
    bound_calls(monkeypatch, PATIENCE)
    writer, other = RedisTurnLog(link(own_redis)), RedisTurnLog(link(own_redis))
    async with aclosing(other.follow(TURN, None)) as follower:
        await write(writer, 0, 20)
        seen = await until(follower, EntryId(2, 19))
        for round_ in range(3):
            own_redis.kill()
            writing = asyncio.create_task(write(writer, 20 + 20 * round_, 20))
            await asyncio.sleep(HEARTBEAT)
            await asyncio.to_thread(own_redis.start)
            await asyncio.wait_for(writing, PATIENCE)
        await writer.close(TURN, completed())
        seen += await until(follower, CLOSING_ID)
    assert ids_of(seen) == [*(f"2-{n}" for n in range(80)), str(CLOSING_ID)]


async def test_redis_is_away_for_longer(own_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """Appends say so within the bound and then at once; followers and producers wait, and go on when it returns."""
    mine = link(own_redis)
    log = RedisTurnLog(mine)
    async with aclosing(log.follow(TURN, None)) as follower:
        await eventually(lambda: _written(log, 0))
        assert ids_of(await heard(follower)) == ["2-0"]
        producer = asyncio.create_task(log.wait_refused(TURN, 2))
        own_redis.kill()
        with pytest.raises(LogUnavailable):
            await asyncio.wait_for(write(log, 1, 1), PATIENCE)
        await eventually(lambda: asyncio.sleep(0, not mine.pipe.up))
        await asyncio.sleep(1.1 * BOUND)
        for call in (write(log, 1, 1), log.close(TURN, completed()), log.newest(TURN)):
            with pytest.raises(LogUnavailable):
                call.send(None)  # known to be away: nobody waits again
        assert await asyncio.wait_for(anext(follower), PATIENCE) == []
        assert await asyncio.wait_for(anext(follower), PATIENCE) == []
        newcomer = asyncio.create_task(take(log, 2))
        await asyncio.to_thread(own_redis.start)
        await eventually(lambda: _written(log, 1))
        assert ids_of(await newcomer) == ["2-0", "2-1"]
        assert ids_of(await heard(follower)) == ["2-1"]
        assert not producer.done()
        bound_calls(monkeypatch, PATIENCE)
        await log.close(TURN, TurnCancelled(turn_id=TURN.turn_id))
        with pytest.raises(Closed):
            await asyncio.wait_for(producer, PATIENCE)


async def test_a_redis_that_stands_still_blocks_nobody_and_its_late_write_is_known_again(
    own_redis: RedisServer, link: Link
) -> None:
    mine = link(own_redis)
    log = RedisTurnLog(mine)
    await eventually(lambda: _written(log, 0))
    async with aclosing(log.follow(TURN, None)) as follower:
        assert ids_of(await heard(follower)) == ["2-0"]
        own_redis.freeze()
        waiting = asyncio.create_task(mine.pipe.call("PING", patience=PATIENCE))
        for _ in range(3):
            await asyncio.sleep(0.01)
        assert not waiting.done(), "the loop goes on meanwhile"
        with pytest.raises(LogUnavailable):
            await asyncio.wait_for(write(log, 1, 1), PATIENCE)
        assert await asyncio.wait_for(anext(follower), PATIENCE) == []
        own_redis.thaw()
        await eventually(lambda: _written(log, 1))
        await eventually(lambda: _written(log, 2))
        assert await waiting == b"PONG"
        assert ids_of(await until(follower, EntryId(2, 2))) == ["2-1", "2-2"]
    assert ids_of(await take(log, 3)) == ["2-0", "2-1", "2-2"], "written once"


async def test_what_was_meant_for_a_lost_connection_does_not_shift_the_answers_of_the_next(
    own_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound_calls(monkeypatch, PATIENCE)
    mine = link(own_redis)
    log = RedisTurnLog(mine)
    await write(log, 0, 1)
    own_redis.kill()
    await eventually(lambda: asyncio.sleep(0, not mine.up))
    mine.pipe._line.send(packed("PING"))  # as a call that was made while the loss was not known yet
    waiting = asyncio.create_task(log.newest(TURN))
    await asyncio.to_thread(own_redis.start)
    assert await waiting == EntryId(2, 0)


async def test_only_so_many_calls_wait(own_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_pipe, "REDIS_CALLS_MAX", 3)
    bound_calls(monkeypatch, PATIENCE)
    log = RedisTurnLog(link(own_redis))
    assert await log.newest(TURN) is None
    own_redis.freeze()
    waiting = [asyncio.create_task(log.newest(TURN)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailable):
        log.newest(TURN).send(None)  # at once
    own_redis.thaw()
    assert await asyncio.gather(*waiting) == [None, None, None]


async def test_a_short_pause_of_redis_only_delays(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound_calls(monkeypatch, PATIENCE)
    log = RedisTurnLog(link(shared_redis))
    reading = asyncio.create_task(to_the_end(log))
    await write(log, 0, 1)
    shared_redis.admin.client_pause(int(BOUND * 300))
    await write(log, 1, 5)
    await log.close(TURN, completed())
    assert len(await reading) == 7


class Relay:
    """A network between a process and Redis that can go dead without telling anybody: only new connections get through."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._dead: set[asyncio.Task[None]] = set()
        self._alive: set[asyncio.Task[None]] = set()
        self._held: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        server.close()
        self.cut()
        for writer in self._held:
            writer.close()

    def cut(self) -> None:
        for task in self._alive:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self._port)
        self._held += [writer, requests]
        for pair in ((reader, requests), (answers, writer)):
            self._alive.add(asyncio.create_task(_pump(*pair)))


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while data := await source.read(65536):
            target.write(data)


async def test_connections_that_are_dead_without_a_word_are_replaced(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The append under way is not lost, and the follower reads what it did not hear."""
    monkeypatch.setattr(redis_reader, "REDIS_PING_INTERVAL", BOUND / 2)
    elsewhere = RedisTurnLog(link(shared_redis))
    relay = Relay(shared_redis.port)
    async with relay.listening() as url:
        mine = RedisLink(url, link(shared_redis).prefix)
        log = RedisTurnLog(mine)
        async with aclosing(log.follow(TURN, None)) as follower:
            await eventually(lambda: _written(log, 0))
            seen = await heard(follower)
            relay.cut()
            await eventually(lambda: _written(elsewhere, 1))
            with monkeypatch.context() as patient:
                bound_calls(patient, PATIENCE)
                writing = asyncio.create_task(write(log, 2, 1))
                await asyncio.sleep(0)  # it has looked how long it may take; who watches the connection looks later
            await writing
            seen += await until(follower, EntryId(2, 2))
        await mine.aclose()
    assert ids_of(seen) == ["2-0", "2-1", "2-2"]

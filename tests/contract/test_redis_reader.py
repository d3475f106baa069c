"""The listening connection's order of events, told by hand: what is heard before Redis confirms must not be believed."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest

from agent.adapters import redis_reader
from agent.adapters.redis_reader import RedisReader


class Number(NamedTuple):
    id: int


def decode(message: bytes) -> list[Number]:
    return [Number(int(message))]


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[RedisReader]:
    monkeypatch.setattr(redis_reader, "HEARTBEAT", 0.02)
    reader = RedisReader("redis://127.0.0.1:1", "test")  # nobody is there: the test plays Redis
    yield reader
    await reader.aclose()


def confirm(reader: RedisReader) -> None:
    reader.line_heard([b"subscribe", b"c", 1])


def publish(reader: RedisReader, number: int) -> None:
    reader.line_heard([b"message", b"c", b"%d" % number])


async def test_a_message_of_an_earlier_subscription_does_not_hide_what_was_missed(reader: RedisReader) -> None:
    """Somebody left the channel and another came: what is still on its way was sent before the gap."""
    stream = [Number(1)]

    async def read(cursor: int, patience: float) -> list[Number]:
        return [number for number in stream if number.id > cursor]

    with reader.listen(b"c", decode, read, 0) as listener:
        publish(reader, 5)
        assert await listener.batch() == [], "3 may be missing"
        stream += [Number(3), Number(5)]
        confirm(reader)
        assert await listener.batch() == [Number(1), Number(3), Number(5)]
        publish(reader, 6)
        assert await listener.batch() == [Number(6)]
        reader.line_lost()
        publish(reader, 9)
        assert await listener.batch() == []
        stream += [Number(6), Number(7), Number(9)]
        confirm(reader)
        publish(reader, 10)
        assert await listener.batch() == [Number(7), Number(9)]
        assert await listener.batch() == [Number(10)]
        with reader.listen(b"c", decode, read, 7) as late:
            assert await late.batch() == [Number(9)], "on a live channel it reads at once"

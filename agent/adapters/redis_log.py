"""TurnLog on Redis Streams, for replicas. One stream per turn, whose ids are the entries' addresses.

Redis itself refuses a zombie: XADD takes an explicit id, and only above the newest. A batch is one script, so one round trip
and all or nothing. A log lives until it is closed and old; nothing is ever trimmed.
"""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import Any, NoReturn

from agent.adapters.redis_link import RedisLink
from agent.adapters.redis_pipe import RedisAway, Script
from agent.domain import ids
from agent.domain.errors import Closed, Fenced, LogUnavailable
from agent.domain.events import CLOSING_ID, AnyTurnEvent, EntryId, LogEntry, TerminalEvent
from agent.domain.ids import ConversationKey, TurnKey
from agent.domain.limits import (
    BEAT_KEPT,
    LOG_CLOSED_KEPT_SECONDS,
    LOG_ENTRIES_MAX,
    LOG_OPEN_KEPT_SECONDS,
    REDIS_PAGE,
)

_BEGIN = EntryId(0, 0)
_LAST_SEQ = 2**64 - 1  # that a stream id can hold

# Answers with nothing when all was written, else with the newest id ("" without a log): what that means, its caller knows.
# NOMKSTREAM: only an epoch's first entry may create a log. Expiry is renewed when half of it is gone, not at each append.
_APPEND = Script("""
local log, channel, epoch, seq = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local room, kept = tonumber(ARGV[4]) - redis.call('XLEN', log), tonumber(ARGV[5])
local said, stored = {}, 0
if (#ARGV - 5) / 2 <= room then
  for i = 6, #ARGV, 2 do
    local id = epoch .. '-' .. string.format('%d', seq + stored)
    local added
    if seq + stored == 0 then
      added = redis.pcall('XADD', log, id, ARGV[i], ARGV[i + 1])
    else
      added = redis.pcall('XADD', log, 'NOMKSTREAM', id, ARGV[i], ARGV[i + 1])
    end
    if type(added) ~= 'string' then break end
    stored = stored + 1
    said[2 * stored - 1], said[2 * stored] = ARGV[i], ARGV[i + 1]
  end
end
if stored > 0 then
  local left = redis.call('PTTL', log)
  if left < kept / 2 or left > kept then redis.call('PEXPIRE', log, ARGV[5]) end
  redis.call('PUBLISH', channel, epoch .. '-' .. ARGV[3] .. '\\n' .. table.concat(said, '\\n'))
  if 2 * stored == #ARGV - 5 then return false end
end
local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
return newest and newest[1] or ''
""")


class RedisTurnLog:
    """See ``agent.ports.TurnLog``."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def append(self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent]) -> None:
        newest = await self._write(turn, first, events, LOG_ENTRIES_MAX, LOG_OPEN_KEPT_SECONDS)
        if newest is None:
            return
        if newest == CLOSING_ID:
            raise Closed
        if newest.epoch > first.epoch or (newest == _BEGIN and first.seq > 0):
            raise Fenced
        if newest < first:
            raise LogUnavailable  # full
        # My own write, answered late. Entries behind it are new.
        if rest := events[newest.seq + 1 - first.seq :]:
            await self.append(turn, EntryId(first.epoch, newest.seq + 1), rest)

    async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
        newest = await self._write(turn, CLOSING_ID, [event], LOG_ENTRIES_MAX + 1, LOG_CLOSED_KEPT_SECONDS)
        if newest is not None and newest != CLOSING_ID:
            raise LogUnavailable

    async def newest(self, turn: TurnKey) -> EntryId | None:
        found = await _reached(self._link.pipe.call("XREVRANGE", self._key(turn), "+", "-", "COUNT", 1))
        return _entry_id(found[0][0]) if found else None

    async def oldest(self, turn: TurnKey) -> EntryId | None:
        found = await _reached(self._link.pipe.call("XRANGE", self._key(turn), "-", "+", "COUNT", 1))
        return _entry_id(found[0][0]) if found else None

    async def beat(self, turn: TurnKey) -> None:
        await _reached(self._link.pipe.call("SET", self._key(turn, "beat"), "", "PX", int(BEAT_KEPT * 1000)))

    async def beats(self, turn: TurnKey) -> bool:
        return bool(await _reached(self._link.pipe.call("EXISTS", self._key(turn, "beat"))))

    async def wait_refused(self, turn: TurnKey, epoch: int) -> NoReturn:
        """Waits through an absence of Redis, too."""
        key = self._key(turn)

        async def read(cursor: EntryId, patience: float) -> list[LogEntry]:
            found = await self._link.pipe.call("XREVRANGE", key, "+", f"({cursor}", "COUNT", 1, patience=patience)
            return [_entry(i, *fields) for i, fields in found]

        # Behind everything this epoch can write, so that its own entries wake nobody.
        with self._link.reader.listen(self._link.channel(key), _decode, read, EntryId(epoch, _LAST_SEQ)) as listener:
            while not (batch := await listener.batch()):
                pass
        raise Closed if batch[-1].id == CLOSING_ID else Fenced

    async def follow(self, turn: TurnKey, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
        if after == CLOSING_ID:
            return
        key = self._key(turn)

        async def read(cursor: EntryId, patience: float) -> list[LogEntry]:
            found = await self._link.pipe.call("XRANGE", key, f"({cursor}", "+", "COUNT", REDIS_PAGE, patience=patience)
            return [_entry(i, *fields) for i, fields in found]

        with self._link.reader.listen(self._link.channel(key), _decode, read, after or _BEGIN) as listener:
            while True:
                batch = await listener.batch()
                yield batch
                if batch and batch[-1].id == CLOSING_ID:
                    return

    async def _write(
        self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent], room: int, kept: float
    ) -> EntryId | None:
        """Nothing, or the newest id when something was not written (0-0: there is no log). Raises LogUnavailable."""
        key = self._key(turn)
        fields = [text for event in events for text in (event.type, event.model_dump_json())]
        head = (self._link.channel(key), first.epoch, first.seq, room, int(kept * 1000))
        newest = await _reached(self._link.pipe.script(_APPEND, [key], *head, *fields))
        return None if newest is None else _entry_id(newest)

    def _key(self, turn: TurnKey, kind: str = "turn") -> str:
        # A conversation's actor and a turn's log are both named by three segments, encoded alike.
        return f"{self._link.prefix}{kind}:{ids.chat_actor_id(ConversationKey(*turn))}"


async def _reached(reply: Awaitable[Any]) -> Any:
    """``reply``, its absence in the port's words."""
    try:
        return await reply
    except RedisAway as error:
        raise LogUnavailable from error


def _entry_id(text: bytes) -> EntryId:
    if not text:
        return _BEGIN
    epoch, _, seq = text.partition(b"-")
    return EntryId(int(epoch), int(seq))


def _entry(entry_id: bytes, name: bytes, data: bytes) -> LogEntry:
    return LogEntry(_entry_id(entry_id), name.decode(), data)


def _decode(message: bytes) -> list[LogEntry]:
    """The batch that was appended: its first id, then name and data of each; JSON has no line ends."""
    first, *fields = message.split(b"\n")
    epoch, seq = _entry_id(first)
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [LogEntry(EntryId(epoch, seq + i), name.decode(), data) for i, (name, data) in enumerate(pairs)]

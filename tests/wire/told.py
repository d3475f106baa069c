"""What the service tells of a turn, given what is left of its log and what is stored."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from agent.api.following import turn_entries
from agent.domain.events import EntryId, LogEntry
from agent.domain.ids import TurnKey
from agent.domain.turn_view import TurnView


@dataclass
class _Asked:
    """Log and ChatActor, as far as a follower asks them."""

    entries: tuple[LogEntry, ...]
    stored: TurnView

    async def follow(self, turn: TurnKey, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
        yield list(self.entries)

    async def oldest(self, turn: TurnKey) -> EntryId | None:
        return self.entries[0].id

    async def heal(self, turn: TurnKey) -> TurnView:
        return self.stored


def told_of(entries: tuple[LogEntry, ...], stored: TurnView) -> tuple[LogEntry, ...]:
    """Every entry that a follower gets, from the first."""

    async def read() -> list[LogEntry]:
        asked = _Asked(entries, stored)
        batches = turn_entries(asked, asked, TurnKey("default", "local", stored.turn_id), None)  # type: ignore[arg-type]
        return [entry async for batch in batches for entry in batch]

    return tuple(asyncio.run(read()))

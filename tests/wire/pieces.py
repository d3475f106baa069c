"""What a route sends, as a connection may bring it: batches of a log, pings in between, and pieces cut anywhere."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from agent.domain.events import LogEntry

PING = b": ping - 2030-01-01 00:00:00+00:00\n\n"
SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=4)
Route = Callable[[AsyncIterator[list[LogEntry]]], AsyncIterator[bytes]]


def sent(route: Route, entries: Sequence[LogEntry], data: st.DataObject, first: int = 0) -> str:
    """What ``route`` makes of a log that comes in batches, the first of ``first`` entries, with pings between the frames."""
    batches = [list(entries[:first])] if first else []
    at = first
    while at < len(entries):
        size = data.draw(st.integers(1, 8))
        batches.append(list(entries[at : at + size]))
        at += size

    async def coming() -> AsyncIterator[list[LogEntry]]:
        for batch in batches:
            yield batch

    async def all_of_it() -> list[bytes]:
        return [frames async for frames in route(coming())]

    pinged = data.draw(st.integers(1, 4))
    return b"".join(f + PING * (n % pinged == 0) for n, f in enumerate(asyncio.run(all_of_it()))).decode()


def pieces(body: str, sizes: list[int]) -> list[bytes]:
    """``body`` in pieces of those sizes, over and over, as ``answered`` in scenario.mjs cuts it."""
    data, found, at = body.encode(), list[bytes](), 0
    while at < len(data):
        size = sizes[len(found) % len(sizes)]
        found.append(data[at : at + size])
        at += size
    return found


def asked_of(body: str, sizes: list[int], **more: Any) -> dict[str, Any]:
    """A question to a script that feeds streams to a client."""
    return {"body": body, "sizes": sizes, **more}

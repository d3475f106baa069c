"""From the workflow worker's thread to the main event loop, where every client lives."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from agent.ports import UnderWay

OnMainLoop = Callable[[Coroutine[Any, Any, dict[str, Any]]], Awaitable[dict[str, Any]]]


def main_loop_hop(loop: asyncio.AbstractEventLoop, under_way: UnderWay) -> OnMainLoop:
    """Runs a coroutine on ``loop`` and waits for it from another loop's thread. A stop lets it finish, for a while.

    The engine hands out work until the worker has stopped. What comes once the stop's grace is over is not begun: the model
    would be asked for words that nobody hears. It ends with the process, and is handed out again.
    """

    async def counted(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        if under_way.over:
            work.close()
            await asyncio.Event().wait()
        with under_way.one():
            return await work

    async def on_main_loop(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(counted(work), loop))

    return on_main_loop

"""Work beside which something else goes on, and of which nothing is left when it is over, however that comes about."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


async def unless(watch: Coroutine[Any, Any, NoReturn], work: Coroutine[Any, Any, T]) -> T:
    """``work``, given up as soon as ``watch`` raises, with what that raises."""
    task, watching = asyncio.ensure_future(work), asyncio.ensure_future(watch)
    try:
        await asyncio.wait({task, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await watching
        return await task
    finally:
        await stop(task, watching)


async def stop(*tasks: asyncio.Future[Any]) -> None:
    """Cancels them and waits until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

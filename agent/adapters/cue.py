"""The word to begin: a process may be started while its predecessor runs, to have loaded everything when it is its turn."""

import asyncio
import socket
from contextlib import suppress

from agent.adapters.under_way import Stopped


async def given(number: int | None) -> None:
    """Says on the socket of this number that all is loaded, and returns when told to begin; at once where there is none.

    Raises Stopped when nobody is left at the other end to tell.
    """
    if number is None:
        return
    loop = asyncio.get_running_loop()
    with socket.socket(fileno=number) as wings, suppress(ConnectionError):
        wings.setblocking(False)
        await loop.sock_sendall(wings, b"\n")
        if await loop.sock_recv(wings, 1):
            return
    raise Stopped

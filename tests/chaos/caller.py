"""One user's HTTP: any replica will do, and what is out of reach is asked for again, with the same key, somewhere else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

OUT_OF_REACH = (aiohttp.ClientError, TimeoutError, OSError)
HEADERS_PATIENCE = 5.0  # a frozen replica takes a request and never answers it
SILENCE_PATIENCE = 15.0  # pings come every ten seconds
GIVE_UP = 120.0
PAUSE, LOOK = 0.1, 0.02


class GaveUp(Exception):
    """Nobody answered for GIVE_UP seconds: the service is lost."""


class Unexpected(Exception):
    """An answer that refuses what there is no reason to refuse."""


@dataclass
class Caller:
    """``urls`` of the replicas, ``relays`` of the same behind a relay; ``ready``: which of them a balancer would send to."""

    user: str
    urls: list[str]
    relays: list[str]
    ready: list[int]
    session: aiohttp.ClientSession
    random: Random

    def url(self, *, relayed: bool = False) -> str:
        return (self.relays if relayed else self.urls)[self.random.choice(self.ready or range(len(self.urls)))]

    @asynccontextmanager
    async def open(
        self, method: str, path: str, *, relayed: bool = False, headers: dict[str, str] | None = None, json: Any = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """One request to one replica, as far as its headers. Leaving closes the connection."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=SILENCE_PATIENCE)
        url = self.url(relayed=relayed) + path
        request = self.session.request(
            method, url, json=json, headers={"X-User-Id": self.user, **(headers or {})}, timeout=timeout
        )
        async with asyncio.timeout(HEADERS_PATIENCE):
            response = await request
        try:
            yield response
        finally:
            response.close()

    async def ask(self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """(status, body) of the first answer that is not about being unable to answer. Raises GaveUp."""
        give_up = time.monotonic() + GIVE_UP
        while True:
            try:
                async with self.open(method, path, json=json, headers=headers) as response, asyncio.timeout(HEADERS_PATIENCE):
                    body = await response.json()
                if response.status < 500:
                    return response.status, body
                last = f"{response.status} {body}"
            except OUT_OF_REACH as error:
                last = repr(error)
            if time.monotonic() > give_up:
                raise GaveUp(f"{method} {path}: {last}")
            await asyncio.sleep(PAUSE)

    async def get(self, path: str) -> Any:
        """The body of a good answer. Raises GaveUp, and Unexpected for a refusal."""
        status, body = await self.ask("GET", path)
        if status != 200:
            raise Unexpected(f"{path}: {status} {body}")
        return body


async def looking(holds: Callable[[], bool], patience: float) -> bool:
    """Looks again and again, for so many seconds; whether it came to hold."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        if holds():
            return True
        await asyncio.sleep(LOOK)
    return False

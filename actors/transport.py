"""One pooled HTTP session to the sidecar's actor API, shared by every actor and every caller in the process.

The SDK's own client opens a TCP connection per call; a call over this one costs about a millisecond.
Knows URLs, tokens and retries of what was never delivered. Refuses to know what the bytes mean.
"""

import asyncio
import re

import aiohttp
from dapr.clients.base import DaprActorClientBase

from actors.fence import REFUSED, REMOVE_REFUSED, with_etags
from agent.domain.errors import Unavailable
from agent.domain.limits import (
    ACTOR_CALL_TIMEOUT,
    ACTOR_CONNECT_TIMEOUT,
    ACTOR_CONNECTIONS_MAX,
    ACTOR_RETRY_PAUSE,
    ACTOR_RETRY_SECONDS,
)
from agent.ports import CALLER_HEADER

_MOVING = (  # what daprd says while actors have no host: the app restarts, or failed its health probes for a moment
    "ERR_ACTOR_NO_ADDRESS",
    "did not find address for actor",
    "context canceled",
    "not registered",
    "placement",
    "actor is closed",
    "actor runtime is closed",
    "remote actor moved",
    "failed to invoke target",  # its replica is gone
    "app is not in a healthy state",  # its sidecar has noticed that its app is dead, placement has not yet
    "connect: connection refused",  # the store is being restarted
    "ERR_ACTOR_INSTANCE_MISSING",  # it moved away while its method ran: nothing was saved
    REFUSED,  # the same, told by the store: somebody else has written since
    REMOVE_REFUSED,
)
# Its app is dead, and its sidecar has not noticed: refused, EOF with the call in its hands, reset with the call unread. This is
# how Go tells any HTTP request that came to nothing (url.Error), here daprd's to the app.
_UNDELIVERED = re.compile(r'Put \\*"http://[^"]+/actors/[^"]+": ')


class SidecarRefused(Exception):
    """The sidecar answered, with an error: a bug in our actor, or its state store failed."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"sidecar answered {status}: {body[:500]}")
        self.status, self.body = status, body


class PooledActorClient(DaprActorClientBase):
    """The SDK's client interface over one aiohttp session. Create and close it on the loop that uses it."""

    def __init__(self, http_port: int, api_token: str, caller_token: str) -> None:
        self._base = f"http://127.0.0.1:{http_port}/v1.0/actors"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=ACTOR_CONNECTIONS_MAX, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=ACTOR_CALL_TIMEOUT, connect=ACTOR_CONNECT_TIMEOUT),
            headers={CALLER_HEADER: caller_token} | ({"dapr-api-token": api_token} if api_token else {}),
        )

    async def aclose(self) -> None:
        """Closes the pool."""
        await self._session.close()

    async def invoke_method(self, actor_type: str, actor_id: str, method: str, data: bytes | None = None) -> bytes:
        """Every method of our actors may be delivered twice, so a broken connection is tried again for a while.

        Raises:
            Unavailable: the sidecar or the actor's host stayed out of reach for ACTOR_RETRY_SECONDS.
            SidecarRefused: the actor raised.
        """
        return await self._until_reached("POST", f"{actor_type}/{actor_id}/method/{method}", data)

    async def save_state_transactionally(self, actor_type: str, actor_id: str, data: bytes) -> None:
        await self._request("POST", f"{actor_type}/{actor_id}/state", with_etags(data))

    async def get_state(self, actor_type: str, actor_id: str, name: str) -> bytes:
        return await self._request("GET", f"{actor_type}/{actor_id}/state/{name}", None)

    async def register_reminder(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        await self._request("POST", f"{actor_type}/{actor_id}/reminders/{name}", data)

    async def unregister_reminder(self, actor_type: str, actor_id: str, name: str) -> None:
        await self._request("DELETE", f"{actor_type}/{actor_id}/reminders/{name}", None)

    async def register_timer(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        await self._request("POST", f"{actor_type}/{actor_id}/timers/{name}", data)

    async def unregister_timer(self, actor_type: str, actor_id: str, name: str) -> None:
        await self._request("DELETE", f"{actor_type}/{actor_id}/timers/{name}", None)

    async def _until_reached(self, verb: str, path: str, data: bytes | None) -> bytes:
        give_up = asyncio.get_running_loop().time() + ACTOR_RETRY_SECONDS
        while True:
            try:
                return await self._request(verb, path, data)
            except (aiohttp.ClientError, TimeoutError, SidecarRefused) as e:
                if isinstance(e, SidecarRefused) and not _moving(e):
                    raise
                if asyncio.get_running_loop().time() >= give_up:
                    raise Unavailable("runtime_unavailable", "The runtime is out of reach just now; try again.") from e
            await asyncio.sleep(ACTOR_RETRY_PAUSE)

    async def _request(self, verb: str, path: str, data: bytes | None) -> bytes:
        async with self._session.request(verb, f"{self._base}/{path}", data=data) as answer:
            body = await answer.read()
            if answer.status >= 400:
                raise SidecarRefused(answer.status, body.decode(errors="replace"))
            return body


def _moving(refusal: SidecarRefused) -> bool:
    """Whether the actor had no host just now, or lost it during the call: it will have one soon."""
    return any(sign in refusal.body for sign in _MOVING) or _UNDELIVERED.search(refusal.body) is not None

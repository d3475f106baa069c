"""Whether the Dapr sidecar is there and has taken up its work: asked again and again, told by ``parts``."""

import asyncio
import logging

import aiohttp

_log = logging.getLogger(__name__)
POLL = 0.1
POLL_READY = 1.0


class Sidecar:
    """Watches the sidecar's metadata. ``parts`` names what must be ready and whether it is."""

    def __init__(self, http_port: int, api_token: str) -> None:
        self._url = f"http://127.0.0.1:{http_port}/v1.0/metadata"
        self._headers = {"dapr-api-token": api_token} if api_token else {}
        self._changed = asyncio.Event()
        self.parts = {"sidecar": False, "actors": False, "workflows": False}

    async def watch(self) -> None:
        """Runs until cancelled."""
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            while True:
                before = dict(self.parts)
                self.parts.update(await self._look(session))
                if self.parts != before:
                    _log.info("runtime: %s", ", ".join(f"{k} {'ready' if v else 'not ready'}" for k, v in self.parts.items()))
                    self._changed.set()
                await asyncio.sleep(POLL_READY if all(self.parts.values()) else POLL)

    async def reached(self) -> None:
        """Returns once the sidecar has answered."""
        while not self.parts["sidecar"]:
            self._changed.clear()
            await self._changed.wait()

    async def _look(self, session: aiohttp.ClientSession) -> dict[str, bool]:
        try:
            async with session.get(self._url) as answer:
                if answer.status != 200:
                    return dict.fromkeys(self.parts, False)
                told = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return dict.fromkeys(self.parts, False)
        actors = told.get("actorRuntime", {})
        workers = told.get("workflows", {}).get("connectedWorkers", 0)
        return {
            "sidecar": True,
            "actors": actors.get("runtimeStatus") == "RUNNING" and bool(actors.get("hostReady")),
            "workflows": workers > 0,
        }

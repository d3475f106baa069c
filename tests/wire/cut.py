"""A connection that is lost while a client waits: a relay before the service, on a thread, that resets when it is told to."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.chaos.relay import Relay


class CutRelay:
    """``with CutRelay(port) as relay``: listens on ``relay.url``."""

    def __init__(self, target: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._relay = Relay(target)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._relay.__aenter__(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._relay.__aexit__(kind, error, trace), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return self._relay.url

    def cut(self) -> None:
        """Resets every connection of now; new ones work."""
        self._loop.call_soon_threadsafe(self._relay.cut)

"""The scripted model endpoint on a thread of the test process: it outlives whatever a test does to the service."""

import asyncio
import re
import secrets
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.fakes.endpoint_ledger import Record
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from tests.integration.stack import PATIENCE, until

T = TypeVar("T")


def mark() -> str:
    """Something to find one message's requests by; messages with different marks share no count of attempts."""
    return f"mark-{secrets.token_hex(8)}"


def held(words: int = 3) -> str:
    """A directive: an answer of so many words, the last of which comes when the endpoint is told to release it."""
    return f"tokens={words} held=h-{secrets.token_hex(8)}"


class EndpointThread:
    """``with EndpointThread() as endpoint``: the same port throughout, also over :meth:`down` and :meth:`up`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted endpoint", daemon=True)
        self._endpoint = ScriptedEndpoint(strict=False)

    def __enter__(self) -> "EndpointThread":
        self._thread.start()
        self._run(self._endpoint.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def env(self) -> dict[str, str]:
        """Settings that make a service use it. Its faults are each message's own: together they are no outage."""
        return {
            "OPENAI_BASE_URL": self._endpoint.base_url,
            "OPENAI_API_KEY": SECRET,
            "OPENAI_MODEL": "gpt-4o",
            "TASK_AGENT_MODEL_CIRCUIT_FAILURES": "1000000",
        }

    def down(self) -> None:
        """Nobody listens any more; whoever is connected is cut off."""
        self._run(self._endpoint.__aexit__(None))

    def up(self) -> None:
        self._run(self._endpoint.__aenter__())

    def release(self, *said: str) -> None:
        """Lets the answers to these messages end, which a directive of theirs holds (see :func:`held`)."""
        for name in re.findall(r"held=([\w-]+)", " ".join(said)):
            self._loop.call_soon_threadsafe(self._endpoint.gate.release, name)

    def requests(self, marked: str) -> list[Record]:
        """The requests whose newest user message contains ``marked``."""
        return [record for record in list(self._endpoint.ledger) if marked in newest_user_message(record)]

    def take(self) -> list[Record]:
        """The requests recorded so far, in their order; they are forgotten here. Those still being answered go on changing."""

        async def taken() -> list[Record]:
            ledger, self._endpoint.ledger = self._endpoint.ledger, []
            return ledger

        return self._run(taken())

    def wait(self, marked: str, holds: Callable[[list[Record]], bool], timeout: float = PATIENCE) -> list[Record]:
        """The requests of ``marked`` once ``holds``."""
        until(lambda: holds(self.requests(marked)), timeout, lambda: f"{marked}: {self.requests(marked)}")
        return self.requests(marked)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


SECRET = "sk-test-" + secrets.token_hex(16)


def newest_user_message(record: Record) -> str:
    said = [message["content"] for message in record.body["messages"] if message["role"] == "user"]
    return said[-1] if said else ""

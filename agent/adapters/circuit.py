"""A circuit in front of the model endpoint: while it is down nobody waits for it, and single calls find out whether it is back.

    closed --failures in a row--> open --pause--> half-open: one call goes through, the probe
       ^                           ^                  |    |
       |                           +---- it fails ----+    |
       +---------------------------- its first event ------+

Knows which failures speak of the endpoint. Refuses to wait or to try again: ``model_unavailable`` says when to, and the
workflow waits on its durable timer. One per process, since replicas reach the endpoint by ways of their own, and what they
would share would be one more part that can be out of reach. Nothing is stored: a new process finds out within a few calls.

Of the libraries, purgatory is the best kept for asyncio. It lets every caller through once half-open, takes a cancelled call
for a failed one, a late failure from before for a new one, and the wall clock for time.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from agent.domain import limits
from agent.domain.model import ModelEvent, ModelFailed, ModelRequest
from agent.ports import Model

# Not what it says of one request, not what it answers badly, and not 429, which tells by itself how long to wait.
# Told in our words: the circuit is everybody's, and what the endpoint says may quote the request of one of them.
_OF_THE_ENDPOINT = {
    "model_unreachable": "it could not be reached",
    "model_timeout": "it took too long",
    "model_stalled": "it fell silent",
    "model_error": "it answered with an error",
}
_log = logging.getLogger(__name__)


class CircuitModel:
    """Implements ``ports.Model`` in front of another. ``clock`` counts seconds; ``pause`` is how long it stays open."""

    def __init__(
        self,
        model: Model,
        *,
        failures_max: int = limits.MODEL_CIRCUIT_FAILURES,
        pause: float = limits.MODEL_CIRCUIT_PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._failures_max, self._pause, self._clock = model, failures_max, pause, clock
        self._failures = 0
        self._why = ""
        self._opened: float | None = None
        self._probing = False
        # Counts the openings: how a call from before the last one ends is no news of the endpoint any more.
        self._era = 0

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """As the model behind it; raises ``model_unavailable`` at once while the circuit is open."""
        era = self._enter()
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    self._heard(era)
                    yield event
            self._works(era, failures=0)
        except ModelFailed as failure:
            if failure.code in _OF_THE_ENDPOINT:
                self._failed(era, _OF_THE_ENDPOINT[failure.code])
            else:
                self._works(era, failures=0)
            raise
        finally:
            if self._is_probe(era):  # left before it was heard or failed: the next caller finds out
                self._probing = False

    def _enter(self) -> int:
        if self._opened is not None:
            wait = self._opened + self._pause - self._clock()
            if self._probing or wait > 0:
                detail = f"The model endpoint seems to be down and is not asked for the moment: last time {self._why}."
                raise ModelFailed(
                    "model_unavailable", detail, retryable=True, retry_after=self._pause if self._probing else wait
                )
            self._probing = True
        return self._era

    def _is_probe(self, era: int) -> bool:
        return self._opened is not None and era == self._era

    def _heard(self, era: int) -> None:
        """The probe's first event closes the circuit, on trial: after one more failure it is open again."""
        if self._is_probe(era):
            self._works(era, failures=self._failures_max - 1)

    def _works(self, era: int, *, failures: int) -> None:
        if era != self._era:
            return
        if self._opened is not None:
            _log.warning("the model endpoint answers again")
        self._opened, self._probing, self._failures = None, False, failures

    def _failed(self, era: int, why: str) -> None:
        if era != self._era:
            return
        self._failures += 1
        if self._opened is None and self._failures < self._failures_max:
            return
        if self._opened is None:
            _log.warning("the model endpoint is not asked for %g s after %d failures: %s", self._pause, self._failures, why)
        self._opened, self._probing, self._why = self._clock(), False, why
        self._era += 1

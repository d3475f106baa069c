"""When something on the screen is drawn again: after it has changed, and no more often than what drawing it costs allows.

A long step costs a tenth of a second, most of it in rendering its markdown: at a fixed rate that alone would keep a core busy.
"""

import time
from collections.abc import Callable
from threading import Event, Thread

_PAUSE = 1 / 12  # seconds, at least
_PAUSE_PER_COST = 4.0  # so that drawing takes a fifth of the time at most


class Redraws:
    """Draws on a thread of its own, from the first change until it is stopped."""

    def __init__(self, draw: Callable[[], object]) -> None:
        self._draw, self._changed, self._over = draw, Event(), Event()
        self._thread = Thread(target=self._run, name="redraws", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """There is something new to be drawn."""
        self._changed.set()

    def stop(self) -> None:
        """Draws no more; a drawing under way is waited for."""
        self._over.set()
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        while self._changed.wait() and not self._over.is_set():
            self._changed.clear()
            begun = time.monotonic()
            self._draw()
            self._over.wait(pause_after(time.monotonic() - begun))


def pause_after(cost: float) -> float:
    """Seconds without a drawing behind one that took ``cost``."""
    return max(_PAUSE, _PAUSE_PER_COST * cost)

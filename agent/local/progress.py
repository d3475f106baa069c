"""Tells a person what goes on: one live line on a terminal, plain lines now and then elsewhere. Uses no thread, so that
forking stays safe.
"""

import time
from contextlib import suppress

from rich.console import Console
from rich.text import Text

_PLAIN_INTERVAL = 15.0
_LIVE_INTERVAL = 0.1


class Progress:
    """``say`` stays on the screen; ``show`` replaces what was shown before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._shown_at = self._started
        self._live_line = False

    def say(self, text: str, style: str = "") -> None:
        with suppress(OSError):  # a full disk where this is kept must not end what is told of
            self.clear()
            self._console.print(Text(text, style), soft_wrap=True)

    def show(self, text: str) -> None:
        now = time.monotonic()
        live = self._console.is_terminal
        if now - self._shown_at < (_LIVE_INTERVAL if live else _PLAIN_INTERVAL):
            return
        self._shown_at = now
        line = f"  {text} ({now - self._started:.0f} s)"
        if not live:
            self._console.print(Text(line), soft_wrap=True)
            return
        self._console.file.write("\r\x1b[2K" + line[: self._console.width - 1])
        self._console.file.flush()
        self._live_line = True

    def clear(self) -> None:
        """Takes the live line away."""
        if self._live_line:
            self._console.file.write("\r\x1b[2K")
            self._console.file.flush()
            self._live_line = False

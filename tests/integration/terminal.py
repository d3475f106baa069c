"""``task-agent chat`` in a pseudo-terminal, and the screen a person would see."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Callable

import pyte

from tests.integration.stack import TASK_AGENT, until

COLUMNS, ROWS = 100, 60


class Terminal:
    """Context manager; ``chat`` are the options behind ``task-agent chat``."""

    def __init__(self, *chat: str) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [TASK_AGENT[0], "chat", *chat],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> "Terminal":
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)

    def lines(self) -> list[str]:
        """The screen without its empty lines."""
        return [line.rstrip() for line in list(self._screen.display) if line.strip()]

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait(self, holds: Callable[[list[str]], bool], timeout: float = 60.0) -> list[str]:
        """The screen once ``holds``."""
        until(lambda: holds(self.lines()), timeout, lambda: "\n".join(self.lines()))
        return self.lines()

    def _read(self) -> None:
        while True:
            try:
                self._stream.feed(os.read(self._master, 65536))
            except OSError:  # the last one who had it open is gone
                return

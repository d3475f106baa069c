"""A process in the wings: it has loaded what it needs, and begins when it is given its cue."""

import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from agent.local.logs import open_log
from agent.local.process import has_ended, kill_group, spawn

CUE = "TASK_AGENT_CUE"  # the number of its end of the socket; agent.adapters.cue is what speaks there


class Understudy:
    """Started at once; raises OSError. One that knows nothing of cues begins at once: the caller must know who does."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._stage, wings = socket.socketpair()
        self._stage.setblocking(False)
        self._waits = False
        with ExitStack() as failing, wings, open_log(log) as output:
            failing.callback(self._stage.close)
            number = wings.fileno()
            self.process = spawn(argv, env={**env, CUE: str(number)}, output=output, keep=(number,))
            failing.pop_all()

    @property
    def has_ended(self) -> bool:
        return has_ended(self.process)

    @property
    def waits(self) -> bool:
        """Whether it has loaded everything and waits for its cue."""
        if not self._waits:
            with suppress(BlockingIOError, ConnectionError):
                self._waits = bool(self._stage.recv(1))
        return self._waits and not self.has_ended

    def give_cue(self) -> subprocess.Popen[bytes]:
        """It begins, if it is still there; the caller owns its process from here on."""
        with self._stage, suppress(ConnectionError):
            self._stage.send(b"\n")
        return self.process

    def dismiss(self) -> None:
        """Ends it."""
        self._stage.close()
        kill_group(self.process)

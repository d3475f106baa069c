"""One supervised child: started, watched, started again with growing pauses, stopped. Knows no other child."""

import math
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.local.logs import bound, open_log
from agent.local.probe import status_of
from agent.local.process import has_ended, kill_group, spawn
from agent.local.state_dir import RunningChild

_PAUSE_FIRST, _PAUSE_FACTOR, _PAUSE_MAX = 0.1, 2.0, 5.0
_STEADY_AFTER = 30.0  # a child that lived this long starts again after the shortest pause
_PROBE_INTERVAL, _PROBE_MISSES_MAX = 2.0, 5


@dataclass(frozen=True)
class Program:
    """What to run. ``health`` is a URL that answers, with any status, while the program is responsive."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    health: str
    grace: float
    replica: int | None = None
    url: str | None = None


class Child:
    """Keeps one program running for as long as its methods are called."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next_start = self._next_probe = 0.0
        self._pause = 0.0
        self._has_answered = False
        self._misses = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        with open_log(self.program.log) as log:
            self._process = spawn(self.program.argv, env=self.program.env, output=log)
        self._started = time.monotonic()
        self._next_probe = self._started + _PROBE_INTERVAL
        self._has_answered, self._misses = False, 0

    def reap(self) -> int | None:
        """The exit status if the child has died since the last call; what it left behind in its session dies too."""
        process = self._process
        if process is None or not has_ended(process):
            return None
        kill_group(process)
        self._process = None
        now = time.monotonic()
        steady = now - self._started >= _STEADY_AFTER
        self._pause = _PAUSE_FIRST if steady or not self._pause else min(self._pause * _PAUSE_FACTOR, _PAUSE_MAX)
        self._next_start = now + self._pause
        return process.returncode

    def start_if_due(self) -> bool:
        """Starts a dead child whose pause is over; whether it did."""
        if self._process is not None or time.monotonic() < self._next_start:
            return False
        self.start()
        return True

    def until_start(self) -> float:
        """Seconds until a dead child is due; infinite for a running one."""
        return math.inf if self._process else self._next_start - time.monotonic()

    def kill_if_frozen(self) -> bool:
        """Kills a child that has answered its health URL since its start, but no longer does; whether it did.

        Dapr moves actors away from a frozen app, but activities handed to it wait until it wakes or dies.
        """
        now = time.monotonic()
        if self._process is None or now < self._next_probe:
            return False
        bound(self.program.log)
        if status_of(self.program.health) is not None:
            self._has_answered, self._misses = True, 0
        elif self._has_answered:
            self._misses += 1
        self._next_probe = time.monotonic() + _PROBE_INTERVAL
        if self._misses < _PROBE_MISSES_MAX:
            return False
        self.kill()
        return True

    def ask_to_stop(self) -> None:
        if self._process and not has_ended(self._process):
            self._process.send_signal(signal.SIGTERM)

    def is_running(self) -> bool:
        return self._process is not None and not has_ended(self._process)

    def kill(self) -> None:
        """Ends it at once. :meth:`reap` is not called after this: the death is not news."""
        if self._process:
            kill_group(self._process)
            self._process = None

    def as_running(self) -> RunningChild | None:
        pid = self.pid
        return None if pid is None else RunningChild(self.program.name, pid, self.program.replica, self.program.url)

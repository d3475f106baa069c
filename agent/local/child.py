"""One supervised child: started, watched, started again with growing pauses, stopped. Knows no other child."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.local.logs import bound, open_log
from agent.local.probe import status_of
from agent.local.process import has_ended, kill_group, spawn
from agent.local.state_dir import RunningChild

_PAUSE_FIRST, _PAUSE_FACTOR, _PAUSE_MAX = 0.1, 2.0, 5.0
_STEADY_AFTER = 30.0  # a child that lived this long starts again after the shortest pause
_PROBE_INTERVAL, _PROBE_INTERVAL_AT_START = 2.0, 0.2
_FROZEN_AFTER, _FROZEN_AT_START_AFTER = 10.0, 90.0  # imports on a busy machine take their time


@dataclass(frozen=True)
class Program:
    """What to run.

    ``health`` is a URL that answers, with any status, while the program is responsive. ``recover`` is called after a start
    that follows a crash, again and again until it says that it has done what there is to do.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    health: str
    grace: float
    replica: int | None = None
    url: str | None = None
    recover: Callable[[], bool] | None = None


class Child:
    """Keeps one program running for as long as its methods are called."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next_start = self._next_probe = 0.0
        self._pause = 0.0
        self._crashed = False
        self._last_answer: float | None = None
        self._recovering = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def has_answered(self) -> bool:
        """Whether its health URL has answered since its start."""
        return self._last_answer is not None

    def start(self, *, after_crash: bool) -> None:
        with open_log(self.program.log) as log:
            self._process = spawn(self.program.argv, env=self.program.env, output=log)
        self._started = time.monotonic()
        self._next_probe = self._started
        self._last_answer = None
        self._recovering = after_crash and self.program.recover is not None

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
        self._crashed = process.returncode != 0
        return process.returncode

    def start_if_due(self) -> bool:
        """Starts a dead child whose pause is over; whether it did."""
        if self._process is not None or time.monotonic() < self._next_start:
            return False
        self.start(after_crash=self._crashed)
        return True

    def until_due(self) -> float:
        """Seconds until there is something to do: a start, if it is dead, or the next look at its health."""
        return (self._next_probe if self._process else self._next_start) - time.monotonic()

    def kill_if_frozen(self) -> bool:
        """Kills a child that has not answered its health URL for too long; whether it did.

        Dapr moves actors away from a frozen app, but activities handed to it wait until it wakes or dies.
        """
        now = time.monotonic()
        if self._process is None or now < self._next_probe:
            return False
        self._probe()
        limit = _FROZEN_AT_START_AFTER if self._last_answer is None else _FROZEN_AFTER
        if now - (self._last_answer or self._started) < limit:
            return False
        self.kill()
        return True

    def _probe(self) -> None:
        bound(self.program.log)
        answered = status_of(self.program.health) is not None
        now = time.monotonic()
        if answered:
            self._last_answer = now
        if self._recovering and self.program.recover is not None:
            self._recovering = not self.program.recover()
        starting = self._recovering or self._last_answer is None
        self._next_probe = now + (_PROBE_INTERVAL_AT_START if starting else _PROBE_INTERVAL)

    def ask_to_stop(self) -> None:
        if self._process and not has_ended(self._process):
            self._process.send_signal(signal.SIGTERM)

    def is_running(self) -> bool:
        return self._process is not None and not has_ended(self._process)

    def kill(self) -> None:
        """Ends it at once. :meth:`reap` does not report this death: it is not news."""
        if self._process:
            kill_group(self._process)
            self._process = None
            self._crashed = True

    def as_running(self) -> RunningChild | None:
        pid = self.pid
        return None if pid is None else RunningChild(self.program.name, pid, self.program.replica, self.program.url)

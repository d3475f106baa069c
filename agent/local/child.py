"""One supervised child: started, watched, started again with growing pauses, stopped. Knows no other child."""

import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.local.logs import bound, open_log
from agent.local.process import cpu_seconds, has_ended, kill_group, spawn
from agent.local.state_dir import RunningChild
from agent.local.understudy import Understudy

_PAUSE_FIRST, _PAUSE_FACTOR, _PAUSE_MAX = 0.1, 2.0, 5.0
_STEADY_AFTER = 10.0  # a child that lived this long starts again at once
_PROBE_INTERVAL, _PROBE_INTERVAL_AT_START = 2.0, 0.1
_FROZEN_AFTER, _FROZEN_AT_START_AFTER = 10.0, 90.0  # imports on a busy machine take their time
_BUSY_AFTER, _BUSY_SHARE = 60.0, 0.05  # who uses so much of a core is not frozen but busy, and late
_FROZEN_MISSES = 3  # of probes in a row: who was frozen itself, supervisor or machine, finds everybody silent when it wakes


@dataclass(frozen=True)
class Program:
    """What to run.

    ``answers`` says whether the program is responsive now; it must not take longer than a few seconds. ``recover`` is called
    with the Unix time of a start that follows a crash, again and again until it says that it has done what there is to do.
    With ``ready``, nothing behind the program is started before that says so. ``useless_without``: the label of a program
    whose end it does not survive; it starts again with it. ``takes_cue``: its successor can be loaded while it still runs.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    answers: Callable[[], bool]
    grace: float
    replica: int | None = None
    url: str | None = None
    recover: Callable[[float], bool] | None = None
    ready: Callable[[], bool] | None = None
    useless_without: str | None = None
    takes_cue: bool = False

    @property
    def label(self) -> str:
        """Its name, with the number where there are several of it."""
        return self.log.stem


class Child:
    """Keeps one program running for as long as its methods are called.

    ``after_crash``: its predecessor was not stopped cleanly. Without ``kill_frozen`` one that does not answer is left alone.
    """

    def __init__(self, program: Program, *, after_crash: bool, kill_frozen: bool) -> None:
        self.program = program
        self._kill_frozen = kill_frozen
        self._process: subprocess.Popen[bytes] | None = None
        self._successor: Understudy | None = None
        self._started = self._started_at = self._next_start = self._next_probe = 0.0
        self._pause = 0.0
        self._crashed = after_crash
        self._last_answer: float | None = None
        self._ready = self._recovering = False
        self._misses = 0
        self._used = deque[tuple[float, float]](maxlen=_FROZEN_MISSES)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_up(self) -> bool:
        """Whether it has answered since its start, and is ready where that is another thing; false while it is dead."""
        return self._last_answer is not None and (self._ready or self.program.ready is None)

    @property
    def keeps_waiting(self) -> bool:
        """Whether others must not be started yet."""
        return self.program.ready is not None and not self.is_up

    def _start(self) -> None:
        self._started_at = time.time()
        self._process = self._give_cue() or self._spawn()
        self._started = time.monotonic()
        self._next_probe = self._started
        self._last_answer = None
        self._ready, self._misses = False, 0
        self._used.clear()
        self._recovering = self._crashed and self.program.recover is not None

    def _spawn(self) -> subprocess.Popen[bytes]:
        with open_log(self.program.log) as log:
            return spawn(self.program.argv, env=self.program.env, output=log)

    def _give_cue(self) -> subprocess.Popen[bytes] | None:
        successor, self._successor = self._successor, None
        if successor is None:
            return None
        if successor.waits:
            return successor.give_cue()
        successor.dismiss()
        return None

    def prepare(self) -> None:
        """Starts its successor, which loads what it needs and then waits until this one has ended. Raises OSError."""
        if self.program.takes_cue and self._successor is None:
            self._successor = Understudy(self.program.argv, self.program.env, self.program.log)

    @property
    def prepares(self) -> bool:
        """Whether its successor is still loading."""
        return self._successor is not None and not (self._successor.waits or self._successor.has_ended)

    @property
    def lost_successor(self) -> bool:
        """Whether the one that was to come has ended already."""
        return self._successor is not None and self._successor.has_ended

    def reap(self) -> int | None:
        """The exit status if the child has died since the last call; what it left behind in its session dies too."""
        process = self._process
        if process is None or not has_ended(process):
            return None
        kill_group(process)
        self._process = self._last_answer = None
        now = time.monotonic()
        steady = now - self._started >= _STEADY_AFTER
        self._pause = 0.0 if steady else min(max(_PAUSE_FIRST, self._pause * _PAUSE_FACTOR), _PAUSE_MAX)
        self._next_start = now if self._successor else now + self._pause
        self._crashed = process.returncode != 0
        return process.returncode

    def start_if_due(self) -> bool:
        """Starts a child that has not been started, or is dead and whose pause is over; whether it did."""
        if self._process is not None or time.monotonic() < self._next_start:
            return False
        self._start()
        return True

    def until_due(self) -> float:
        """Seconds until there is something to do: a start, if it is dead, or the next look at its health."""
        return (self._next_probe if self._process else self._next_start) - time.monotonic()

    def kill_if_frozen(self) -> bool:
        """Kills a child that has not answered for too long; whether it did.

        Dapr moves actors away from a frozen app, but activities handed to it wait until it wakes or dies. One that is late
        because it has too much to do is left more time: its successor would find the same work.
        """
        now = time.monotonic()
        if self._process is None or now < self._next_probe:
            return False
        self._probe()
        limit = _FROZEN_AT_START_AFTER if self._last_answer is None else _BUSY_AFTER if self._is_busy() else _FROZEN_AFTER
        silent = now - (self._last_answer or self._started) >= limit and self._misses >= _FROZEN_MISSES
        if not self._kill_frozen or not silent:
            return False
        self.kill()
        return True

    def _is_busy(self) -> bool:
        """By the CPU it used during the newest of its missed probes."""
        (since, before), (now, used) = self._used[0], self._used[-1]
        return used - before >= _BUSY_SHARE * (now - since) > 0

    def _probe(self) -> None:
        bound(self.program.log)
        if self._recovering and self.program.recover is not None:
            self._recovering = not self.program.recover(self._started_at)
        answered = not self._recovering and self.program.answers()  # what is left of the dead is no answer
        now = time.monotonic()
        self._misses = 0 if answered else self._misses + 1
        if self._process is not None:
            self._used.append((now, cpu_seconds(self._process)))
        if answered:
            self._last_answer = now
        if answered and not self._ready and self.program.ready is not None:
            self._ready = self.program.ready()
        starting = self._recovering or not self.is_up
        self._next_probe = now + (_PROBE_INTERVAL_AT_START if starting else _PROBE_INTERVAL)

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """:meth:`reap` reports the end when it comes."""
        if self._process and not has_ended(self._process):
            self._process.send_signal(how)

    def is_running(self) -> bool:
        return self._process is not None and not has_ended(self._process)

    def kill(self) -> None:
        """Ends it at once. :meth:`reap` does not report this death: it is not news."""
        if self._process:
            kill_group(self._process)
            self._process = self._last_answer = None
            self._crashed = True

    def dismiss(self) -> None:
        """Ends the successor that waits, if there is one."""
        if self._successor:
            self._successor.dismiss()
            self._successor = None

    def as_running(self) -> RunningChild | None:
        pid = self.pid
        return None if pid is None else RunningChild(self.program.name, pid, self.program.replica, self.program.url)

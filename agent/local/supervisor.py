"""Runs several programs together: starts them in order, starts the dead again, stops them in the reverse order.

One thread, no handlers: the owner calls :meth:`Supervisor.tick` in its loop and decides what a death means. Nothing is
started but by ``tick``, so nothing comes back while :meth:`Supervisor.stop` is at work.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.local.child import Child, Program
from agent.local.signals import Signals
from agent.local.state_dir import RunningChild


@dataclass(frozen=True)
class Died:
    """A child ended by itself, or was found frozen (``status`` None) and killed."""

    program: Program
    status: int | None

    @property
    def gave_up(self) -> bool:
        """It ended by its own decision: what made it do so will be there the next time. Nobody killed it."""
        return self.status is not None and self.status >= 0

    def describe(self) -> str:
        if self.status is None:
            return f"{self.program.label} did not answer any more and was killed"
        if self.status < 0:
            return f"{self.program.label} was killed by signal {-self.status}"
        return f"{self.program.label} exited with status {self.status}"


class Supervisor:
    """``on_change`` hears of every new set of running children before anybody can act on it.

    ``after_crash``: what ran before was not stopped cleanly. Without ``kill_frozen`` who does not answer is left alone.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        on_change: Callable[[tuple[RunningChild, ...]], None],
        *,
        after_crash: bool = False,
        kill_frozen: bool = True,
    ) -> None:
        self._children = [Child(program, after_crash=after_crash, kill_frozen=kill_frozen) for program in programs]
        self._on_change = on_change

    def tick(self) -> list[Died]:
        """Reaps the dead, kills the frozen and who is useless without them, starts (again) who is due; says who died."""
        died: list[Died] = []
        for child in self._children:
            status = child.reap()
            if status is not None:
                died.append(Died(child.program, status))
            elif child.kill_if_frozen():
                died.append(Died(child.program, None))
        if died:
            self._kill_useless({one.program.label for one in died})
            self._publish()
        for child in self._startable():
            if child.start_if_due():
                self._publish()
        return died

    def _kill_useless(self, died: set[str]) -> None:
        for child in self._children:
            if child.program.useless_without in died:
                child.kill()

    def all_answered(self) -> bool:
        """Whether every child has shown that it lives."""
        return all(child.is_up for child in self._children)

    def taking_cues(self) -> list[Child]:
        """Those whose successors can be loaded while they run, in the order of their start."""
        return [child for child in self._children if child.program.takes_cue]

    def running(self) -> tuple[RunningChild, ...]:
        """Who runs now, in the order of their start."""
        return tuple(running for child in self._children if (running := child.as_running()))

    def until_due(self) -> float:
        """Seconds until ``tick`` has something to do, unless a child dies before."""
        return max(0.0, min(child.until_due() for child in self._startable()))

    def stop(self, signals: Signals) -> None:
        """Stops all, last started first, and those of one name together; each gets its grace, unless someone is in a hurry.

        None is left when it returns.
        """
        try:
            for _, alike in groupby(reversed(self._children), key=lambda child: child.program.name):
                self._stop_together(list(alike), signals)
        finally:
            for child in reversed(self._children):
                child.dismiss()
                child.kill()

    def _stop_together(self, children: list[Child], signals: Signals) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + max(child.program.grace for child in children)
        while any(c.is_running() for c in children) and not signals.hurry and (left := deadline - time.monotonic()) > 0:
            signals.wait(left)
        for child in children:
            child.kill()
            self._publish()

    def _startable(self) -> list[Child]:
        """Those that need not wait for another one to answer first; a running one never waits."""
        waiting = False
        found: list[Child] = []
        for child in self._children:
            if not waiting or child.is_running():
                found.append(child)
            waiting = waiting or child.keeps_waiting
        return found

    def _publish(self) -> None:
        self._on_change(self.running())

"""Runs several programs together: starts them in order, starts the dead again, stops them in the reverse order.

One thread, no handlers: the owner calls :meth:`Supervisor.tick` in its loop and decides what a death means. Nothing is
restarted but by ``tick``, so nothing comes back while :meth:`Supervisor.stop` is at work.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
            return f"{self.program.name} did not answer any more and was killed"
        if self.status < 0:
            return f"{self.program.name} was killed by signal {-self.status}"
        return f"{self.program.name} exited with status {self.status}"


class Supervisor:
    """``on_change`` hears of every new set of running children before anybody can act on it."""

    def __init__(self, programs: Sequence[Program], on_change: Callable[[tuple[RunningChild, ...]], None]) -> None:
        self._children = [Child(program) for program in programs]
        self._on_change = on_change

    def start(self, *, after_crash: bool) -> None:
        """Starts all, without waiting for any; ``after_crash`` tells that their predecessors were not stopped cleanly."""
        for child in self._children:
            child.start(after_crash=after_crash)
            self._publish()

    def tick(self) -> list[Died]:
        """Reaps the dead, kills the frozen, starts again who is due; says who died."""
        died: list[Died] = []
        for child in self._children:
            status = child.reap()
            if status is not None:
                died.append(Died(child.program, status))
            elif child.kill_if_frozen():
                died.append(Died(child.program, None))
        started = [child.start_if_due() for child in self._children]
        if died or any(started):
            self._publish()
        return died

    def all_answered(self) -> bool:
        """Whether every child has shown that it lives."""
        return all(child.has_answered for child in self._children)

    def until_due(self) -> float:
        """Seconds until ``tick`` has something to do, unless a child dies before."""
        return max(0.0, min(child.until_due() for child in self._children))

    def stop(self, signals: Signals) -> None:
        """Stops all, last started first; each gets its grace, unless someone is in a hurry. None is left when it returns."""
        try:
            for child in reversed(self._children):
                child.ask_to_stop()
                deadline = time.monotonic() + child.program.grace
                while child.is_running() and not signals.hurry and (left := deadline - time.monotonic()) > 0:
                    signals.wait(left)
                child.kill()
                self._publish()
        finally:
            for child in reversed(self._children):
                child.kill()

    def _publish(self) -> None:
        self._on_change(tuple(running for child in self._children if (running := child.as_running())))

"""A bench for supervisors: small shell programs, one folder, and a loop that ticks."""

import os
from collections.abc import Callable
from pathlib import Path

from agent.local.child import Program
from agent.local.signals import Signals
from agent.local.state_dir import RunningChild
from agent.local.supervisor import Died, Supervisor
from tests.integration.stack import until

FOREVER = "while :; do sleep 600 & wait $!; done"


class Bench:
    """A supervisor of shell scripts, stopped at the end of the test."""

    def __init__(self, folder: Path, signals: Signals) -> None:
        self.folder, self.signals = folder, signals
        self.running: tuple[RunningChild, ...] = ()
        self.supervisor: Supervisor

    def start(self, *programs: Program, after_crash: bool = False, kill_frozen: bool = True) -> None:
        self.supervisor = Supervisor(programs, self._record, after_crash=after_crash, kill_frozen=kill_frozen)
        self.supervisor.tick()

    def program(self, name: str, script: str, **more: object) -> Program:
        fields: dict[str, object] = {"answers": lambda: False, "grace": 60.0} | more
        fields = {"log": self.folder / f"{name}.log"} | fields
        return Program(name=name, argv=("sh", "-c", script), env={"PATH": os.environ["PATH"]}, **fields)  # type: ignore[arg-type]

    def pid(self, name: str) -> int:
        return next(child.pid for child in self.running if child.name == name)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def tick_until(self, condition: Callable[[], bool]) -> list[Died]:
        died: list[Died] = []

        def step() -> bool:
            died.extend(self.supervisor.tick())
            return condition()

        until(step, 30, lambda: f"died: {died}; running: {self.running}")
        return died

    def _record(self, children: tuple[RunningChild, ...]) -> None:
        self.running = children

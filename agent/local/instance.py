"""One running instance: from the first child's start to the last one's end. Its caller owns the data folder meanwhile."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from agent.local.embedded import Embedded
from agent.local.environment import model_settings
from agent.local.logs import tail
from agent.local.probe import status_of
from agent.local.progress import Progress
from agent.local.renewal import NotRenewed, renewal
from agent.local.signals import Signals
from agent.local.state_dir import Run, RunningChild
from agent.local.supervisor import Died, Supervisor
from agent.local.welcome import welcome

_READY_TIMEOUT = 120.0
_READY_POLL = _RENEWAL_POLL = 0.1


class CannotStart(Exception):
    """With a text for the user: what is wrong, and what to do or where to look."""


@dataclass
class Instance:
    """``crashed`` tells that the last run in this folder did not stop cleanly."""

    embedded: Embedded
    signals: Signals
    progress: Progress
    crashed: bool
    kill_frozen: bool
    _renewing: Iterator[None] | None = None
    _renewals: int = 0
    _fault: str = ""

    def run(self) -> None:
        """Returns when asked to stop and all children have ended. Raises CannotStart, with none left either."""
        programs = self.embedded.programs()
        supervisor = Supervisor(programs, self._record, after_crash=self.crashed, kill_frozen=self.kill_frozen)
        try:
            self.progress.say(f"Starting {', '.join(program.label for program in programs)} ...")
            self._wait_until_ready(supervisor)
            self._watch(supervisor)
            self.progress.say("Stopping ...")
        finally:
            supervisor.stop(self.signals)
            self.embedded.host.data.clear_run()

    def _record(self, children: tuple[RunningChild, ...]) -> None:
        run = Run(os.getpid(), self.embedded.origin, children, self._renewals, self._fault)
        try:
            self.embedded.host.data.write_run(run)
        except OSError as problem:  # the disk is full, perhaps: what runs need not stop for that
            self.progress.say(f"Who runs cannot be written down, so `task-agent ps` tells what was before: {problem}", "yellow")

    def _wait_until_ready(self, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT
        while not self.signals.stop:
            self._judge(supervisor.tick())
            status = self._readiness()
            if status == 200 and supervisor.all_answered():
                self._welcome()
                return
            if time.monotonic() > deadline:
                raise CannotStart(self._not_ready(status))
            self.progress.show("waiting for the app" if status is None else "the app waits for Dapr")
            self.signals.wait(_READY_POLL)

    def _readiness(self) -> int | None:
        """What the first replica says that is not ready; 200 when all are."""
        statuses = (status_of(replica.origin + "/readyz") for replica in self.embedded.replicas)
        return next((status for status in statuses if status != 200), 200)

    def _judge(self, deaths: list[Died]) -> None:
        """During the start a program that gives up ends it: a wrong setting does not get better by trying again."""
        for died in deaths:
            if died.gave_up:
                raise CannotStart(_death_at_start(died))
        self._report(deaths)

    def _report(self, deaths: list[Died]) -> None:
        for died in deaths:
            if not (self._renewing and died.program.takes_cue and died.status == 0):  # that one was asked to
                self.progress.say(f"{died.describe()}; starting it again (log: {died.program.log})", "yellow")

    def _watch(self, supervisor: Supervisor) -> None:
        while not self.signals.stop:
            self._report(supervisor.tick())
            self._renew(supervisor)
            self.signals.wait(min(supervisor.until_due(), _RENEWAL_POLL) if self._renewing else supervisor.until_due())

    def _renew(self, supervisor: Supervisor) -> None:
        """Goes on with the rolling restart that was asked for; asked again meanwhile, it begins anew when it is through."""
        if self._renewing is None and self.signals.take_renewal():
            self.progress.say("Restarting the service, one process after the other ...")
            self._renewing = renewal(supervisor.taking_cues(), lambda program: status_of(f"{program.url}/readyz") == 200)
        if self._renewing is None:
            return
        try:
            next(self._renewing)
        except StopIteration:
            self._renewed(supervisor, "")
        except NotRenewed as problem:
            self._renewed(supervisor, str(problem))

    def _renewed(self, supervisor: Supervisor, fault: str) -> None:
        self._renewing = None
        self.progress.say(fault or "Restarted.", "red" if fault else "")
        if not self.signals.renewal_asked:
            self._renewals, self._fault = self._renewals + 1, fault
            self._record(supervisor.running())

    def _welcome(self) -> None:
        self.progress.say(welcome(self.embedded, model_settings(), crashed=self.crashed))

    def _not_ready(self, status: int | None) -> str:
        state = "does not answer" if status is None else f"answers {status}"
        return f"Not ready after {_READY_TIMEOUT:.0f} s: the app {state}. The logs are in {self.embedded.host.data.logs}."


def _death_at_start(died: Died) -> str:
    lines = "".join(f"\n  {line}" for line in tail(died.program.log))
    return f"{died.describe()} during the start. Its last log lines ({died.program.log}):{lines}"

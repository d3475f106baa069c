"""``task-agent restart``: asks the supervisor of a data folder for a rolling restart, and watches it."""

import os
import time
from collections.abc import Iterator

from agent.local.signals import RENEW
from agent.local.state_dir import Run, RunningChild, StateDir

_PATIENCE = 180.0  # from one new process to the next: a stop's grace, and a start on a busy machine
_POLL = 0.1


class NotRestarted(Exception):
    """With a text for the user: why, and what to do or where to look."""


def restart(data: StateDir) -> Iterator[RunningChild]:
    """Yields each new process of the service as it takes the place of another; exhausted when all are ready.

    Raises NotRestarted, also when a new one is no good; then those that were not replaced run on.
    """
    run = data.current_run()
    if run is None or not _ask(run.pid):
        raise NotRestarted(f"Nothing runs in {data.path}. Start it with `task-agent up`, or say where it is with --data-dir.")
    before, seen = run, {child.pid for child in run.children}
    give_up = time.monotonic() + _PATIENCE
    while run.renewals == before.renewals:
        run = _look(data, give_up)
        for new in (child for child in run.children if child.name == "app" and child.pid not in seen):
            seen.add(new.pid)
            give_up = time.monotonic() + _PATIENCE
            yield new
    if run.renewal_fault:
        raise NotRestarted(run.renewal_fault)


def _ask(supervisor: int) -> bool:
    """False where that process is somebody else's."""
    try:
        os.kill(supervisor, RENEW)
    except ProcessLookupError:
        pass  # it is just ending: found by who waits for it
    except PermissionError:
        return False
    return True


def _look(data: StateDir, give_up: float) -> Run:
    run = data.current_run()
    if run is None:
        raise NotRestarted("It was stopped meanwhile.")
    if time.monotonic() > give_up:
        raise NotRestarted(f"Not ready again after {_PATIENCE:.0f} s; it goes on trying. The logs are in {data.logs}.")
    time.sleep(_POLL)
    return run

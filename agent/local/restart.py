"""``task-agent restart``: asks the supervisor of a data folder for a rolling restart, and watches it."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from agent.local.probe import status_of
from agent.local.signals import RENEW
from agent.local.state_dir import RunningChild, StateDir

_PATIENCE = 180.0  # for each process: a stop's grace, and a start on a busy machine
_POLL = 0.1


class NotRestarted(Exception):
    """With a text for the user: why, and what to do or where to look."""


def restart(data: StateDir) -> Iterator[RunningChild]:
    """Yields each new process of the service once it is ready, in the order of their start. Raises NotRestarted."""
    run = data.current_run()
    old = _apps(data)
    if run is None or not old:
        raise NotRestarted(f"Nothing runs in {data.path}. Start it with `task-agent up`, or say where it is with --data-dir.")
    with suppress(ProcessLookupError):  # it is just ending: found below
        os.kill(run.pid, RENEW)
    for replica, before in old.items():
        give_up = time.monotonic() + _PATIENCE
        while not (new := _replaced(data, replica, before)):
            if data.current_run() is None:
                raise NotRestarted("It was stopped meanwhile.")
            if time.monotonic() > give_up:
                raise NotRestarted(f"Not ready again after {_PATIENCE:.0f} s; it goes on trying. The logs are in {data.logs}.")
            time.sleep(_POLL)
        yield new


def _apps(data: StateDir) -> dict[int | None, RunningChild]:
    run = data.current_run()
    return {child.replica: child for child in run.children if child.name == "app"} if run else {}


def _replaced(data: StateDir, replica: int | None, before: RunningChild) -> RunningChild | None:
    new = _apps(data).get(replica)
    return new if new and new.pid != before.pid and status_of(f"{new.url}/readyz") == 200 else None

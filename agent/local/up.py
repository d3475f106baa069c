"""``task-agent up``: one complete Task Agent on this machine, for as long as this process lives."""

import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent.local import environment
from agent.local.dapr_binaries import BadSetting
from agent.local.dapr_build import BuildFailed
from agent.local.dapr_install import ensure_dapr
from agent.local.embedded import PORT_NAMES, Embedded
from agent.local.instance import CannotStart, Instance
from agent.local.ports import is_free, lease
from agent.local.progress import Progress
from agent.local.signals import Signals
from agent.local.state_dir import Occupied, Run, StateDir

APP_COMMAND = (sys.executable, "-P", "-m", "agent.main")  # -P: a folder "agent" where the user stands must not shadow ours


@dataclass(frozen=True)
class Options:
    """What the command line says. ``port`` 0 means: any free one."""

    port: int
    data_dir: Path
    app_command: tuple[str, ...] = APP_COMMAND


def up(options: Options, progress: Progress) -> int:
    """Runs until asked to stop; returns the exit status. What it and its children write, only this user can read."""
    os.umask(0o077)
    data = StateDir(options.data_dir)
    try:
        with data.owned():
            _run(options, data, progress)
    except Occupied as occupied:
        progress.say(_occupied(data, occupied.run), "red")
        return 1
    except (CannotStart, BuildFailed, BadSetting) as problem:
        progress.say(str(problem), "red")
        return 1
    progress.say("Stopped. Everything is kept in the data folder.")
    return 0


def _run(options: Options, data: StateDir, progress: Progress) -> None:
    crashed = data.last_run() is not None
    data.clear_run()
    _check_port(options.port)  # before a build of minutes
    binaries = ensure_dapr(progress)
    with closing(lease(PORT_NAMES)) as ports, Signals() as signals:
        port = options.port or ports["public"]
        embedded = Embedded(data, binaries.folder, port, ports, environment.inherited(), options.app_command)
        Instance(embedded, signals, progress, crashed).run()


def _check_port(port: int) -> None:
    if port and not is_free(port):
        raise CannotStart(f"Port {port} is in use. Take another one with --port N, or any free one with --port 0.")


def _occupied(data: StateDir, run: Run | None) -> str:
    who = f"process {run.pid}, which serves {run.url}" if run else "another process, which is just starting or stopping"
    return f"The data folder {data.path} is in use by {who}.\nStop that one first, or take another folder with --data-dir."

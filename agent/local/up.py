"""``task-agent up``: one complete Task Agent on this machine, for as long as this process lives."""

import os
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from agent.local import environment
from agent.local.dapr_binaries import BadSetting
from agent.local.dapr_build import BuildFailed
from agent.local.dapr_install import ensure_dapr
from agent.local.embedded import SHARED_PORTS, Embedded
from agent.local.host import Host
from agent.local.instance import CannotStart, Instance
from agent.local.ports import lease, why_not
from agent.local.progress import Progress
from agent.local.redis_address import BadRedis
from agent.local.replica import REPLICA_PORTS
from agent.local.signals import Signals
from agent.local.state_dir import Occupied, Run, StateDir, Unusable
from agent.local.store import StoreName, choose_store

APP_COMMAND = (sys.executable, "-P", "-m", "agent.main")  # -P: a folder "agent" where the user stands must not shadow ours
REPLICAS_MAX = 8
_PORT_MAX = 65_535


@dataclass(frozen=True)
class Options:
    """What the command line says. ``port`` 0 means: any free ones; else the first of as many as there are replicas."""

    port: int
    data_dir: Path
    app_command: tuple[str, ...] = APP_COMMAND
    store: StoreName = "sqlite"
    replicas: int = 1


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
    except Unusable as problem:
        progress.say(f"{problem} Take another one with --data-dir.", "red")
        return 1
    except (CannotStart, BuildFailed, BadSetting, BadRedis) as problem:
        progress.say(str(problem), "red")
        return 1
    except OSError as problem:
        progress.say(f"This machine does not let Task Agent run: {problem}.", "red")
        return 1
    progress.say("Stopped. Everything is kept in the data folder.")
    return 0


def _run(options: Options, data: StateDir, progress: Progress) -> None:
    crashed = data.was_left()
    data.reset_switches()
    store_of = choose_store(options.store, environment.redis_url(), lambda warning: progress.say(warning, "yellow"))
    wanted = [options.port + number for number in range(options.replicas)] if options.port else []
    _check_ports(wanted)  # all this before a build of minutes
    binaries = ensure_dapr(progress)
    with ExitStack() as stack:
        shared = stack.enter_context(closing(lease(SHARED_PORTS, avoid=wanted)))
        own = [stack.enter_context(closing(lease(REPLICA_PORTS, avoid=wanted))) for _ in range(options.replicas)]
        own.sort(key=lambda ports: ports["public"])  # replicas are numbered in the order of their ports
        host = Host(data, binaries.folder, environment.inherited())
        store = store_of(host, shared["redis"])
        _note_store(data, store.identity, progress)
        places = list(zip(wanted or [ports["public"] for ports in own], own, strict=True))
        embedded = Embedded.of(host, store, shared, places, options.app_command)
        signals = stack.enter_context(Signals())
        data.clear_run()  # not before: a start that fails above leaves it to the next one to know of the crash
        Instance(embedded, signals, progress, crashed, environment.kill_frozen()).run()


def _note_store(data: StateDir, store: str, progress: Progress) -> None:
    """An empty state where there was a full one must not come as a surprise."""
    before = data.last_store()
    if before not in (None, store):
        told = f"This folder was last run with the store {before!r}; {store!r} knows nothing of what is in that one."
        progress.say(f"{told} It stays there, reminders too, until the folder is run with {before!r} again.", "yellow")
    data.write_store(store)


def _check_ports(ports: list[int]) -> None:
    if ports and ports[-1] > _PORT_MAX:
        raise CannotStart(f"There is no port {ports[-1]}. Take a lower one with --port N, or any free ones with --port 0.")
    for port in ports:
        if problem := why_not(port):
            raise CannotStart(f"Port {port} {problem}. Take another one with --port N, or any free one with --port 0.")


def _occupied(data: StateDir, run: Run | None) -> str:
    who = f"process {run.pid}, which serves {run.url}" if run else "another process, which is just starting or stopping"
    return f"The data folder {data.path} is in use by {who}.\nStop that one first, or take another folder with --data-dir."

"""A Dapr stack of its own for the bare sample, with the flags, components and supervisor of ``task-agent up``.

``python -m tests.bench.bare_stack --data-dir DIR``; the sidecar's token comes in BENCH_DAPR_TOKEN, which lets the bench
call it.
"""

import argparse
import os
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from agent.local import environment
from agent.local.dapr_install import ensure_dapr
from agent.local.embedded import SHARED_PORTS, Embedded
from agent.local.host import Host
from agent.local.instance import Instance
from agent.local.ports import lease
from agent.local.process import die_with_parent
from agent.local.progress import Progress
from agent.local.replica import REPLICA_PORTS
from agent.local.signals import Signals
from agent.local.state_dir import StateDir
from agent.local.store import choose_store

TOKEN_SETTING = "BENCH_DAPR_TOKEN"


def main(folder: Path) -> None:
    die_with_parent()
    data, progress = StateDir(folder), Progress(Console())
    binaries = ensure_dapr(progress)
    command = (sys.executable, "-m", "tests.bench.bare_sample")
    with data.owned(), closing(lease(SHARED_PORTS)) as shared, closing(lease(REPLICA_PORTS)) as ports, Signals() as signals:
        host = Host(data, binaries.folder, environment.inherited())
        store = choose_store("sqlite", "", progress.say)(host, 0)
        embedded = Embedded.of(host, store, shared, [(ports["app_channel"], ports)], command)
        replica = replace(embedded.replicas[0], dapr_token=os.environ[TOKEN_SETTING])
        Instance(replace(embedded, replicas=(replica,)), signals, progress, crashed=False, kill_frozen=True).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    main(parser.parse_args().data_dir)

"""A Dapr stack of its own for the bare sample, with the flags, components and supervisor of ``task-agent up``.

``python -m tests.bench.bare_stack --data-dir DIR``; the sidecar's token comes in BENCH_DAPR_TOKEN, which lets the bench
call it.
"""

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

from rich.console import Console

from agent.local import environment
from agent.local.dapr_install import ensure_dapr
from agent.local.embedded import PORT_NAMES, Embedded
from agent.local.instance import Instance
from agent.local.ports import lease
from agent.local.process import die_with_parent
from agent.local.progress import Progress
from agent.local.signals import Signals
from agent.local.state_dir import StateDir

TOKEN_SETTING = "BENCH_DAPR_TOKEN"


def main(folder: Path) -> None:
    die_with_parent()
    data, progress = StateDir(folder), Progress(Console())
    binaries = ensure_dapr(progress)
    command = (sys.executable, "-m", "tests.bench.bare_sample")
    with data.owned(), closing(lease(PORT_NAMES)) as ports, Signals() as signals:
        token = os.environ[TOKEN_SETTING]
        embedded = Embedded(
            data, binaries.folder, ports["app_channel"], ports, environment.inherited(), command, dapr_token=token
        )
        Instance(embedded, signals, progress, crashed=False).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    main(parser.parse_args().data_dir)

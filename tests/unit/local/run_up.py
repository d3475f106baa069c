"""``task-agent up`` with the stand-in app, as a script: run_up.py --port N --data-dir D --store S --replicas N."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from agent.local import process, signals
from agent.local.progress import Progress
from agent.local.up import Options, up

STAND_IN = str(Path(__file__).with_name("stand_in_app.py"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--follow-parent", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--store", choices=["sqlite", "redis"], default="sqlite")
    parser.add_argument("--replicas", type=int, default=1)
    arguments = parser.parse_args()
    process.die_with_parent()
    signals.raise_on_stop()
    command = (os.environ.get("STAND_IN_PYTHON", sys.executable), STAND_IN)
    options = Options(arguments.port, arguments.data_dir, command, arguments.store, arguments.replicas)
    sys.exit(up(options, Progress(Console(highlight=False))))

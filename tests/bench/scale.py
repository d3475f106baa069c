"""Replicas, followers and many connections: ``python -m tests.bench.scale``. Progress to stderr, one JSON object to stdout.

Apart from ``tests.bench`` because it needs a ``redis-server`` and takes a quarter of an hour. Gates nothing either.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.bench import crowd, fsync, gap, idle, memory, profiles, stalled
from tests.bench.__main__ import machine
from tests.bench.processes import BenchFailed, Processes

PARTS: dict[str, Callable[[Processes], dict[str, Any]]] = {
    "fsync": fsync.measure,
    "profiles": profiles.measure,
    "crowd": crowd.measure,
    "stalled": stalled.measure,
    "idle": idle.measure,
    "gap": gap.measure,
    "memory": memory.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS), nargs="*", default=tuple(PARTS))
    parser.add_argument("--folder", type=Path, help="keep data and logs here instead of a folder that is removed")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for us and for all that we start
    report: dict[str, Any] = {"machine": machine()}
    for name in options.only:
        sys.stderr.write(f"{name} ...\n")
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"task-agent-bench-{name}-") as temporary:
            folder = options.folder / name if options.folder else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with Processes(folder) as processes:
                    report[name] = PARTS[name](processes) | {"seconds": round(time.monotonic() - begun)}
            except (BenchFailed, OSError, psutil.Error) as failed:
                report[name] = {"failed": str(failed)}
        sys.stderr.write(json.dumps({name: report[name]}) + "\n")
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()

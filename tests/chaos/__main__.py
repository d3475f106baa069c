"""``python -m tests.chaos``: a chaos run; progress to stderr, one JSON object to stdout. Exits with 1 when anything broke, also
what nobody hurt.

SEED=n (or --seed) repeats the plan of a run: the same messages and the same faults in the same order. When things happen is up
to the machine, so a race may need several replays.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import passed, report
from tests.chaos.run import Size, run


def main() -> int:
    """Runs, tells, judges."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or secrets.randbelow(2**31)))
    parser.add_argument("--faults", type=int, default=25)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--calm", type=float, default=15.0, help="seconds without faults, before")
    parser.add_argument("--unwatched", type=float, default=30.0, help="seconds that the zombie nobody watches sleeps")
    parser.add_argument("--breath", type=float, default=30.0, help="seconds to wait for replicas before each fault")
    parser.add_argument("--haste", type=float, default=5.0, help="seconds to wait for turns before each fault")
    parser.add_argument("--folder", type=Path, help="keep data and logs here instead of a folder that is removed")
    asked = parser.parse_args()
    sys.stderr.write(f"chaos: SEED={asked.seed} faults={asked.faults}\n")
    with tempfile.TemporaryDirectory(prefix="task-agent-chaos-") as temporary:
        size = Size(asked.faults, asked.users, asked.replicas, asked.calm, asked.unwatched, asked.breath, asked.haste)
        told = report(run(asked.seed, size, asked.folder or Path(temporary)))
    json.dump(told, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0 if passed(told) else 1


if __name__ == "__main__":
    sys.exit(main())

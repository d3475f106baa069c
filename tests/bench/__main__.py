"""All benches in one run: ``python -m tests.bench``. Progress goes to stderr, one JSON object to stdout.

Gates nothing: figures move with the machine, and ratios within one run are what counts. ``machine.others_busy`` tells how much
of the machine other programs took meanwhile; above a tenth or so, measure again.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.bench import cancel, chat, tasks, wires
from tests.bench.aims import aims
from tests.bench.bare_stack import TOKEN_SETTING
from tests.bench.processes import ROOT, Processes, cpu

ALL = ("chat", "cancel", "tasks", "actors", "wires")
_TOKEN = "bench-token-of-a-stack-that-lives-for-minutes"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=ALL, nargs="*", default=ALL)
    parser.add_argument("--folder", type=Path, help="keep data and logs here instead of a folder that is removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="task-agent-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        json.dump(run(folder, options.only), sys.stdout, indent=1)
        sys.stdout.write("\n")


def run(folder: Path, wanted: list[str]) -> dict[str, Any]:
    """Starts what is needed, measures, stops all."""
    begun, report = time.monotonic(), dict[str, Any]()
    with Processes(folder) as processes:
        _tell("starting the scripted endpoint, the proxy and the service")
        measured = chat.targets(processes)
        service, load = measured[-1], processes.load()
        ours = {"load": load.pid, "proxy": measured[1].pids["proxy"], **service.pids}
        stacks = {"service": (service.url, service.pids)}
        if "tasks" in wanted or "actors" in wanted:
            _tell("starting the bare sample")
            command = (sys.executable, "-m", "tests.bench.bare_stack")
            bare, bare_pids = processes.stack("bare", *command, env={TOKEN_SETTING: _TOKEN})
            ours |= {f"bare {name}": pid for name, pid in bare_pids.items()}
            stacks |= {"bare sample": (bare, bare_pids)}
        others = _Others(ours)
        if "chat" in wanted:
            _tell("chat")
            report["chat"] = chat.measure(load, measured)
        if "cancel" in wanted:
            _tell("cancel")
            report["cancel"] = cancel.measure(measured[0].url, service.url)
        if "tasks" in wanted:
            _tell("tasks")
            report["tasks"] = tasks.measure(load, stacks)
        report["machine"] = machine() | {"others_busy": others.share()}
        if "actors" in wanted:
            _tell("actors")
            report["actors"] = actors(processes.data_dir("bare"))
    if "wires" in wanted:
        _tell("wires")
        report["wires"] = wires.measure()
    return report | {"aims": aims(report), "seconds": round(time.monotonic() - begun)}


def actors(data_dir: Path) -> dict[str, Any]:
    """Runs the caller process against the sidecar of the stack in ``data_dir``."""
    parts = json.loads((data_dir / "run.json").read_text())["children"]
    port = next(urlsplit(part["url"]).port for part in parts if part["name"] == "daprd")
    env = os.environ | {"DAPR_HTTP_PORT": str(port), "DAPR_API_TOKEN": _TOKEN, "DAPR_RUNTIME_HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "tests.bench.actors"]
    return json.loads(subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, timeout=120).stdout)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


class _Others:
    """How busy the machine is with what is not ours."""

    def __init__(self, ours: dict[str, int]) -> None:
        self._ours = ours
        self._begun = time.monotonic(), self._now()

    def share(self) -> float:
        """CPU of other programs since the beginning, as a share of the whole machine."""
        begun, (busy, own) = self._begun
        now_busy, now_own = self._now()
        whole = (time.monotonic() - begun) * (os.cpu_count() or 1)
        return round(max(0.0, now_busy - busy - (now_own - own)) / whole, 2)

    def _now(self) -> tuple[float, float]:
        times = psutil.cpu_times()
        return times.user + times.nice + times.system + times.softirq + times.irq + times.steal, sum(cpu(self._ours).values())


def _tell(text: str) -> None:
    sys.stderr.write(f"{text} ...\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

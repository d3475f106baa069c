"""The processes of a bench: started, waited for, their CPU read, and all stopped at the end."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

import psutil

from agent.local.ports import is_free
from agent.local.state_dir import StateDir
from tests.bench.load import Job, Result

ROOT = Path(__file__).parents[2]
TASK_AGENT = Path(sys.executable).with_name("task-agent")
_START_PATIENCE = 90.0
_STOP_PATIENCE = 20.0


class BenchFailed(Exception):
    """A process did not start; the text has the end of its log."""


class Processes:
    """Context manager; what it started is gone when it ends. Logs go to ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._ports = iter(range(31_000, 32_000))

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def free_port(self) -> int:
        return next(port for port in self._ports if is_free(port))

    def start(self, name: str, *argv: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Starts it with its output in a log."""
        log = self._stack.enter_context((self._folder / f"{name}.log").open("w"))
        return self._spawn(argv, env, log)

    def module(self, name: str, module: str, *arguments: str, ready: str) -> int:
        """Starts a Python module that serves; its pid, once ``ready`` answers 200."""
        process = self.start(name, sys.executable, "-m", module, *arguments)
        self._wait(name, process, lambda: ready)
        return process.pid

    def stack(self, name: str, *argv: str, env: Mapping[str, str]) -> tuple[str, dict[str, int]]:
        """Starts a supervised Dapr stack whose data folder is ``name``; its origin and the pids of its parts."""
        process = self.start(name, *argv, "--data-dir", str(self.data_dir(name)), env=env)
        self._wait(name, process, lambda: _origin(self.data_dir(name)) + "/readyz")
        run = StateDir(self.data_dir(name)).last_run()
        return _origin(self.data_dir(name)), {part.name: part.pid for part in run.children} if run else {}

    def data_dir(self, name: str) -> Path:
        return self._folder / f"{name}-data"

    def load(self) -> "Load":
        """A load generator."""
        command = (sys.executable, "-m", "tests.bench.load")
        return Load(self._spawn(command, None, subprocess.PIPE))

    def _spawn(self, argv: tuple[str, ...], env: Mapping[str, str] | None, out: IO[str] | int) -> "subprocess.Popen[str]":
        environment = os.environ | (env or {})
        errors = None if out == subprocess.PIPE else subprocess.STDOUT
        process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=errors, text=True)
        self._stack.callback(_stop, process)
        return process

    def _wait(self, name: str, process: "subprocess.Popen[str]", url: Callable[[], str]) -> None:
        deadline = time.monotonic() + _START_PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError, ValueError, KeyError, urllib.error.URLError):
                with urllib.request.urlopen(url(), timeout=2) as answer:
                    if answer.status == 200:
                        return
            time.sleep(0.1)
        raise BenchFailed(f"{name} did not start:\n" + (self._folder / f"{name}.log").read_text()[-2000:])


class Load:
    """The load generator's process, from the outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process, self.pid = process, process.pid

    def run(self, job: Job) -> Result:
        """Does one job."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        return Result(**json.loads(self._process.stdout.readline()))


def cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds each process has used."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: used.user + used.system for name, used in times.items()}


def post(url: str) -> None:
    """An empty POST."""
    with urllib.request.urlopen(urllib.request.Request(url, data=b"", method="POST"), timeout=10) as answer:
        answer.read()


def _origin(data_dir: Path) -> str:
    run = StateDir(data_dir).last_run()
    if run is None:
        raise ValueError("nothing runs there yet")
    return run.url


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
    if process.stdout:
        process.stdout.close()

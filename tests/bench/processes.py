"""The processes of a bench: started, waited for, their CPU read, and all stopped at the end."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

import psutil

from agent.local.ports import is_free
from agent.local.state_dir import RunningChild, StateDir
from tests.bench.load import Job, Result

ROOT = Path(__file__).parents[2]
TASK_AGENT = Path(sys.executable).with_name("task-agent")
_START_PATIENCE = 180.0
_STOP_PATIENCE = 20.0
_ANNOUNCEMENT = "Ctrl-C stops everything"  # the last line of the welcome
_NOT_INHERITED = ("REDIS_URL", "OPENAI_")  # a bench works on what it has started, never on what its user has


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
        self._wait(name, process, lambda: _answers(ready))
        return process.pid

    def stack(self, name: str, *argv: str, env: Mapping[str, str]) -> tuple[str, dict[str, int]]:
        """Starts a supervised Dapr stack whose data folder is ``name``; its origin and the pids of its parts.

        With several replicas the names of apps and sidecars are numbered, as in ``app-0``.
        """
        process = self.start(name, *argv, "--data-dir", str(self.data_dir(name)), env=env)
        self._wait(name, process, lambda: _ANNOUNCEMENT in (self._folder / f"{name}.log").read_text())
        parts = _children(self.data_dir(name))
        several = len(self.urls(name)) > 1
        pids = {f"{p.name}-{p.replica}" if several and p.replica is not None else p.name: p.pid for p in parts}
        return self.urls(name)[0], pids

    @contextmanager
    def stack_for_a_while(self, name: str, *argv: str, env: Mapping[str, str]) -> Generator[dict[str, int]]:
        """The pids of a stack that ends with the block."""
        outer, self._stack = self._stack, ExitStack()
        try:
            yield self.stack(name, *argv, env=env)[1]
        finally:
            self._stack.close()
            self._stack = outer

    def urls(self, name: str) -> list[str]:
        """The origins of a stack's replicas."""
        return [part.url for part in _children(self.data_dir(name)) if part.name == "app" and part.url]

    def data_dir(self, name: str) -> Path:
        return self._folder / f"{name}-data"

    def load(self) -> "Load":
        """A load generator."""
        command = (sys.executable, "-m", "tests.bench.load")
        return Load(self._spawn(command, None, subprocess.PIPE))

    def _spawn(self, argv: tuple[str, ...], env: Mapping[str, str] | None, out: IO[str] | int) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        environment = inherited | dict(env or {})
        errors = None if out == subprocess.PIPE else subprocess.STDOUT
        process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=errors, text=True)
        self._stack.callback(_stop, process)
        return process

    def _wait(self, name: str, process: "subprocess.Popen[str]", ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            if ready():
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


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200
    return False


def _children(data_dir: Path) -> tuple[RunningChild, ...]:
    run = StateDir(data_dir).last_run()
    return run.children if run else ()


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

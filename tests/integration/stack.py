"""One complete Task Agent for a test: ``task-agent up`` as a subprocess, its processes by name, and ways to hurt them.

Waits by looking at conditions with a deadline, never by sleeping for a while and hoping.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from agent.local.ps import running
from agent.local.state_dir import StateDir

TASK_AGENT = (str(Path(sys.executable).with_name("task-agent")), "up")
CHILDREN = ("placement", "scheduler", "daprd", "app")
PATIENCE = 90.0  # for what takes a moment where nothing else runs
START_TIMEOUT, STOP_TIMEOUT = 130.0, PATIENCE  # `up` itself says after 120 s what is not ready
_ANNOUNCEMENT = "Ctrl-C stops everything"  # the last line of the welcome
_MARK = "TASK_AGENT_TEST_STACK"


class Stack:
    """Starts on entering, or by :meth:`start`; leaves nothing behind. Use it from the main thread: it dies with it.

    ``env`` is added to this process's environment, from which all OPENAI_* settings are taken away: without new ones the
    offline demo model answers. ``port`` 0 takes a free one at the first start; a single replica keeps it over restarts.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        env: Mapping[str, str] | None = None,
        command: tuple[str, ...] = TASK_AGENT,
        *,
        store: str = "sqlite",
        replicas: int = 1,
    ) -> None:
        self.data_dir = data_dir
        self.output = data_dir.parent / f"{data_dir.name}.up.log"
        self._port, self._command = port, command
        self.store, self.replicas = store, replicas
        self._mark = secrets.token_hex(16)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "REDIS_URL"))}
        self.env = clean | dict(env or {}) | {_MARK: self._mark}
        self._process: subprocess.Popen[bytes] | None = None

    # --- life ------------------------------------------------------------------------------------------------------------

    def start(self, timeout: float = START_TIMEOUT) -> "Stack":
        """Starts and waits until it says that it is ready. Fails with what ``up`` printed when it does not get there."""
        before = len(self.printed())
        self.spawn()

        def announced() -> bool:
            assert self.supervisor.poll() is None, f"it ended by itself:\n{self.printed()}"
            return _ANNOUNCEMENT in self.printed()[before:]

        until(announced, timeout, lambda: f"not ready:\n{self.printed()}")
        self._port = self.port if self.replicas == 1 else self._port  # the neighbours of a free one need not be free
        return self

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts and does not wait."""
        where = ("--port", str(self._port), "--data-dir", str(self.data_dir))
        options = ("--follow-parent", *where, "--store", self.store, "--replicas", str(self.replicas), *arguments)
        with self._open_output() as output:
            self._process = subprocess.Popen(
                [*self._command, *options],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self._process

    def stop(self, sig: signal.Signals = signal.SIGINT, timeout: float = STOP_TIMEOUT) -> int:
        """Asks the supervisor to stop; its exit status. Fails when a process is left behind."""
        self.supervisor.send_signal(sig)
        status = self.wait_ended(timeout)
        assert self.survivors() == []
        return status

    def wait_ended(self, timeout: float = STOP_TIMEOUT) -> int:
        """The exit status of the supervisor, once it and all its children are gone."""
        status = self.supervisor.wait(timeout)
        self._process = None
        until(lambda: not self.survivors(), timeout, lambda: f"left behind: {self.survivors()}")
        return status

    def kill_all(self) -> None:
        """``kill -9`` of everything at once, the supervisor first, so that it can restart nothing."""
        self.supervisor.kill()
        for pid, _ in self.survivors():
            _kill(pid, signal.SIGKILL)
        self.wait_ended()

    def restart(self, timeout: float = START_TIMEOUT) -> "Stack":
        """Stops cleanly, unless everything is dead already, and starts again on the same port and data."""
        if self._process is not None:
            self.stop()
        return self.start(timeout)

    def __enter__(self) -> "Stack":
        try:
            return self.start()
        except BaseException:
            self._abandon()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is None:
            return
        if error is not None:
            self._abandon()
        else:
            self.stop()

    # --- looking ---------------------------------------------------------------------------------------------------------

    @property
    def supervisor(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "the stack is not running"
        return self._process

    @property
    def url(self) -> str:
        """The public origin; with replicas that of the first."""
        run = StateDir(self.data_dir).current_run()
        assert run is not None, f"nothing runs:\n{self.printed()}"
        return run.url

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def ps(self) -> list[dict[str, Any]]:
        """What ``task-agent ps --json`` says."""
        return running(StateDir(self.data_dir))

    @property
    def urls(self) -> list[str]:
        """The public origin of each replica that runs, in the order of their numbers."""
        apps = [process for process in self.ps() if process["name"] == "app"]
        return [process["url"] for process in sorted(apps, key=lambda process: process["replica"])]

    def pid(self, name: str, replica: int | None = None) -> int | None:
        """The child's process id; None while it is dead. Without ``replica``: of the first one, or one that all share."""
        return next((process["pid"] for process in self.ps() if _is(process, name, replica)), None)

    def survivors(self) -> list[tuple[int, str]]:
        """(pid, command) of every living process that this stack has started, however it got detached."""
        mark = f"{_MARK}={self._mark}".encode()
        found: list[tuple[int, str]] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and mark in _read(entry / "environ").split(b"\0"):
                found.append((int(entry.name), _read(entry / "cmdline").replace(b"\0", b" ").decode(errors="replace")))
        return found

    def printed(self) -> str:
        """What ``up`` has printed so far, over all starts."""
        return self.output.read_text() if self.output.exists() else ""

    def log(self, name: str) -> str:
        """A child's log; with several replicas those of apps and sidecars are numbered, as in ``app-0``."""
        return (self.data_dir / "logs" / f"{name}.log").read_text(errors="replace")

    # --- hurting and waiting ---------------------------------------------------------------------------------------------

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL, replica: int | None = None) -> int:
        """Sends ``sig`` to a child; its process id."""
        pid = self.pid(name, replica)
        assert pid is not None, f"{name} is not running"
        _kill(pid, sig)
        return pid

    def wait_pid_changed(self, name: str, old: int, timeout: float = PATIENCE, replica: int | None = None) -> int:
        """The child's new process id."""
        found: list[int | None] = []

        def changed() -> bool:
            found.append(self.pid(name, replica))
            return found[-1] not in (None, old)

        until(changed, timeout, lambda: f"{name} was not restarted:\n{self.printed()}")
        assert found[-1] is not None
        return found[-1]

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Until ``/readyz`` of every replica answers 200 (again). Fails at once when the supervisor ends."""

        def ready() -> bool:
            assert self.supervisor.poll() is None, f"it ended by itself:\n{self.printed()}"
            return len(self.urls) == self.replicas and all(is_ready(url) for url in self.urls)

        until(ready, timeout, lambda: f"not ready:\n{self.printed()}")

    def _abandon(self) -> None:
        if self._process is not None:
            self.kill_all()

    def _open_output(self) -> IO[bytes]:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        return self.output.open("ab")


def until(condition: Callable[[], bool], timeout: float, failure: Callable[[], str]) -> None:
    """Looks at ``condition`` again and again until it holds; fails after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, failure()
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    """Whether the service at ``url`` says that it is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=2.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _is(process: dict[str, Any], name: str, replica: int | None) -> bool:
    return process["name"] == name and replica in (None, process["replica"])


def _kill(pid: int, sig: signal.Signals) -> None:
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def _read(path: Path) -> bytes:
    """A file of /proc; empty when its process has just ended (a zombie's is empty, too)."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

"""A real ``redis-server`` of the test's own: on a free port, with its data in a folder of the test's."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

_PR_SET_PDEATHSIG = 1
PATIENCE = 20.0  # the machine may be busy
MISSING = "These tests need redis-server on the PATH: apt-get install -y redis-server (it need not run as a service)."


class RedisServer:
    """Keeps everything it acknowledged, also through ``kill``: AOF with ``appendfsync always``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.admin = Redis(port=self.port, socket_timeout=PATIENCE)

    def start(self) -> None:
        """Returns when it answers."""
        binary = shutil.which("redis-server")
        if not binary:
            pytest.fail(MISSING, pytrace=False)
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "enable-debug-command": "yes",
            "logfile": str(self._folder / "redis.log"),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [binary, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, and nothing answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.admin.close()
        self.kill()

    def calls(self, command: str) -> int:
        """How often ``command`` ran since the statistics were reset; scripts count what they call."""
        return self.admin.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"]

    def _answers(self) -> bool:
        try:
            return bool(self.admin.ping())
        except RedisError:
            return False


def _free_port() -> int:
    """Below the ports that the system gives to clients: none of them may take it while the server is down."""
    start = 20_000 + os.getpid() * 7 % 10_000
    for port in range(start, start + 2_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

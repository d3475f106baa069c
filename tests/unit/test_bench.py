"""A bench works on what it has started itself, and changes nothing that its user has."""

import json
import sys
from pathlib import Path

import pytest

from tests.bench.fsync import own_redis
from tests.bench.processes import BenchFailed, Processes

LISTEN = (
    "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); time.sleep(600)"
)


def test_a_stack_does_not_inherit_its_users_redis_and_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.setenv(name, "the user's")
    with Processes(tmp_path) as processes:
        tell = "import json, os; print(json.dumps(dict(os.environ)))"
        processes.start("tells", sys.executable, "-c", tell, env={"OPENAI_MODEL": "scripted"}).wait()
    told = json.loads((tmp_path / "tells.log").read_text())
    assert {name: told.get(name) for name in ("REDIS_URL", "OPENAI_API_KEY", "OPENAI_MODEL", "PATH")} == {
        "REDIS_URL": None, "OPENAI_API_KEY": None, "OPENAI_MODEL": "scripted", "PATH": told["PATH"],
    }  # fmt: skip


def test_only_the_stacks_own_redis_has_its_syncing_changed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        own, other = (_listener(processes, tmp_path, name) for name in ("own", "other"))
        app, _ = _listener(processes, tmp_path, "app", {"REDIS_URL": f"redis://:secret@127.0.0.1:{own[1]}/0"})
        assert own_redis({"app": app, "redis": own[0]}) == f"redis://:secret@127.0.0.1:{own[1]}/0"
        for pids in ({"app": app}, {"app": app, "redis": other[0]}):
            with pytest.raises(BenchFailed, match="left alone"):
                own_redis(pids)


def _listener(processes: Processes, folder: Path, name: str, env: dict[str, str] | None = None) -> tuple[int, int]:
    """(pid, port) of a process that listens as a Redis would, once it does."""
    process, log = processes.start(name, sys.executable, "-u", "-c", LISTEN, env=env), folder / f"{name}.log"
    while not log.read_text().endswith("\n"):
        assert process.poll() is None, log.read_text()
    return process.pid, int(log.read_text())

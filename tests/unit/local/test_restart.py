"""``task-agent restart``: new processes in place of the running ones, one at a time, with pretended Dapr and a stand-in app."""

import signal
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.local.cli import app
from agent.local.restart import NotRestarted, restart
from agent.local.state_dir import StateDir
from tests.integration.stack import Stack, until
from tests.unit.local import fake_dapr
from tests.unit.local.test_up import UP


@pytest.fixture
def dapr(tmp_path: Path) -> Path:
    return fake_dapr.make(tmp_path / "dapr")


def stack(dapr: Path, store: str = "sqlite", replicas: int = 1, **env: str) -> Stack:
    return Stack(dapr.parent / "data", 0, {"TASK_AGENT_DAPR_BIN": str(dapr)} | env, UP, store=store, replicas=replicas)


def apps(running: Stack) -> list[int | None]:
    return [running.pid("app", replica) for replica in range(running.replicas)]


def test_each_replica_is_replaced_while_the_others_run(dapr: Path) -> None:
    with stack(dapr, "redis", 3) as running:
        old = apps(running)
        shared = [running.pid(name) for name in ("redis", "placement", "scheduler")]
        for replica, new in enumerate(restart(StateDir(running.data_dir))):
            assert (new.replica, new.url) == (replica, running.urls[replica])
            assert apps(running)[replica] == new.pid != old[replica]
            assert running.pid("app", 2) == old[2] or replica == 2, "not before the one before it is ready"
        assert [running.pid(name) for name in ("redis", "placement", "scheduler")] == shared
        until(lambda: "Restarted." in running.printed(), 10, running.printed)
    assert "starting it again" not in running.printed()
    assert running.printed().count("Restarting the service") == 1


def test_the_successor_has_loaded_before_the_old_one_is_told_to_stop(dapr: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with stack(dapr, STAND_IN_TELLS=str(told)) as running:
        CliRunner().invoke(app, ["restart", "--data-dir", str(running.data_dir)], catch_exceptions=False)
    assert told.read_text().split() == ["begins", "waits", "stops", "begins", "stops"]


def test_a_successor_that_cannot_load_is_told_and_the_old_one_replaced_all_the_same(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "broken"
    with stack(dapr, STAND_IN_DIES_IF=str(switch)) as running:
        switch.touch()
        found: list[str] = []

        def wait() -> None:
            found.extend(new.name for new in restart(StateDir(running.data_dir)))

        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: "app exited with status 1" in running.printed(), 20, running.printed)
        switch.unlink()
        waiting.join(30)
        assert found == ["app"]


def test_one_that_does_not_stop_is_killed(dapr: Path) -> None:
    running = stack(dapr, STAND_IN_MODE="stay").start()
    old = running.pid("app")
    [new] = restart(StateDir(running.data_dir))
    assert new.pid != old
    assert "app was killed by signal 9" in running.printed()
    running.kill_all()


def test_nothing_to_restart_is_said_with_what_to_do(dapr: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["restart", "--data-dir", str(tmp_path / "nobody")])
    assert result.exit_code == 1
    assert "task-agent up" in result.output


def test_a_stop_ends_a_restart_and_leaves_nobody_behind(dapr: Path, tmp_path: Path) -> None:
    switch = tmp_path / "broken"  # nobody comes after the old one
    running = stack(dapr, STAND_IN_DIES_IF=str(switch)).start()
    switch.touch()
    watching = restart(StateDir(running.data_dir))
    found: list[str] = []

    def wait() -> None:
        try:
            next(watching)
        except NotRestarted as problem:
            found.append(str(problem))

    waiting = threading.Thread(target=wait)
    waiting.start()
    until(lambda: "Restarting" in running.printed(), 10, running.printed)
    running.supervisor.send_signal(signal.SIGINT)
    assert running.wait_ended() == 0
    waiting.join(10)
    assert found == ["It was stopped meanwhile."]

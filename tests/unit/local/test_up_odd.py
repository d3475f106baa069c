"""``up`` on a machine that is short of something: each time a sentence, and what runs goes on."""

import socket
from pathlib import Path

import pytest

from agent.local.state_dir import StateDir
from tests.integration.stack import Stack, until
from tests.unit.local import fake_dapr
from tests.unit.local.test_up import UP

DEAF = ("env", "--ignore-signal=CHLD", *UP)


@pytest.fixture
def dapr(tmp_path: Path) -> Path:
    return fake_dapr.make(tmp_path / "dapr")


def stack(dapr: Path, data: str = "data", port: int = 0, command: tuple[str, ...] = UP) -> Stack:
    return Stack(dapr.parent / data, port, {"TASK_AGENT_DAPR_BIN": str(dapr)}, command)


def test_what_runs_goes_on_when_it_cannot_be_written_down(dapr: Path) -> None:
    with stack(dapr) as running:
        draft = running.data_dir / "run.new"
        draft.mkdir()  # as good as a full disk: it cannot be written
        running.kill("app")
        until(lambda: "app was killed by signal 9" in running.printed(), 20, running.printed)
        running.wait_ready()
        assert "cannot be written down" in running.printed()
        draft.rmdir()


@pytest.mark.parametrize("folder", ["taken", "taken/deeper"])
def test_a_folder_that_is_none_is_told_with_what_to_do(dapr: Path, folder: str) -> None:
    (dapr.parent / "taken").write_text("a file")
    refused = stack(dapr, "data")
    refused.data_dir = dapr.parent / folder
    refused.spawn()
    assert refused.wait_ended() == 1
    assert f"The data folder {refused.data_dir} cannot be written: " in refused.printed()
    assert "--data-dir" in refused.printed()
    assert "Traceback" not in refused.printed()
    assert StateDir(refused.data_dir).current_run() is None


def test_a_file_that_cannot_be_written_is_told(dapr: Path) -> None:
    refused = stack(dapr)
    (refused.data_dir / "store").mkdir(parents=True)
    refused.spawn()
    assert refused.wait_ended() == 1
    assert "This machine does not let Task Agent run: " in refused.printed()
    assert "Traceback" not in refused.printed()


def test_children_are_seen_to_end_also_by_one_that_was_told_not_to_look(dapr: Path) -> None:
    with stack(dapr, command=DEAF) as running:
        old = running.kill("app")
        running.wait_pid_changed("app", old)
        running.wait_ready()


def test_a_start_that_is_refused_leaves_the_crash_to_be_told_by_the_next(dapr: Path) -> None:
    crashing = stack(dapr).start()
    crashing.kill_all()
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = stack(dapr, port=other.getsockname()[1])
        refused.spawn()
        assert refused.wait_ended() == 1
    (crashing.data_dir / "run.json").write_text("")  # as a power cut may leave it
    with crashing:
        pass
    assert "did not stop cleanly" in crashing.printed()
    assert "SQLite may lack the last moments" in crashing.printed()

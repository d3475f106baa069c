"""The whole of ``up`` with pretended Dapr programs and a stand-in app: quick, and able to fail on demand."""

import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.integration.stack import Stack
from tests.unit.local import fake_dapr

UP = (sys.executable, str(Path(__file__).with_name("run_up.py")))


@pytest.fixture
def dapr(tmp_path: Path) -> Path:
    return fake_dapr.make(tmp_path / "dapr")


def stack(dapr: Path, port: int = 0, **env: str) -> Stack:
    return Stack(dapr.parent / "data", port, {"TASK_AGENT_DAPR_BIN": str(dapr)} | env, UP)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ready_is_said_once_with_one_origin_and_all_stop_in_order(dapr: Path, sig: signal.Signals) -> None:
    running = stack(dapr).start()
    url = running.url
    assert [p["name"] for p in running.ps()] == ["placement", "scheduler", "daprd", "app"]

    assert running.stop(sig) == 0

    assert (dapr / "ended").read_text().split() == ["daprd", "scheduler", "placement"]
    assert running.printed().count("is ready") == 1
    assert set(re.findall(r"https?://[\w.:]+", running.printed())) == {url}
    assert "offline demo model" in running.printed()
    assert running.printed().endswith("Stopped. Everything is kept in the data folder.\n")
    assert "did not stop cleanly" not in running.printed()


def test_what_is_written_is_for_this_user_only(dapr: Path) -> None:
    with stack(dapr) as running:
        written = [running.data_dir, *running.data_dir.rglob("*")]
        open_to_others = [str(path) for path in written if path.stat().st_mode & 0o077]
    assert len(written) > 5
    assert open_to_others == []


def test_the_configured_model_is_named_without_a_second_origin(dapr: Path) -> None:
    url = "http://ann:pa55@127.0.0.1:9/v1"
    with stack(dapr, OPENAI_BASE_URL=url, OPENAI_MODEL="qwen3", OPENAI_API_KEY="sk-secret") as running:
        pass
    assert "qwen3 at 127.0.0.1:9\n" in running.printed()
    for hidden in ("http://127.0.0.1:9", "pa55", "sk-secret"):
        assert hidden not in running.printed()


def test_a_child_that_gives_up_at_the_start_ends_it_with_its_last_words(dapr: Path) -> None:
    failing = stack(dapr, FAKE_FAILS="scheduler")
    failing.spawn()
    assert failing.wait_ended() == 1
    assert "scheduler exited with status 1 during the start" in failing.printed()
    assert "scheduler: cannot open the database" in failing.printed()
    assert str(failing.data_dir / "logs" / "scheduler.log") in failing.printed()
    assert failing.ps() == []


def test_an_app_that_dies_at_the_start_ends_it(dapr: Path) -> None:
    failing = stack(dapr, STAND_IN_MODE="die")
    failing.spawn()
    assert failing.wait_ended() == 1
    assert "stand-in: told to die" in failing.printed()


def test_a_busy_port_is_told_with_what_to_do(dapr: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = stack(dapr, port=other.getsockname()[1])
        refused.spawn()
        assert refused.wait_ended() == 1
    assert "is in use. Take another one with --port N, or any free one with --port 0." in refused.printed()


def test_a_second_one_on_the_same_folder_is_told_who_is_there(dapr: Path) -> None:
    with stack(dapr) as first:
        second = stack(dapr)
        second.spawn()
        assert second.wait_ended() == 1
        assert f"is in use by process {first.supervisor.pid}, which serves {first.url}" in second.printed()


def test_after_a_crash_it_says_so_and_goes_on_at_the_same_port(dapr: Path) -> None:
    crashing = stack(dapr).start()
    url = crashing.url
    crashing.kill_all()
    with crashing:
        assert crashing.url == url
    assert "did not stop cleanly" in crashing.printed()


def test_a_bad_setting_is_told(dapr: Path) -> None:
    (dapr / "daprd").unlink()
    refused = stack(dapr)
    refused.spawn()
    assert refused.wait_ended() == 1
    assert "TASK_AGENT_DAPR_BIN" in refused.printed()
    assert "no daprd in it" in refused.printed()

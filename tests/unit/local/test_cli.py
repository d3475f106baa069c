"""The command line: what it offers, what it passes on, and its exit statuses."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.local import cli, up
from agent.local.cli import app
from agent.local.local_zone import local_zone
from agent.local.progress import Progress
from agent.local.state_dir import Run, RunningChild, StateDir
from tests.unit.local import fake_dapr

RUN = Run(1, "http://127.0.0.1:1", (RunningChild("app", 2, 0, "http://127.0.0.1:1"),))


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.signals, "raise_on_stop", lambda: None)
    return CliRunner()


@pytest.mark.parametrize("command", ["up", "restart", "serve", "chat", "doctor", "ps", "dapr", "dapr install"])
def test_every_command_explains_itself(runner: CliRunner, command: str) -> None:
    result = runner.invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_up_passes_its_options_on_and_its_status_back(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[up.Options] = []

    def fake_up(options: up.Options, progress: Progress) -> int:
        asked.append(options)
        return 7

    monkeypatch.setattr(up, "up", fake_up)
    assert runner.invoke(app, ["up"]).exit_code == 7
    assert runner.invoke(app, ["up", "--port", "0", "--data-dir", "/x", "--store", "sqlite"]).exit_code == 7
    assert runner.invoke(app, ["up", "--store", "redis", "--replicas", "3"]).exit_code == 7
    assert [(o.port, o.data_dir) for o in asked[:2]] == [(8080, Path(".data")), (0, Path("/x"))]
    assert [(o.store, o.replicas) for o in asked] == [("sqlite", 1), ("sqlite", 1), ("redis", 3)]
    assert asked[0].app_command[1:] == ("-P", "-m", "agent.main")


@pytest.mark.parametrize(
    "arguments",
    [["--store", "rediss"], ["--port", "-1"], ["--port", "70000"], ["--nonsense"], ["--replicas", "2"]]
    + [["--store", "redis", "--replicas", number] for number in ("0", "9", "x")],
)
def test_up_refuses_what_it_does_not_know(runner: CliRunner, arguments: list[str]) -> None:
    assert runner.invoke(app, ["up", *arguments]).exit_code == 2


def test_serve_becomes_the_app(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, ...]] = []
    monkeypatch.setattr(cli.os, "execv", lambda path, argv: became.append(argv))
    runner.invoke(app, ["serve"])
    assert became == [up.APP_COMMAND]


@pytest.mark.parametrize("command", ["up", "dapr install"])
def test_other_systems_are_refused_first_of_all(runner: CliRunner, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    result = runner.invoke(app, command.split())
    assert (result.exit_code, result.output) == (1, "Task Agent runs on Linux (WSL 2 is one), and this is darwin.\n")


def test_ps_is_an_empty_list_when_nothing_runs(runner: CliRunner) -> None:
    result = runner.invoke(app, ["ps", "--json"])
    assert (result.exit_code, json.loads(result.output)) == (0, [])
    assert "Nothing runs here" in runner.invoke(app, ["ps"]).output


def test_ps_lists_what_runs(runner: CliRunner) -> None:
    data = StateDir(Path("elsewhere"))
    with data.owned():
        data.write_run(RUN)
        listing = runner.invoke(app, ["ps", "--json", "--data-dir", "elsewhere"]).output
        assert json.loads(listing) == [{"name": "app", "pid": 2, "replica": 0, "url": "http://127.0.0.1:1"}]
        assert "http://127.0.0.1:1" in runner.invoke(app, ["ps", "--data-dir", "elsewhere"]).output


def test_chat_finds_the_running_instance(runner: CliRunner) -> None:
    data = StateDir(Path(".data"))
    with data.owned():
        data.write_run(RUN)
        result = runner.invoke(app, ["chat", "--once", "hi"])
    assert result.exit_code == 1
    assert "nothing answers at http://127.0.0.1:1;" in result.output


def test_dapr_install_says_what_it_found(runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_AGENT_DAPR_BIN", str(fake_dapr.make(tmp_path / "dapr")))
    result = runner.invoke(app, ["dapr", "install"])
    assert (result.exit_code, result.output) == (0, f"Dapr 1.18.2 is in {tmp_path}/dapr (TASK_AGENT_DAPR_BIN).\n")


def test_dapr_install_fails_with_the_ways_out(runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TASK_AGENT_DAPR_BIN", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    result = runner.invoke(app, ["dapr", "install"])
    assert result.exit_code == 1
    assert "Three ways to get Dapr 1.18.2" in result.output


def test_the_doctor_fails_when_something_needed_is_missing(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_AGENT_DAPR_BIN", str(fake_dapr.make(tmp_path / "dapr")))
    assert runner.invoke(app, ["doctor"]).exit_code == 0
    monkeypatch.setenv("TASK_AGENT_DAPR_BIN", str(tmp_path / "nothing"))
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "unset TASK_AGENT_DAPR_BIN" in result.output


def test_the_doctor_shows_brackets_as_they_are(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://ann:pa55@[fd00::1]:8000/v1")
    assert "default model at [fd00::1]:8000" in runner.invoke(app, ["doctor"]).output


def test_the_local_zone_is_found_wherever_it_is_written(tmp_path: Path) -> None:
    link, name = tmp_path / "localtime", tmp_path / "timezone"
    assert local_zone("", link, name) == "UTC"
    name.write_text("Asia/Tokyo\n")
    assert local_zone("", link, name) == "Asia/Tokyo"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert local_zone("", link, name) == "Europe/Berlin"
    assert local_zone("America/New_York", link, name) == "America/New_York"
    assert local_zone("Nowhere/Land", link, name) == "Europe/Berlin"
    assert local_zone("Etc/UTC", link, name) == "UTC"

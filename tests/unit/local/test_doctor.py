"""The doctor's findings on machines of several kinds."""

import socket
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from agent.local import doctor as module
from agent.local import model_servers
from agent.local.dapr_binaries import Places
from agent.local.doctor import Doctor, Finding
from agent.local.environment import ModelSettings
from agent.local.model_servers import FoundServer, KnownServer, look_for
from agent.local.state_dir import Run, StateDir
from tests.unit.local import fake_dapr
from tests.unit.local.fake_service import FakeService, Script

NO_MODEL = ModelSettings("", "", has_key=False)


@pytest.fixture
def healthy(tmp_path: Path) -> Doctor:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    places = Places(None, fake_dapr.make(tmp_path / "home"), tmp_path / "cache")
    return Doctor(places, ModelSettings("http://127.0.0.1:9/v1", "m", has_key=True), [], tmp_path / "data", port)


def found(doctor: Doctor) -> dict[str, Finding]:
    return {finding.what: finding for finding in doctor.examine()}


def test_a_healthy_machine_misses_nothing(healthy: Doctor) -> None:
    findings = found(healthy)
    assert {f.state for f in findings.values()} <= {"ok", "note"}
    for what in ("System", "Python", "Dapr", "Token counts", "Data folder", "Port", "Model"):
        assert findings[what].state == "ok", findings[what]


def test_no_dapr_is_missing_and_go_then_needed(healthy: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert found(healthy)["Go"].state == "note"
    findings = found(replace(healthy, places=Places(None, tmp_path / "a", tmp_path / "b")))
    assert (findings["Dapr"].state, findings["Dapr"].fix) == ("missing", "task-agent dapr install")
    assert findings["Go"].state == "missing"
    assert "go.dev/dl" in findings["Go"].fix


def test_a_dapr_that_is_passed_over_is_named(healthy: Doctor, tmp_path: Path) -> None:
    old, right = fake_dapr.make(tmp_path / "old", version="1.16.0"), fake_dapr.make(tmp_path / "right")
    finding = found(replace(healthy, places=Places(None, old, right)))["Dapr"]
    assert finding.state == "ok"
    assert f"Dapr 1.16.0 in {old} is passed over." in finding.detail
    finding = found(replace(healthy, places=Places(None, old, tmp_path / "nothing")))["Dapr"]
    assert (finding.state, "is passed over" in finding.detail) == ("missing", True)


def test_another_system_is_missing(healthy: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert found(healthy)["System"].state == "missing"


def test_the_redis_that_up_would_use_is_examined(healthy: Doctor) -> None:
    silent = found(replace(healthy, redis_url="redis://127.0.0.1:1/0"))["Redis"]
    assert (silent.state, silent.fix) == ("note", "unset REDIS_URL")
    assert "127.0.0.1:1/0 (REDIS_URL) does not answer" in silent.detail


def test_the_page_and_what_builds_it_are_told(healthy: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    finding = found(healthy)["Page"]
    assert "no Node.js" in finding.detail
    assert (finding.state == "ok") == (resources.files("agent") / "page" / "index.html").is_file()


def test_a_bad_setting_is_missing(healthy: Doctor, tmp_path: Path) -> None:
    finding = found(replace(healthy, places=Places(tmp_path / "empty", tmp_path, tmp_path)))["Dapr"]
    assert (finding.state, finding.fix) == ("missing", "unset TASK_AGENT_DAPR_BIN")


@pytest.mark.parametrize(
    ("said", "state"), [("go version go1.20 linux/amd64", "note"), ("go version go1.26.5 linux/amd64", "ok")]
)
def test_an_old_go_is_told(healthy: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, state: str) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(f"#!/bin/sh\necho '{said}'\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(go.parent))
    assert found(healthy)["Go"].state == state


def test_an_old_python_is_missing(healthy: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert found(healthy)["Python"].state == "missing"


def test_a_busy_port_is_a_note_with_a_way_round(healthy: Doctor) -> None:
    with socket.create_server(("127.0.0.1", healthy.port)):
        finding = found(healthy)["Port"]
    assert (finding.state, finding.fix) == ("note", "task-agent up --port 0")


def test_a_data_folder_in_use_names_the_user_of_it(healthy: Doctor) -> None:
    data = StateDir(healthy.data_dir)
    with data.owned():
        data.write_run(Run(4711, "http://127.0.0.1:1234", ()))
        assert "process 4711" in found(healthy)["Data folder"].detail


def test_a_data_folder_that_cannot_be_written_is_missing(healthy: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)  # tests may run as root, who may write anywhere
    assert found(healthy)["Data folder"].state == "missing"


def test_no_model_settings_mean_the_demo_model(healthy: Doctor) -> None:
    finding = found(replace(healthy, model=NO_MODEL))["Model"]
    assert finding.state == "note"
    assert "no LLM" in finding.detail
    assert "OPENAI_API_KEY" in finding.fix


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", "m at api.openai.com"),
        ("https://h/v1", "m at h"),
        ("http://ann:pa55@h:8000/v1", "m at h:8000"),
        ("http://pa55@[fd00::1]:8000/v1", "m at [fd00::1]:8000"),
    ],
)
def test_a_model_endpoint_is_named_without_what_its_url_keeps_secret(healthy: Doctor, url: str, shown: str) -> None:
    finding = found(replace(healthy, model=ModelSettings(url, "m", has_key=True)))["Model"]
    assert (finding.state, finding.detail) == ("ok", shown)


@pytest.mark.parametrize(
    "url",
    ["h:8000/v1", "ann:pa55@h:8000/v1", "http://ann:pa55/word@h/v1", "http://ann:pa55@/v1", "http://[pa55", "ftp://pa55@h"],
)
def test_a_model_endpoint_that_is_no_url_is_missing_and_not_shown(healthy: Doctor, url: str) -> None:
    finding = found(replace(healthy, model=ModelSettings(url, "m", has_key=True)))["Model"]
    assert (finding.state, "OPENAI_BASE_URL" in finding.fix) == ("missing", True)
    assert "pa55" not in finding.detail


def test_a_model_server_comes_with_the_settings_to_use_it(healthy: Doctor) -> None:
    server = FoundServer("Ollama", "http://127.0.0.1:11434/v1", ("qwen3:8b", "llama3"))
    finding = found(replace(healthy, servers=[server]))["Ollama"]
    assert "qwen3:8b, llama3" in finding.detail
    assert finding.fix == "export OPENAI_BASE_URL=http://127.0.0.1:11434/v1 OPENAI_MODEL=qwen3:8b OPENAI_API_KEY=local"


def port_of(service: FakeService) -> int:
    return int(service.url.rpartition(":")[2])


def test_model_servers_are_those_that_list_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_servers, "_TIMEOUT", 30.0)
    listing = Script(pages={"/v1/models": [(200, {"object": "list", "data": [{"id": "a"}, {"id": "b"}]})]})
    empty = Script(pages={"/v1/models": [(200, {"object": "list", "data": None})]})
    other = Script(pages={"/v1/models": [(404, {"detail": "Not Found"})]})
    strange = Script(pages={"/v1/models": [(200, {"data": "what"})]})
    with FakeService(listing) as one, FakeService(empty) as two, FakeService(other) as three, FakeService(strange) as four:
        services = {"Lister": one, "Empty": two, "Other": three, "Strange": four}
        servers = look_for([KnownServer(name, port_of(s)) for name, s in services.items()] + [KnownServer("Absent", 1)])
    assert [(s.name, s.models) for s in servers] == [("Lister", ("a", "b")), ("Empty", ())]
    assert servers[0].base_url == f"{one.url}/v1"
    assert "OPENAI_MODEL=NAME_OF_A_MODEL" in servers[1].settings()


def test_task_agent_itself_is_no_model_server() -> None:
    card = {"id": "task-agent", "object": "model", "owned_by": "task-agent"}
    with FakeService(Script(pages={"/v1/models": [(200, {"object": "list", "data": [card]})]})) as ourselves:
        assert look_for([KnownServer("llama.cpp", port_of(ourselves))]) == []

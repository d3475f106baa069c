"""What is started, with which flags and settings; and the resource files they refer to."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.local.child import Program
from agent.local.embedded import PORT_NAMES, RESOURCES, Embedded, sqlite_dsn
from agent.local.ports import lease
from agent.local.state_dir import StateDir

USERS = {
    "PATH": "/bin",
    "OPENAI_API_KEY": "sk-secret",
    "DAPR_HTTP_ENDPOINT": "http://elsewhere",
    "TASK_AGENT_NOTIFICATIONS": "fail",
}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    with closing(lease(PORT_NAMES)) as ports:
        yield Embedded(StateDir(tmp_path / "data"), Path("/dapr"), 8080, ports, USERS, ("python", "-m", "agent.main"))


def by_name(embedded: Embedded) -> dict[str, Program]:
    return {program.name: program for program in embedded.programs()}


def test_the_order_of_the_start(embedded: Embedded) -> None:
    assert [(p.name, p.replica) for p in embedded.programs()] == [
        ("placement", None),
        ("scheduler", None),
        ("daprd", 0),
        ("app", 0),
    ]


def test_tokens_travel_by_environment_only(embedded: Embedded) -> None:
    programs = by_name(embedded)
    tokens = {embedded.dapr_token, embedded.app_token}
    assert len(tokens) == 2
    assert min(len(token) for token in tokens) >= 43  # 32 bytes
    for program in programs.values():
        assert not any(token in " ".join(program.argv) for token in tokens)
    for name in ("daprd", "app"):
        env = programs[name].env
        assert {env["DAPR_API_TOKEN"], env["APP_API_TOKEN"]} == tokens
    for name in ("placement", "scheduler"):
        assert not tokens & set(programs[name].env.values())
    assert not any(token in repr(embedded) for token in tokens)


def test_each_start_has_new_tokens(embedded: Embedded, tmp_path: Path) -> None:
    other = Embedded(embedded.data, embedded.binaries, 8080, embedded.ports, USERS, ("python",))
    assert len({embedded.dapr_token, embedded.app_token, other.dapr_token, other.app_token}) == 4


def test_the_app_gets_its_contract(embedded: Embedded) -> None:
    app, daprd = by_name(embedded)["app"], by_name(embedded)["daprd"]
    assert app.argv == ("python", "-m", "agent.main")
    assert app.url == "http://127.0.0.1:8080"
    expected = {
        "TASK_AGENT_HOST": "127.0.0.1",
        "TASK_AGENT_PORT": "8080",
        "TASK_AGENT_APP_PORT": str(embedded.ports["app_channel"]),
        "TASK_AGENT_DATA_DIR": str(embedded.data.path),
        "TASK_AGENT_REPLICA": "0",
        "TASK_AGENT_NOTIFICATIONS": "fail",
        "DAPR_HTTP_PORT": str(embedded.ports["dapr_http"]),
        "DAPR_GRPC_PORT": str(embedded.ports["dapr_grpc"]),
        "OPENAI_API_KEY": "sk-secret",
    }
    assert expected.items() <= dict(app.env).items()
    assert f"--app-port={app.env['TASK_AGENT_APP_PORT']}" in daprd.argv
    assert f"--dapr-http-port={app.env['DAPR_HTTP_PORT']}" in daprd.argv
    assert f"--dapr-grpc-port={app.env['DAPR_GRPC_PORT']}" in daprd.argv


def test_settings_for_another_dapr_reach_nobody_and_the_model_key_only_the_app(embedded: Embedded) -> None:
    for program in embedded.programs():
        assert "DAPR_HTTP_ENDPOINT" not in program.env
        assert ("OPENAI_API_KEY" in program.env) == (program.name == "app")


def test_every_address_is_loopback_and_no_port_is_a_default(embedded: Embedded) -> None:
    for program in embedded.programs()[:3]:
        flags = dict(argument.removeprefix("--").split("=", 1) for argument in program.argv[1:])
        addresses = {name: value for name, value in flags.items() if "address" in name}
        assert addresses
        assert all(value.startswith("127.0.0.1") for value in addresses.values()), addresses
        ports = {value for name, value in flags.items() if name.endswith("port") and value.isdigit()}
        assert ports <= {str(number) for number in embedded.ports.numbers.values()}


def test_no_two_listeners_share_a_port(embedded: Embedded) -> None:
    assert len(set(embedded.ports.numbers.values())) == len(PORT_NAMES)


@pytest.mark.parametrize("path", ["/a/state.sqlite", "/with space/50%/a?b#c/state.sqlite"])
def test_any_path_makes_a_valid_dsn(path: str) -> None:
    name, _, options = sqlite_dsn(Path(path)).partition("?")
    assert options == "_txlock=immediate&_pragma=synchronous(NORMAL)"
    assert not set(name.removeprefix("file:")) & set(" ?#")


def documents() -> dict[str, dict[str, Any]]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in RESOURCES.glob("*.yaml")}


def test_resources_take_from_the_environment_what_daprd_is_given(embedded: Embedded) -> None:
    """Dapr answers a missing variable with an empty value, and refuses to read DAPR_* and APP_API_TOKEN at all."""
    metadata = [entry for document in documents().values() for entry in document["spec"].get("metadata", ())]
    wanted = {entry["envRef"] for entry in metadata if "envRef" in entry}
    assert wanted
    assert wanted <= by_name(embedded)["daprd"].env.keys()
    assert not any(name.startswith("DAPR_") or name == "APP_API_TOKEN" for name in wanted)


def test_the_components_that_the_app_names_are_there() -> None:
    components = {d["metadata"]["name"]: d["spec"]["type"] for d in documents().values() if d["kind"] == "Component"}
    assert components == {"statestore": "state.sqlite", "pubsub": "pubsub.in-memory", "notify": "bindings.http"}


def test_the_notify_binding_is_given_up_but_not_retried() -> None:
    target = documents()["resiliency"]["spec"]["targets"]["components"]["notify"]["outbound"]
    assert target.keys() == {"timeout", "circuitBreaker"}

"""What is started, with which flags and settings; and the resource files they refer to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.local.child import Program
from agent.local.embedded import SHARED_PORTS, Embedded
from agent.local.host import Host
from agent.local.ports import lease
from agent.local.replica import REPLICA_PORTS
from agent.local.state_dir import StateDir
from agent.local.store import choose_store, sqlite_dsn
from tests.fakes.redis_server import RedisServer

USERS = {
    "PATH": "/bin",
    "OPENAI_API_KEY": "sk-secret",
    "DAPR_HTTP_ENDPOINT": "http://elsewhere",
    "REDIS_URL": "redis://:user-secret@elsewhere/0",
    "TASK_AGENT_NOTIFICATIONS": "fail",
    "NAMESPACE": "dev",
    "POD_NAME": "of-the-shell",
}
COMMAND = ("python", "-m", "agent.main")
Make = Callable[..., Embedded]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    data = StateDir(tmp_path / "data")
    with data.owned(), ExitStack() as stack:

        def make(store: str = "sqlite", replicas: int = 1, redis_url: str = "") -> Embedded:
            shared = stack.enter_context(closing(lease(SHARED_PORTS)))
            own = [stack.enter_context(closing(lease(REPLICA_PORTS))) for _ in range(replicas)]
            host = Host(data, Path("/dapr"), USERS)
            chosen = choose_store(store, redis_url, pytest.fail)(host, shared["redis"])  # type: ignore[arg-type]
            return Embedded.of(host, chosen, shared, [(8080 + n, ports) for n, ports in enumerate(own)], COMMAND)

        yield make


@pytest.fixture
def embedded(make: Make) -> Embedded:
    return make()


def by_label(embedded: Embedded) -> dict[str, Program]:
    return {program.label: program for program in embedded.programs()}


def settings(program: Program) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in program.argv[1:])


def test_the_order_of_the_start(embedded: Embedded) -> None:
    assert [(p.name, p.label, p.replica) for p in embedded.programs()] == [
        ("placement", "placement", None),
        ("scheduler", "scheduler", None),
        ("daprd", "daprd", 0),
        ("app", "app", 0),
    ]


def test_replicas_share_a_redis_that_is_up_before_anything_else(make: Make) -> None:
    programs = make("redis", replicas=2).programs()
    assert [(p.name, p.label, p.replica) for p in programs] == [
        ("redis", "redis", None),
        ("placement", "placement", None),
        ("scheduler", "scheduler", None),
        ("daprd", "daprd-0", 0),
        ("daprd", "daprd-1", 1),
        ("app", "app-0", 0),
        ("app", "app-1", 1),
    ]
    assert [p.ready is not None for p in programs] == [True, *[False] * 6]
    assert [p.url for p in programs[-2:]] == ["http://127.0.0.1:8080", "http://127.0.0.1:8081"]


def test_tokens_travel_by_environment_only(make: Make) -> None:
    embedded = make("redis", replicas=2)
    programs, tokens = by_label(embedded), {token for r in embedded.replicas for token in (r.dapr_token, r.app_token)}
    assert len(tokens) == 3, "the app token is the same: replicas call each other's actors"
    assert min(len(token) for token in tokens) >= 43  # 32 bytes
    for program in programs.values():
        assert not any(token in " ".join(program.argv) for token in tokens)
    for replica in embedded.replicas:
        for name in ("daprd", "app"):
            env = programs[f"{name}-{replica.number}"].env
            assert (env["DAPR_API_TOKEN"], env["APP_API_TOKEN"]) == (replica.dapr_token, replica.app_token)
    for name in ("redis", "placement", "scheduler"):
        assert not tokens & set(programs[name].env.values())
    assert not any(token in repr(embedded) for token in tokens)


def test_each_start_has_new_tokens(embedded: Embedded) -> None:
    own = [(8080, embedded.replicas[0].ports)]
    other = Embedded.of(embedded.host, embedded.store, embedded.shared, own, COMMAND)
    assert len({token for r in (*embedded.replicas, *other.replicas) for token in (r.dapr_token, r.app_token)}) == 4


def test_the_app_gets_its_contract(embedded: Embedded) -> None:
    app, daprd, ports = by_label(embedded)["app"], by_label(embedded)["daprd"], embedded.replicas[0].ports
    assert app.argv == COMMAND
    assert app.url == "http://127.0.0.1:8080"
    expected = {
        "TASK_AGENT_HOST": "127.0.0.1",
        "TASK_AGENT_PORT": "8080",
        "TASK_AGENT_APP_PORT": str(ports["app_channel"]),
        "TASK_AGENT_DATA_DIR": str(embedded.host.data.path),
        "TASK_AGENT_REPLICA": "0",
        "TASK_AGENT_ALONE": "true",
        "TASK_AGENT_DEV": "true",
        "TASK_AGENT_NOTIFICATIONS": "fail",
        "DAPR_HTTP_PORT": str(ports["dapr_http"]),
        "DAPR_GRPC_PORT": str(ports["dapr_grpc"]),
        "OPENAI_API_KEY": "sk-secret",
    }
    assert expected.items() <= dict(app.env).items()
    assert f"--app-port={app.env['TASK_AGENT_APP_PORT']}" in daprd.argv
    assert f"--dapr-http-port={app.env['DAPR_HTTP_PORT']}" in daprd.argv
    assert f"--dapr-grpc-port={app.env['DAPR_GRPC_PORT']}" in daprd.argv


def test_each_of_several_replicas_has_its_own_ports_and_trusts_no_memory(make: Make) -> None:
    programs = by_label(make("redis", replicas=2))
    for name in ("TASK_AGENT_PORT", "TASK_AGENT_APP_PORT", "TASK_AGENT_REPLICA", "DAPR_HTTP_PORT", "DAPR_API_TOKEN"):
        assert programs["app-0"].env[name] != programs["app-1"].env[name]
    for number in "01":
        app, flags = programs[f"app-{number}"], settings(programs[f"daprd-{number}"])
        assert app.env["TASK_AGENT_ALONE"] == "false"
        assert (app.env["TASK_AGENT_APP_PORT"], app.env["DAPR_HTTP_PORT"]) == (flags["app-port"], flags["dapr-http-port"])
        assert (flags["app-health-probe-interval"], flags["app-health-threshold"]) == ("1", "2"), "a dead one is left quickly"
    shared = ("app-id", "placement-host-address", "scheduler-host-address", "resources-path")
    assert len({tuple(settings(programs[f"daprd-{n}"])[name] for name in shared) for n in "01"}) == 1


def test_settings_for_another_dapr_reach_nobody_and_the_model_key_only_the_app(make: Make) -> None:
    for program in make("redis").programs():
        assert "DAPR_HTTP_ENDPOINT" not in program.env
        assert program.name == "app" or not {"NAMESPACE", "POD_NAME"} & set(program.env), "Dapr would look elsewhere"
        assert ("OPENAI_API_KEY" in program.env) == (program.name == "app")


def test_a_redis_url_of_the_users_reaches_nobody_who_was_not_told_to_use_it(make: Make) -> None:
    for program in chain(make().programs(), make("redis").programs()):
        assert "user-secret" not in str(dict(program.env)) + str(program.argv)


def test_the_redis_of_ones_own_is_safe_from_neighbours_and_its_password_hidden(make: Make) -> None:
    embedded = make("redis")
    programs, folder = by_label(embedded), embedded.host.data.redis
    configuration = folder / "redis.conf"
    lines = dict(line.split(" ", 1) for line in configuration.read_text().splitlines())
    password = lines["requirepass"]
    assert len(password) >= 43
    assert (lines["bind"], lines["port"]) == ("127.0.0.1", str(embedded.shared["redis"]))
    assert (lines["appendonly"], lines["appendfsync"], lines["maxmemory-policy"]) == ("yes", "always", "noeviction")
    assert (configuration.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert programs["redis"].argv[1:] == (str(configuration),)
    assert password in programs["app"].env["REDIS_URL"]
    assert programs["daprd"].env["TASK_AGENT_REDIS_PASSWORD"] == password
    assert not any(password in " ".join(program.argv) for program in programs.values())
    assert password not in repr(embedded)


def test_a_given_redis_is_used_as_it_is(make: Make, tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        embedded = make("redis", redis_url=server.url)
        programs = by_label(embedded)
        assert "redis" not in programs
        assert programs["app"].env["REDIS_URL"] == server.url
        assert programs["daprd"].env["TASK_AGENT_REDIS_HOST"] == f"127.0.0.1:{server.port}"
        assert embedded.store.described == f"Redis at 127.0.0.1:{server.port}/0, from REDIS_URL"
    finally:
        server.stop()


def test_each_store_has_reminders_of_its_own(make: Make, tmp_path: Path) -> None:
    assert make().store.scheduler == StateDir(tmp_path / "data").path / "scheduler"
    assert make("redis").store.scheduler.name == "scheduler-redis"


def test_every_address_is_loopback_and_no_port_is_a_default(embedded: Embedded) -> None:
    leased = {*embedded.shared.numbers.values(), *embedded.replicas[0].ports.numbers.values()}
    for program in embedded.programs()[:3]:
        flags = settings(program)
        addresses = {name: value for name, value in flags.items() if "address" in name}
        assert addresses
        assert all(value.startswith("127.0.0.1") for value in addresses.values()), addresses
        ports = {value for name, value in flags.items() if name.endswith("port") and value.isdigit()}
        assert ports <= {str(number) for number in leased}


def test_no_two_listeners_share_a_port(make: Make) -> None:
    embedded = make("redis", replicas=3)
    ports = [*embedded.shared.numbers.values(), *chain(*(r.ports.numbers.values() for r in embedded.replicas))]
    assert len(set(ports)) == len(ports) == len(SHARED_PORTS) + 3 * len(REPLICA_PORTS)


@pytest.mark.parametrize("path", ["/a/state.sqlite", "/with space/50%/a?b#c/state.sqlite"])
def test_any_path_makes_a_valid_dsn(path: str) -> None:
    name, _, options = sqlite_dsn(Path(path)).partition("?")
    assert options == "_txlock=immediate&_pragma=synchronous(NORMAL)"
    assert not set(name.removeprefix("file:")) & set(" ?#")


def documents(embedded: Embedded) -> list[dict[str, Any]]:
    """What daprd reads."""
    folders = settings(by_label(embedded)["daprd"])["resources-path"].split(",")
    return [yaml.safe_load(path.read_text()) for folder in folders for path in Path(folder).glob("*.yaml")]


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_resources_take_from_the_environment_what_daprd_is_given(make: Make, store: str) -> None:
    """Dapr answers a missing variable with an empty value, and refuses to read DAPR_* and APP_API_TOKEN at all."""
    embedded = make(store)
    metadata = [entry for document in documents(embedded) for entry in document["spec"].get("metadata", ())]
    wanted = {entry["envRef"] for entry in metadata if "envRef" in entry}
    assert wanted
    assert wanted <= by_label(embedded)["daprd"].env.keys()
    assert not any(name.startswith("DAPR_") or name == "APP_API_TOKEN" for name in wanted)


@pytest.mark.parametrize(
    ("store", "kinds"), [("sqlite", ("state.sqlite", "pubsub.in-memory")), ("redis", ("state.redis", "pubsub.redis"))]
)
def test_the_components_that_the_app_names_are_there(make: Make, store: str, kinds: tuple[str, str]) -> None:
    components = {d["metadata"]["name"]: d["spec"]["type"] for d in documents(make(store)) if d["kind"] == "Component"}
    assert components == {"statestore": kinds[0], "pubsub": kinds[1], "notify": "bindings.http"}


def test_the_notify_binding_is_given_up_but_not_retried(embedded: Embedded) -> None:
    [resiliency] = [d for d in documents(embedded) if d["kind"] == "Resiliency"]
    assert resiliency["spec"]["targets"]["components"]["notify"]["outbound"].keys() == {"timeout", "circuitBreaker"}


def test_the_redis_state_store_has_no_write_timeout(make: Make) -> None:
    """With one, Dapr 1.18 puts each command of a transaction in twice: every save after a workflow's first is refused."""
    [store] = [d for d in documents(make("redis")) if d["metadata"]["name"] == "statestore"]
    assert "writeTimeout" not in {entry["name"] for entry in store["spec"]["metadata"]}

"""Who must not reach what: other origins, other users of the machine, other machines, and readers of logs."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from agent.domain import ids
from agent.domain.ids import ConversationKey
from tests.integration.client import Client
from tests.integration.endpoint import SECRET, mark
from tests.integration.internal_port import call_actor
from tests.integration.proc import command_line, environment, listening
from tests.integration.raw_http import request, send
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, script, tool

DAPR_ROUTES = [
    ("GET", "/dapr/config"),
    ("GET", "/dapr/subscribe"),
    ("GET", "/healthz"),
    ("PUT", "/actors/ChatActor/default.local.main/method/GetHistory"),
    ("PUT", "/actors/TaskActor/default.x/method/GetTask"),
    ("PUT", "/actors/TaskActor/default.x/method/remind/deadline-1"),
    ("DELETE", "/actors/ChatActor/default.local.main"),
    ("POST", "/local/notifications"),
    ("GET", "/v1.0/metadata"),
    ("POST", "/v1.0/actors/ChatActor/default.local.main/method/GetHistory"),
]


def app_settings(service: Stack) -> dict[str, str]:
    return environment(service.pid("app") or 0)


EVIL_HOSTS = [
    *("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.1"),
    *("0.0.0.0", "[::]", "", "localhost@evil.example", "evil.example#127.0.0.1"),
]


@pytest.mark.parametrize("host", EVIL_HOSTS)
def test_another_host_name_is_refused(client: Client, host: str) -> None:
    """DNS rebinding: a page of another origin whose name points at 127.0.0.1."""
    for method, path in [("GET", "/history"), ("POST", "/chat"), ("GET", "/events"), ("GET", "/readyz"), ("GET", "/nope")]:
        answer = send(client.url, request(method, path, host=host))
        assert (answer.status, answer.json["code"]) == (421, "bad_host")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:{port}", "localhost", "LocalHost:{port}", "[::1]", "[::1]:{port}"])
def test_this_machine_is_served(client: Client, host: str) -> None:
    named = host.format(port=urlsplit(client.url).port)
    assert send(client.url, request("GET", "/livez", host=named)).status == 200


def test_a_page_of_another_origin_gets_no_permission(client: Client) -> None:
    origin = {"origin": "https://evil.example"}
    preflight = client.http.options("/chat", headers=origin | {"access-control-request-method": "POST"})
    simple = client.http.post("/chat", content='{"message": "hi"}', headers=origin | {"content-type": "text/plain"})
    read = client.http.get("/history", headers=origin)
    assert preflight.status_code == 405
    assert (simple.status_code, simple.json()["code"]) == (403, "other_origin")
    for answer in (preflight, simple, read):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert client.get("/history")["turns"] == []


@pytest.mark.parametrize(("method", "path"), DAPR_ROUTES)
def test_the_public_port_serves_nothing_of_dapr(service: Stack, client: Client, method: str, path: str) -> None:
    token = app_settings(service)["APP_API_TOKEN"]
    for headers in ({}, {"dapr-api-token": token}):
        answer = client.http.request(method, path, headers=headers, json=None if method == "GET" else {})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), DAPR_ROUTES)
@pytest.mark.parametrize("token", [None, "", "wrong", "{dapr}", "{app}", "é"], ids=ascii)
def test_the_app_channel_wants_its_token(service: Stack, method: str, path: str, token: str | None) -> None:
    settings = app_settings(service)
    headers: list[tuple[bytes, bytes]] = []
    if token is not None:
        given = token.format(dapr=settings["DAPR_API_TOKEN"], app=settings["APP_API_TOKEN"] + "x")
        headers.append((b"dapr-api-token", given.encode()))
    url = f"http://127.0.0.1:{settings['TASK_AGENT_APP_PORT']}{path}"
    answer = httpx.request(method, url, headers=headers, json={} if method != "GET" else None, timeout=60, trust_env=False)
    assert answer.status_code == (200 if path == "/healthz" else 401)
    if path == "/healthz":
        assert len(answer.content) < 100, "it tells nothing"


def test_the_app_channel_serves_no_public_route(service: Stack) -> None:
    settings = app_settings(service)
    url = f"http://127.0.0.1:{settings['TASK_AGENT_APP_PORT']}"
    headers = {"dapr-api-token": settings["APP_API_TOKEN"]}
    assert httpx.get(f"{url}/dapr/config", headers=headers, timeout=60, trust_env=False).status_code == 200, (
        "it is the right port and token"
    )
    for path in ("/history", "/tasks", "/events", "/openapi.json", "/docs", "/readyz"):
        assert httpx.get(url + path, headers=headers, timeout=60, trust_env=False).status_code == 404


@pytest.mark.parametrize("token", [None, "", "wrong", "{app}"], ids=ascii)
def test_the_sidecar_wants_its_token(service: Stack, token: str | None) -> None:
    settings = app_settings(service)
    url = f"http://127.0.0.1:{settings['DAPR_HTTP_PORT']}/v1.0"
    headers = {"dapr-api-token": token.format(app=settings["APP_API_TOKEN"])} if token is not None else {}
    for method, path in [
        ("GET", "/metadata"),
        ("POST", "/actors/ChatActor/default.local.main/method/GetHistory"),
        ("GET", "/actors/ChatActor/default.local.main/state/meta"),
        ("GET", "/state/statestore/x"),
        ("POST", "/publish/pubsub/task-events"),
        ("POST", "/bindings/notify"),
        ("GET", "/workflows/dapr/x"),
        ("GET", "/invoke/task-agent/method/dapr/config"),
    ]:
        assert httpx.request(method, url + path, headers=headers, timeout=60, trust_env=False).status_code == 401, path


def test_the_internal_port_does_not_reach_our_actors(service: Stack, client: Client) -> None:
    """It takes calls from anybody; the app refuses those that do not carry what only this service knows."""
    client.ask(f"{mark()} [[script: tokens=3]]")
    actor = ids.chat_actor_id(ConversationKey("default", client.user, "main"))
    for method in ("GetHistory", "ClearHistory"):
        answers = [refusal(daprd["pid"], actor, method) for daprd in service.ps() if daprd["name"] == "daprd"]
        hosts = [answer for answer in answers if b"remote actor moved" not in answer]
        assert len(hosts) == 1, answers
        assert b"not a caller of this service" in hosts[0] or b"403" in hosts[0], hosts
        assert all(b"w0 w1" not in answer for answer in answers)
    assert client.get("/history")["total_turns"] == 1, "and nothing was cleared"


def refusal(daprd: int, actor: str, method: str) -> bytes:
    """What the internal port of this sidecar says."""
    words = Path(f"/proc/{daprd}/cmdline").read_text().split("\0")
    port = int(next(w for w in words if w.startswith("--dapr-internal-grpc-port=")).partition("=")[2])
    try:
        return call_actor(port, "ChatActor", actor, method)
    except grpc.RpcError as refused:
        return str(refused).encode()


def test_nothing_listens_beyond_this_machine(service: Stack) -> None:
    """But for two ports of the control plane that answer /healthz and nothing else: Dapr 1.18.2 ignores their address flag."""
    pids = {process["name"]: process["pid"] for process in service.ps()}
    beyond = {name: {socket for socket in listening(pid) if not socket.is_loopback} for name, pid in pids.items()}
    assert listening(pids["app"]) and listening(pids["daprd"])
    health_only = {name: beyond.pop(name) for name in ("placement", "scheduler")}
    assert set().union(*beyond.values()) == set()
    for [health] in health_only.values():
        base = f"http://127.0.0.1:{health.port}"
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as http:
            assert http.get("/healthz").status_code == 200
            assert {http.get(path).status_code for path in ("/", "/metrics", "/debug/pprof/")} == {404}
    assert listening(service.supervisor.pid) == set()


@pytest.mark.parametrize("host", ["0.0.0.0", ""])
def test_it_refuses_to_listen_beyond_this_machine(service: Stack, host: str, run_app: Callable[..., tuple[int, str]]) -> None:
    """In this form whoever can connect is believed."""
    status, printed = run_app(app_settings(service) | {"TASK_AGENT_HOST": host, "TASK_AGENT_PORT": "1"})
    if host:
        assert status == 1
        assert "TASK_AGENT_HOST" in printed and "127.0.0.1" in printed
    else:  # an empty setting is none; port 1 is the reason to fail then
        assert "TASK_AGENT_HOST" not in printed


def test_it_refuses_to_run_without_a_token(service: Stack, run_app: Callable[..., tuple[int, str]]) -> None:
    status, printed = run_app(app_settings(service) | {"APP_API_TOKEN": ""})
    assert status == 1
    assert "APP_API_TOKEN" in printed


def test_no_secret_in_a_log_or_on_a_command_line(service: Stack, client: Client) -> None:
    client.ask(script(tool("create_task", NEW_TASK), 'text="ok"'))
    client.ask(f"{mark()} [[script: fault=401]]")
    client.http.post("/chat", content=b"{", headers={"content-type": "application/json"})
    secrets = {SECRET} | {value for name, value in app_settings(service).items() if name.endswith("_API_TOKEN")}
    assert len(secrets) == 3 and all(len(secret) > 20 for secret in secrets)

    lines = {f"command line of {process}": command_line(process["pid"]) for process in service.ps()}
    files = {str(path): content for path in service.data_dir.rglob("*") if (content := written(path)) is not None}
    told = {"printed": service.printed(), "about": json.dumps(client.get("/about")), "errors": client.get("/history")}
    everything = {name: str(text).encode() for name, text in (lines | told).items()} | files
    assert len(files) > 5
    assert [(name, s[:8]) for name, content in everything.items() for s in secrets if s.encode() in content] == []


def written(path: Path) -> bytes | None:
    """What the file holds; None if it is none, or has just gone: the service goes on meanwhile."""
    with suppress(FileNotFoundError):
        return path.read_bytes() if path.is_file() else None
    return None


def test_dapr_does_not_know_the_models_key(service: Stack) -> None:
    for name in ("placement", "scheduler", "daprd"):
        assert SECRET not in environment(service.pid(name) or 0).values()


def test_the_data_belongs_to_its_user(service: Stack) -> None:
    assert Path(service.data_dir).stat().st_mode & 0o077 == 0

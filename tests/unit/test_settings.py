"""What the environment says: wrong settings are told without their values, and a proxy is not asked for this machine."""

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import pytest

from agent.settings import BadSettings, reach_loopback_directly, read_settings

NOWHERE = "http://127.0.0.1:1"
METHOD = "/a.Service/Ask"


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.setenv(name, "")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, NOWHERE)


@pytest.fixture
def web() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def rpc() -> Iterator[str]:
    def answer(asked: bytes, context: grpc.ServicerContext) -> bytes:
        return asked

    methods = {"Ask": grpc.unary_unary_rpc_method_handler(answer)}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.Service", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def ask(target: str) -> bytes:
    with grpc.insecure_channel(target) as channel:
        return channel.unary_unary(METHOD)(b"hello", timeout=20)


@pytest.mark.usefixtures("proxied")
def test_what_listens_on_this_machine_is_reached_past_a_dead_proxy(web: str, rpc: str) -> None:
    reach_loopback_directly()
    assert urllib.request.urlopen(web, timeout=5).status == 204
    assert httpx.get(web).status_code == 204
    assert ask(rpc) == b"hello"


@pytest.mark.usefixtures("proxied")
def test_grpc_exceptions_of_ones_own_do_not_hide_this_machine(rpc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_grpc_proxy", "elsewhere.example")
    reach_loopback_directly()
    assert ask(rpc) == b"hello"


@pytest.mark.usefixtures("proxied")
def test_what_was_excepted_from_the_proxy_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", ".corp.example")
    reach_loopback_directly()
    assert urllib.request.proxy_bypass("wiki.corp.example")
    assert not urllib.request.proxy_bypass("elsewhere.example")


def test_each_wrong_setting_is_told_by_its_name_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_AGENT_PORT", "pa55")
    monkeypatch.setenv("TASK_AGENT_SHUTDOWN_GRACE", "60")
    with pytest.raises(BadSettings) as told:
        read_settings()
    port, grace = str(told.value).splitlines()
    assert port.startswith("TASK_AGENT_PORT: Input should be a valid integer")
    assert grace == "TASK_AGENT_SHUTDOWN_GRACE: Input should be less than or equal to 5"
    assert "pa55" not in str(told.value)


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
@pytest.mark.parametrize("name", ["TASK_AGENT_PORT", "TASK_AGENT_APP_PORT", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, port: str) -> None:
    monkeypatch.setenv(name, port)
    with pytest.raises(BadSettings, match=f"^{name}: Input should be (greater|less) than or equal to"):
        read_settings()


@pytest.mark.parametrize(
    "url",
    ["h/pa55", "h:8000/pa55", "ann:pa55@h/v1", "ftp://pa55@h", "http:pa55", "http://ann:pa55@/v1", "http://ann:pa55/word@h/v1"]
    + [
        "http://[pa55",
        "http://h:0/pa55",
        "http://h:70000/pa55",
        "http://ann:pa55@my host/v1",
        " http://pa55@h",
        "http://pa55@h/\n",
    ],
)
def test_a_model_endpoint_that_is_no_url_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(BadSettings, match="^OPENAI_BASE_URL: It should begin with http:// or https:// and name a host") as told:
        read_settings()
    assert "pa55" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "https://ann:pa55@h", "HTTP://[::1]:8/v1", "https://münchen.example/v1"]
)
def test_a_model_endpoint_is_any_http_url_or_the_usual_one(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert read_settings().openai_base_url == url


@pytest.mark.parametrize("level", ["debug", "DEBUG", "Debug"])
def test_a_log_level_may_be_written_in_either_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("TASK_AGENT_LOG_LEVEL", level)
    assert read_settings().log_level == "DEBUG"


def test_addresses_with_passwords_are_not_shown_with_the_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://ann:pa55@h/v1")
    monkeypatch.setenv("REDIS_URL", "redis://:pa55@h/0")
    assert "pa55" not in repr(read_settings())

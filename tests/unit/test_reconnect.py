"""The first call of each connection waits for the sidecar, and only that one: with gRPC's own channels and servers."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from workflows import reconnect
from workflows.reconnect import SidecarReturn, answers

HELLO, OTHER = "/TaskHubSidecarService/Hello", "/TaskHubSidecarService/CompleteActivityTask"


class Sidecar:
    """Something at one port that answers both calls with what it was sent; away at first."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._server: grpc.Server | None = None

    def come(self) -> None:
        echo = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
        self._server = grpc.server(ThreadPoolExecutor(1))
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("TaskHubSidecarService", {"Hello": echo, "CompleteActivityTask": echo})]
        )
        assert self._server.add_insecure_port(f"127.0.0.1:{self.port}") == self.port
        self._server.start()

    def go(self) -> None:
        if self._server:
            self._server.stop(None).wait()

    def call(self, method: str, gate: SidecarReturn | None = None) -> bytes:
        """On a new connection, as the SDK's worker makes it. Raises grpc.RpcError."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            there = grpc.intercept_channel(channel, gate) if gate else channel
            return there.unary_unary(method)(b"said", timeout=20)


@pytest.fixture
def sidecar() -> Iterator[Sidecar]:
    sidecar = Sidecar()
    yield sidecar
    sidecar.go()


def test_the_first_call_goes_on_once_the_sidecar_answers(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[bool]()

    def look(port: int) -> bool:
        looks.append(answers(port))
        if len(looks) == 3:
            sidecar.come()
        return looks[-1]

    monkeypatch.setattr(reconnect, "answers", look)
    assert sidecar.call(HELLO, SidecarReturn(sidecar.port)) == b"said"
    assert (looks[:3], looks[-1]) == ([False] * 3, True)


def test_what_another_connection_met_is_no_answer(sidecar: Sidecar) -> None:
    """One that finds nobody makes gRPC fail every new one to the same address for a second: the SDK would pause for three."""
    with grpc.insecure_channel(f"127.0.0.1:{sidecar.port}") as earlier:
        with pytest.raises(grpc.RpcError):
            earlier.unary_unary(OTHER)(b"a result", timeout=20)
        sidecar.come()
        assert sidecar.call(HELLO, SidecarReturn(sidecar.port)) == b"said"


def test_other_calls_are_not_held_back(sidecar: Sidecar) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        sidecar.call(OTHER, SidecarReturn(sidecar.port))
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_worker_that_stops_waits_for_nobody(sidecar: Sidecar) -> None:
    gate = SidecarReturn(sidecar.port)
    gate.stop()
    with pytest.raises(grpc.RpcError) as failed:
        sidecar.call(HELLO, gate)
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE


def test_it_gives_up_after_a_bound_and_lets_the_call_fail(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "SIDECAR_RETURN_MAX", 0.2)
    with pytest.raises(grpc.RpcError) as failed:
        sidecar.call(HELLO, SidecarReturn(sidecar.port))
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_server_that_speaks_is_seen_and_not_one_that_only_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "SIDECAR_RETURN_PROBE", 30.0)
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert answers(port)
    server.stop(None).wait()
    assert not answers(port)
    monkeypatch.setattr(reconnect, "SIDECAR_RETURN_PROBE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(silent.getsockname()[1])


def test_a_listener_that_is_closed_without_a_word_is_no_sidecar() -> None:
    """As the system does it for a process that is killed: the connection is made, and ends."""
    with socket.create_server(("127.0.0.1", 0)) as dying, ThreadPoolExecutor(1) as pool:
        seen = pool.submit(answers, dying.getsockname()[1])
        dying.accept()[0].close()
        assert not seen.result(10)

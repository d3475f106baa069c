"""The first call of each connection waits for the sidecar, and only that one."""

import socket
from typing import Any, NamedTuple

import pytest

from workflows import reconnect
from workflows.reconnect import SidecarReturn, listens


class Details(NamedTuple):
    method: str


class Sidecar:
    """Listens from the ``after``-th look on."""

    def __init__(self, after: int) -> None:
        self.looks, self._after = 0, after

    def listens(self, port: int) -> bool:
        self.looks += 1
        return self.looks > self._after


@pytest.fixture
def sidecar(monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    sidecar = Sidecar(after=3)
    monkeypatch.setattr(reconnect, "listens", sidecar.listens)
    monkeypatch.setattr(reconnect, "SIDECAR_RETURN_POLL", 0.001)
    return sidecar


def call(gate: SidecarReturn, method: str, sidecar: Sidecar) -> int:
    """How often it had looked for the sidecar when the call went on."""

    def go_on(details: Details, request: Any) -> tuple[str, str, int]:
        return details.method, request, sidecar.looks

    *passed, looks = gate.intercept_unary_unary(go_on, Details(method), "request")  # type: ignore[arg-type]
    assert passed == [method, "request"]
    return looks


def test_the_first_call_goes_on_once_the_sidecar_listens(sidecar: Sidecar) -> None:
    assert call(SidecarReturn(1), "/TaskHubSidecarService/Hello", sidecar) == 4


def test_other_calls_are_not_held_back(sidecar: Sidecar) -> None:
    assert call(SidecarReturn(1), "/TaskHubSidecarService/CompleteActivityTask", sidecar) == 0


def test_a_worker_that_stops_waits_for_nobody(sidecar: Sidecar) -> None:
    gate = SidecarReturn(1)
    gate.stop()
    assert call(gate, "/TaskHubSidecarService/Hello", sidecar) == 1


def test_it_gives_up_after_a_bound_and_lets_the_call_fail(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "SIDECAR_RETURN_MAX", 0.0)
    assert call(SidecarReturn(1), "/TaskHubSidecarService/Hello", sidecar) == 1


def test_who_listens_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(port)
    assert not listens(port)

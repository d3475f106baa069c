"""Ports that nobody else has, for as long as they are leased."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.local import ports
from agent.local.ports import NoFreePorts, is_free, lease


def test_every_name_gets_its_own_free_port() -> None:
    with closing(lease(["a", "b", "c"])) as leased:
        numbers = [leased["a"], leased["b"], leased["c"]]
        assert len(set(numbers)) == 3
        assert all(is_free(number) for number in numbers)


def test_two_leases_never_share_a_port() -> None:
    with closing(lease(["a"] * 1 + ["b"])) as one, closing(lease(["a", "b"])) as two:
        assert not set(one.numbers.values()) & set(two.numbers.values())


def test_a_block_with_a_port_in_use_is_passed_over() -> None:
    with closing(lease(["a", "b"])) as before:
        pass
    with socket.create_server(("127.0.0.1", before["b"])), closing(lease(["a", "b"])) as after:
        assert not set(before.numbers.values()) & set(after.numbers.values())


def test_a_lease_keeps_off_ports_that_are_wanted_for_something_else() -> None:
    with closing(lease(["a", "b"])) as before:
        pass
    with closing(lease(["a", "b"], avoid=[before["b"]])) as after:
        assert not set(before.numbers.values()) & set(after.numbers.values())


def test_a_privileged_port_is_not_called_busy() -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("every port is for everybody here")
    drop = ["setpriv", "--bounding-set", "-net_bind_service"] if os.geteuid() == 0 else []
    ask = [sys.executable, "-c", "from agent.local.ports import why_not; print(why_not(80))"]
    assert subprocess.run([*drop, *ask], capture_output=True, text=True, check=True).stdout == "is for privileged users only\n"


def test_a_lease_is_over_when_it_is_closed() -> None:
    with closing(lease(["a"])) as before:
        pass
    with closing(lease(["a"])) as after:
        assert after["a"] == before["a"]


def test_running_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(NoFreePorts, match="no 2 neighbouring free ports"):
        lease(["a", "b"])


def test_a_listening_port_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])

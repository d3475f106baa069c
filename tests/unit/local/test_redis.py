"""The Redis that ``up`` uses: its address, the program on this machine, and whether a given one will do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.local import redis_client
from agent.local.redis_address import BadRedis, RedisAddress
from agent.local.redis_client import answers, examine, has_loaded
from agent.local.redis_server import find_redis_server
from tests.fakes.redis_server import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("url", "host", "database", "username", "password", "tls"),
    [
        ("redis://127.0.0.1", "127.0.0.1:6379", "0", "", "", "false"),
        ("redis://:p%40ss%2F@host:7000/3", "host:7000", "3", "", "p@ss/", "false"),
        ("rediss://app:x@[::1]:6380/", "[::1]:6380", "0", "app", "x", "true"),
    ],
)
def test_an_address_reaches_dapr_in_pieces(url: str, host: str, database: str, username: str, password: str, tls: str) -> None:
    address = RedisAddress.parse(url)
    assert list(address.for_dapr().values()) == [host, username, password, database, tls]
    assert address.shown == f"{host}/{database}"


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:6379", "http://:pa55@h", "redis://:pa55@", "redis://:pa55@h:x", "redis://:pa55@h/one", "unix:///pa55"]
    + ["redis://:pa55@h/0?ssl_cert_reqs=none"],
)
def test_other_addresses_are_refused_without_the_password(url: str) -> None:
    with pytest.raises(BadRedis, match="REDIS_URL must look like") as refusal:
        RedisAddress.parse(url)
    assert "pa55" not in str(refusal.value)


def test_a_given_redis_must_answer(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_client, "_TIMEOUT", 30.0)
    address = RedisAddress.parse(server.url)
    assert (answers(address), has_loaded(address), examine(address)) == (True, True, "")
    server.kill()
    assert (answers(address), has_loaded(address)) == (False, False)
    with pytest.raises(BadRedis, match=r"127.0.0.1:\d+/0 \(REDIS_URL\) does not answer: .*refused") as refusal:
        examine(RedisAddress.parse(server.url.replace("://", "://:pa55@")))
    assert "pa55" not in str(refusal.value)


def test_a_wrong_password_is_told_and_not_shown(server: RedisServer) -> None:
    server.admin.config_set("requirepass", "right")
    with pytest.raises(BadRedis, match="does not accept") as refusal:
        examine(RedisAddress.parse(server.url.replace("://", "://:pa55@")))
    assert "pa55" not in str(refusal.value)


def test_a_redis_that_forgets_is_used_with_a_warning(server: RedisServer) -> None:
    address = RedisAddress.parse(server.url)
    for setting, value, warning in (
        ("maxmemory", "100mb", ""),
        ("maxmemory-policy", "allkeys-lru", "maxmemory-policy allkeys-lru"),
        ("appendfsync", "everysec", "appendfsync everysec"),
        ("appendonly", "no", "keeps no AOF"),
    ):
        server.admin.config_set(setting, value)
        told = examine(address)
        assert warning in told
        assert bool(told) == bool(warning)


def program(folder: Path, said: str, status: int = 0) -> None:
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
    path.chmod(0o755)


def test_the_program_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    program(tmp_path, "Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=9")
    assert (find_redis_server().program, find_redis_server().version) == (tmp_path / "redis-server", "7.2.4")


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ("Redis server v=6.0.16 bits=64", 0, "is version 6.0.16; needed is 6.2"),
        ("what?", 0, "version unknown"),
        ("", 1, "not run"),
    ],
)
def test_an_unfit_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, status: int, told: str
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    program(tmp_path, said, status)
    with pytest.raises(BadRedis, match=re.escape(told)):
        find_redis_server()


def test_no_program_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadRedis, match=r"apt-get install redis-server.* set REDIS_URL"):
        find_redis_server()

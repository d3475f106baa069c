"""``up`` with replicas on a real Redis, with pretended Dapr programs and a stand-in app."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.local.ports import is_free
from agent.local.redis_address import RedisAddress
from agent.local.redis_client import has_loaded
from tests.fakes.redis_server import RedisServer
from tests.integration.proc import command_line, environment, listening
from tests.integration.stack import Stack, until
from tests.unit.local import fake_dapr
from tests.unit.local.test_up import UP


@pytest.fixture
def dapr(tmp_path: Path) -> Path:
    return fake_dapr.make(tmp_path / "dapr")


def stack(dapr: Path, port: int = 0, store: str = "redis", replicas: int = 1, **env: str) -> Stack:
    environment = {"TASK_AGENT_DAPR_BIN": str(dapr)} | env
    return Stack(dapr.parent / "data", port, environment, UP, store=store, replicas=replicas)


def refusal(refused: Stack) -> str:
    refused.spawn()
    assert refused.wait_ended() == 1
    return refused.printed()


def test_replicas_are_numbered_by_port_and_one_origin_is_shown(dapr: Path) -> None:
    with stack(dapr, replicas=3) as running:
        processes = [(p["name"], p["replica"]) for p in running.ps()]
        shared = [(name, None) for name in ("redis", "placement", "scheduler")]
        assert processes == shared + [(name, n) for name in ("daprd", "app") for n in range(3)]
        urls = running.urls
        assert urls == sorted(urls, key=lambda url: int(url.rpartition(":")[2]))
        assert len(set(urls)) == 3
        assert running.url == urls[0]
        assert {path.name for path in (running.data_dir / "logs").iterdir()} >= {"app-0.log", "daprd-2.log", "redis.log"}
    assert set(re.findall(r"https?://[\w.:]+", running.printed())) == {urls[0]}
    others = ", ".join(url.removeprefix("http://") for url in urls[1:])
    assert f"  replicas     3: the others are at {others}\n" in running.printed()
    assert running.printed().endswith("Stopped. Everything is kept in the data folder.\n")


def test_a_port_is_the_first_of_as_many_as_there_are_replicas(dapr: Path) -> None:
    # Below the ports of outgoing connections: one of those could hold the neighbour.
    port = next(port for port in range(32_001, 32_767, 2) if is_free(port - 1) and is_free(port))
    with socket.create_server(("127.0.0.1", port)):
        assert f"Port {port} is in use" in refusal(stack(dapr, port=port - 1, replicas=2))
    with stack(dapr, port=port - 1, replicas=2) as running:
        assert running.urls == [f"http://127.0.0.1:{port - 1}", f"http://127.0.0.1:{port}"]
    assert "There is no port 65536" in refusal(stack(dapr, port=65535, replicas=2))


def test_its_redis_is_reached_by_nobody_else_and_comes_back(dapr: Path) -> None:
    with stack(dapr) as running:
        address = RedisAddress.parse(environment(running.pid("app") or 0)["REDIS_URL"])
        password = address.password
        assert len(password) >= 43
        assert [socket.is_loopback for socket in listening(running.pid("redis") or 0)] == [True]
        everything = running.printed() + "".join(path.read_text() for path in (running.data_dir / "logs").iterdir())
        assert password not in everything + "".join(command_line(pid) for pid, _ in running.survivors())
        open_to_others = [path for path in running.data_dir.rglob("*") if path.stat().st_mode & 0o077]
        assert open_to_others == []
        running.wait_pid_changed("redis", running.kill("redis", signal.SIGSTOP), timeout=40)
        running.wait_pid_changed("redis", running.kill("redis"))
        until(lambda: has_loaded(address), 20, running.printed)
    assert "redis did not answer any more and was killed" in running.printed()


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_sidecar_ends_with_its_app_where_another_replica_can_take_over(dapr: Path, replicas: int) -> None:
    with stack(dapr, replicas=replicas) as running:
        sidecars = [running.pid("daprd", n) for n in range(replicas)]
        running.wait_pid_changed("app", running.kill("app", replica=0), replica=0)
        running.wait_ready()
        assert (running.pid("daprd", 0) == sidecars[0]) == (replicas == 1)
        assert [running.pid("daprd", n) for n in range(1, replicas)] == sidecars[1:]


def test_what_is_frozen_is_left_alone_when_the_settings_say_so(dapr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(dapr, replicas=2, TASK_AGENT_KILL_FROZEN="no") as running:
        frozen = running.kill("app", signal.SIGSTOP, replica=1)
        killed = running.kill("app", replica=0)
        running.wait_pid_changed("app", killed, replica=0)
        assert running.pid("app", 1) == frozen
        os.kill(frozen, signal.SIGCONT)
        running.wait_ready()


class TestGiven:
    """A Redis in REDIS_URL."""

    @pytest.fixture
    def redis(self, tmp_path: Path) -> Iterator[RedisServer]:
        server = RedisServer(tmp_path)
        server.start()
        yield server
        server.stop()

    def test_it_is_used(self, dapr: Path, redis: RedisServer) -> None:
        with stack(dapr, REDIS_URL=redis.url) as running:
            assert running.pid("redis") is None
            assert environment(running.pid("app") or 0)["REDIS_URL"] == redis.url
        assert f"state        Redis at 127.0.0.1:{redis.port}/0, from REDIS_URL" in running.printed()

    def test_the_sqlite_store_never_hears_of_it(self, dapr: Path, redis: RedisServer) -> None:
        with stack(dapr, store="sqlite", REDIS_URL=redis.url) as running:
            assert all("REDIS_URL" not in environment(p["pid"]) for p in running.ps())

    def test_one_that_does_not_answer_is_told_before_anything_starts(self, dapr: Path, redis: RedisServer) -> None:
        redis.kill()
        told = refusal(stack(dapr, REDIS_URL=redis.url.replace("://", "://:pa55@")))
        assert f"Redis at 127.0.0.1:{redis.port}/0 (REDIS_URL) does not answer" in told
        assert "pa55" not in told
        assert "Starting" not in told


def test_without_a_redis_server_it_says_what_to_install(dapr: Path) -> None:
    assert "apt-get install redis-server" in refusal(stack(dapr, PATH="/nowhere"))


def test_another_store_than_last_time_is_told_and_the_same_one_is_not(dapr: Path) -> None:
    with stack(dapr, store="sqlite"):
        pass
    with stack(dapr, store="sqlite") as same:
        pass
    assert "last run with" not in same.printed()
    with stack(dapr) as other:
        pass
    assert "last run with the store 'sqlite'; 'redis' knows nothing" in other.printed().replace("\n", " ")


def test_switches_of_the_last_run_are_reset(dapr: Path) -> None:
    switch = dapr.parent / "data" / "notifications.mode"
    with stack(dapr, store="sqlite"):
        switch.write_text("hang")
    with stack(dapr, store="sqlite"):
        assert not switch.exists()

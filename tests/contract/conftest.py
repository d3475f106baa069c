"""One Redis for all contract tests, and links to it that are closed again."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from agent.adapters import redis_reader
from agent.adapters.redis_link import RedisLink
from agent.ports import TurnLog
from tests.contract.logs import ADAPTERS, BOUND, HEARTBEAT, PATIENCE, Adapter, Link, bound_calls
from tests.fakes.redis_server import RedisServer


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisServer]:
    """Starts with the first test that asks for it; a test that kills or stops it asks for ``own_redis``."""
    yield from _running(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def own_redis(tmp_path: Path) -> Generator[RedisServer]:
    yield from _running(tmp_path)


@pytest.fixture
async def link(request: pytest.FixtureRequest) -> AsyncGenerator[Link]:
    """Makes links; every one stands for a process. Those of one test share a prefix of their own."""
    made: list[RedisLink] = []

    def make(server: RedisServer) -> RedisLink:
        made.append(RedisLink(server.url, prefix=f"{request.node.nodeid}:"))
        return made[-1]

    yield make
    await asyncio.gather(*(one.aclose() for one in made))


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
async def adapter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, link: Link) -> Adapter:
    return request.param(monkeypatch, request, link)


@pytest.fixture
def log(adapter: Adapter) -> TurnLog:
    return adapter.log


def _running(folder: Path) -> Generator[RedisServer]:
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def patient_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters that give a silent stream up sooner than in production, and a call of a busy machine later."""
    monkeypatch.setattr(redis_reader, "HEARTBEAT", HEARTBEAT)
    bound_calls(monkeypatch, PATIENCE)


@pytest.fixture
def impatient_redis(patient_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters that give a call up sooner, too: for tests of calls that are not answered."""
    bound_calls(monkeypatch, BOUND)

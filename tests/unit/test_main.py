"""The composition root, as far as it goes without a sidecar."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, cast

import pytest
from fastapi import FastAPI

from agent import main
from agent.main import Service
from agent.settings import read_settings


class Client:
    """Closes; ``broken`` ones fail to."""

    def __init__(self, broken: bool) -> None:
        self.broken, self.asked = broken, False

    async def close(self) -> None:
        self.asked = True
        if self.broken:
            raise RuntimeError("cannot close")

    aclose = close


@pytest.mark.parametrize("broken", [{"model"}, {"dapr"}, {"actor_client"}, {"model", "dapr", "actor_client"}, set()])
async def test_every_client_is_closed_even_when_another_fails_to(broken: set[str]) -> None:
    clients = {name: Client(name in broken) for name in ("model", "dapr", "actor_client", "redis")}
    service = object.__new__(Service)
    vars(service).update(clients)
    if broken:
        with pytest.raises(RuntimeError):
            await service.aclose()
    else:
        await service.aclose()
    assert all(client.asked for client in clients.values())


def test_refused_settings_end_the_process_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_AGENT_HOST", "0.0.0.0")
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert "TASK_AGENT_HOST=0.0.0.0" in cast("str", ended.value.code)


def test_a_wrong_setting_ends_the_process_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_AGENT_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == "TASK_AGENT_LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"


@pytest.mark.parametrize("url", ["127.0.0.1:6379/pa55", "http://:pa55@host/0", "redis://:pa55@host:port/0", "redis://:pa55@/0"])
def test_a_redis_that_cannot_be_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("APP_API_TOKEN", "t")
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert "REDIS_URL is not usable" in cast("str", ended.value.code)
    assert "pa55" not in cast("str", ended.value.code)


def test_it_serves_with_the_collector_on_and_leaves_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []

    def served(work: Coroutine[Any, Any, None]) -> None:
        work.close()
        seen.append(gc.isenabled())

    monkeypatch.setenv("APP_API_TOKEN", "token")
    monkeypatch.setattr(main.telemetry, "configure", lambda _: None)
    monkeypatch.setattr(main.uvloop, "run", served)
    monkeypatch.setattr(main.os, "_exit", seen.append)
    gc.disable()
    try:
        main.main()
        assert seen == [True, 0]
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("dev", [True, False])
def test_the_switch_for_everybodys_notifications_is_there_in_development_only(
    monkeypatch: pytest.MonkeyPatch, dev: bool
) -> None:
    monkeypatch.setenv("TASK_AGENT_DEV", str(dev).lower())
    service = object.__new__(Service)
    parts = ("chats", "log", "feed", "clock", "tokens", "tasks", "target", "sidecar", "redis", "under_way")
    vars(service).update(dict.fromkeys(parts), _settings=read_settings())
    monkeypatch.setattr(main, "Listener", lambda app, *_: app)  # no port is needed to see the routes
    app = cast("FastAPI", service.public(asyncio.Event()))
    assert ("/dev/notifications" in app.openapi()["paths"]) is dev

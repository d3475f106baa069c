"""The local notification target: one file per notification, and a switch that makes it fail or hang."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from agent.adapters.local_target import LocalTarget
from agent.domain.notification import Notification, NotificationMode

NOTE = Notification(notification_id="n-1/../x", task_id="t1", title="Review\x00 it 🎉", assignee="Bob", deadline=None)


@pytest.fixture
def target(tmp_path: Path) -> LocalTarget:
    return LocalTarget(tmp_path / "notifications", tmp_path / "notifications.mode")


@pytest.fixture
async def client(target: LocalTarget) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(target.router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def deliver(client: httpx.AsyncClient) -> int:
    return (await client.post("/local/notifications", json=NOTE.model_dump())).status_code


async def test_repeats_make_one_file(client: httpx.AsyncClient, tmp_path: Path) -> None:
    assert [await deliver(client), await deliver(client)] == [204, 204]
    files = list((tmp_path / "notifications").iterdir())
    assert len(files) == 1
    assert Notification.model_validate(json.loads(files[0].read_text())) == NOTE


async def test_fail_keeps_nothing(client: httpx.AsyncClient, target: LocalTarget, tmp_path: Path) -> None:
    target.mode = "fail"
    assert await deliver(client) == 500
    assert not (tmp_path / "notifications").exists()
    target.mode = "ok"
    assert await deliver(client) == 204


async def test_hang_answers_nothing(client: httpx.AsyncClient, target: LocalTarget, tmp_path: Path) -> None:
    target.mode = "hang"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await deliver(client)
    assert not (tmp_path / "notifications").exists()


async def test_the_switch_is_one_for_all_who_share_the_folder(target: LocalTarget, tmp_path: Path) -> None:
    modes: tuple[NotificationMode, ...] = ("hang", "fail", "ok")
    neighbour = LocalTarget(tmp_path / "notifications", tmp_path / "notifications.mode", initial="fail")
    assert (target.mode, neighbour.mode) == ("ok", "fail")
    for mode in modes:
        target.mode = mode
        assert neighbour.mode == mode
    (tmp_path / "notifications.mode").write_text("nonsense")
    assert (target.mode, neighbour.mode) == ("ok", "fail")

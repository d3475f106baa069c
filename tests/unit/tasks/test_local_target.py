"""The local notification target: one file per notification, and a switch that makes it fail or hang."""

import asyncio
import json
import os
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
    async with calling(target) as client:
        yield client


def calling(target: LocalTarget) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(target.router())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def deliver(client: httpx.AsyncClient, name: str = NOTE.notification_id) -> int:
    note = NOTE.model_copy(update={"notification_id": name})
    return (await client.post("/local/notifications", json=note.model_dump())).status_code


def kept(folder: Path) -> set[str]:
    return {json.loads(path.read_text())["notification_id"] for path in folder.iterdir()}


def age(folder: Path, seconds: float) -> None:
    """Makes all that is there older: the next one is newer, however coarse the file system's clock is."""
    for path in folder.iterdir():
        written = path.stat().st_mtime - seconds
        os.utime(path, (written, written))


async def test_repeats_make_one_file(client: httpx.AsyncClient, tmp_path: Path) -> None:
    assert [await deliver(client), await deliver(client)] == [204, 204]
    files = list((tmp_path / "notifications").iterdir())
    assert len(files) == 1
    assert Notification.model_validate(json.loads(files[0].read_text())) == NOTE


async def test_the_newest_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "notifications"
    async with calling(LocalTarget(folder, tmp_path / "mode", kept_max=3, over_max=1)) as client:
        for name in "zebra", "ant", "yak", "bee", "emu":  # their order is that of their delivery, whatever they are called
            assert await deliver(client, name) == 204
            age(folder, 10)
        assert kept(folder) == {"yak", "bee", "emu"}
        assert await deliver(client, "bee") == 204
        assert kept(folder) == {"yak", "bee", "emu"}, "a repeat drops nothing"


async def test_the_folder_is_bounded_however_often_processes_come_and_go(tmp_path: Path) -> None:
    folder = tmp_path / "notifications"
    sizes: list[int] = []
    for life in range(6):
        async with calling(LocalTarget(folder, tmp_path / "mode", kept_max=4, over_max=5)) as client:
            for number in range(2):  # each ends long before it has to look again
                await deliver(client, f"{life}-{number}")
                age(folder, 10)
        sizes.append(len(kept(folder)))
    assert max(sizes) <= 4 + 5
    assert kept(folder) >= {"5-1", "5-0", "4-1", "4-0"}


async def test_those_who_share_the_folder_keep_to_the_bound_together(tmp_path: Path) -> None:
    folder = tmp_path / "notifications"
    async with (
        calling(LocalTarget(folder, tmp_path / "mode", kept_max=4, over_max=2)) as one,
        calling(LocalTarget(folder, tmp_path / "mode", kept_max=4, over_max=2)) as other,
    ):
        for number in range(12):
            await asyncio.gather(deliver(one, f"one-{number}"), deliver(other, f"other-{number}"))
            assert len(kept(folder)) <= 4 + 2 + 2
            age(folder, 10)


async def test_what_was_left_half_written_goes_too(tmp_path: Path) -> None:
    folder = tmp_path / "notifications"
    folder.mkdir()
    (folder / "a.1-2.part").write_text("{")
    age(folder, 10)
    async with calling(LocalTarget(folder, tmp_path / "mode", kept_max=1, over_max=1)) as client:
        await deliver(client)
    assert kept(folder) == {NOTE.notification_id}


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

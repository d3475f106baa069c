"""A fault says whom it has met, and what has to come back after it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from tests.chaos.faults import Faults, Inflicted
from tests.chaos.faults_plan import Fault
from tests.chaos.relay import Relay
from tests.chaos.service import Process, Service
from tests.integration.stack import Stack

NOWHERE = "http://127.0.0.1:9"
SHORT = 0.3


@dataclass
class Listed:
    """A stack by what it lists; ``children`` are real processes, which do nothing."""

    data_dir: Path
    children: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def ps(self) -> list[dict[str, Any]]:
        app = {"name": "app", "replica": 0, "url": NOWHERE}
        return [app | {"name": name, "pid": pid, "replica": None if name == "redis" else 0} for name, pid in self.children]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


async def inflicted(kind: str, stack: Listed, *, relays: tuple[Relay, ...] = ()) -> Inflicted:
    async with aiohttp.ClientSession() as session:
        service = Service(cast(Stack, stack), session)
        service.urls = [NOWHERE]
        return await Faults(service, list(relays)).inflict(Fault(kind, 0, 0.0, 0.0))


async def test_a_fault_that_is_delivered_names_what_it_killed_and_hurt(
    sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    app, redis = (Listed(tmp_path, [(name, sleeper.pid)]) for name in ("app", "redis"))
    assert await inflicted("freeze app", app) == Inflicted(hit=True, hurt=(0,))
    assert await inflicted("kill redis", redis) == Inflicted(hit=True, killed=(Process("redis", sleeper.pid, None),))
    assert sleeper.wait() < 0


@pytest.mark.parametrize("kind", ["kill app", "terminate app", "freeze app", "kill replica", "kill redis"])
async def test_a_fault_that_meets_nobody_says_so(kind: str, sleeper: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    sleeper.kill()
    sleeper.wait()
    gone = Listed(tmp_path, [("app", sleeper.pid)])
    for stack in (gone, Listed(tmp_path)):
        found = await inflicted(kind, stack)
        assert (found.hit, found.killed) == (False, ())


async def test_a_silence_of_no_connection_meets_nobody(tmp_path: Path) -> None:
    async with Relay(9) as relay:
        assert not (await inflicted("half-open", Listed(tmp_path), relays=(relay,))).hit


async def test_what_was_killed_has_to_be_replaced(tmp_path: Path) -> None:
    stack, old = Listed(tmp_path, [("daprd", 7), ("app", 8)]), [Process("daprd", 7, 0)]
    async with aiohttp.ClientSession() as session:
        service = Service(cast(Stack, stack), session)
        assert not await service.until_replaced(old, SHORT)
        stack.children = [("app", 8)]
        assert not await service.until_replaced(old, SHORT)
        stack.children = [("app", 8), ("daprd", 9)]
        assert await service.until_replaced(old, SHORT)
        assert await service.until_replaced([], SHORT)


async def test_what_the_target_of_notifications_has_is_told_by_task(tmp_path: Path) -> None:
    (tmp_path / "notifications").mkdir()
    for name, task in (("a", "t-1"), ("b", "t-1"), ("c", "t-2")):
        (tmp_path / "notifications" / f"{name}.json").write_text(json.dumps({"task_id": task}))
    (tmp_path / "notifications" / "d.1-2.part").write_text("{")
    async with aiohttp.ClientSession() as session:
        told = Service(cast(Stack, Listed(tmp_path)), session).notified()
    assert {task: len(received) for task, received in told.items()} == {"t-1": 2, "t-2": 1}

"""A tool that takes too long: what only reads says so, what changes something is made again under its key."""

import asyncio
import json

import pytest

from agent.domain.errors import Unavailable
from agent.domain.task import Task
from tests.unit.turns.host import ChatHost, call
from tests.unit.turns.tool_stage import CREATE, PATIENCE, Stage
from workflows import toolbox as toolbox_module


async def for_ever(task_id: str) -> Task:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
def stage(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """On which no task can be got in time."""
    monkeypatch.setattr(toolbox_module, "TOOL_TIMEOUT", 0.01)
    stage = Stage(host)
    stage.tasks.on_get = for_ever
    return stage


async def test_a_tool_that_takes_too_long_is_a_result(stage: Stage) -> None:
    await stage.ask(call(0, "get_task", '{"task_id": "a"}'))
    await stage.tools()
    assert stage.stored()["c-0"]["error"]["code"] == "tool_timeout"


async def test_a_change_that_takes_too_long_is_made_again_under_its_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as an error, the model would make it a second time, under another key, though it may have happened."""
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    with pytest.raises(Unavailable, match="create_task took longer"):
        await stage.tools()
    assert (stage.stored(), len(stage.tasks.processed)) == ({}, 1)
    stage.tasks.on_get = None
    monkeypatch.setattr(toolbox_module, "TOOL_TIMEOUT", PATIENCE)
    await stage.tools()
    assert len(stage.tasks.processed) == 1
    assert stage.stored()["c-0"]["status"] == "completed"

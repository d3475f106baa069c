"""The activity ``run_tools`` with a real ChatActor, log and toolbox: at once, each committed once, truth or a clear refusal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.domain import ids
from agent.domain.deadline import deadline_seconds_from
from agent.domain.errors import Conflict, Unavailable
from agent.domain.events import TurnCancelled
from agent.domain.limits import TOOL_RESULT_BYTES_MAX
from agent.domain.messages import ToolCall
from agent.domain.task import Task
from agent.domain.task_changes import by_turn
from agent.domain.tool_args import CreateTask
from agent.domain.turn_calls import CommitTool
from tests.fakes.ports import some_task
from tests.unit.turns.host import ChatHost, call, turn_key
from tests.unit.turns.tool_stage import CREATE, PATIENCE, Stage
from workflows.activities.rival import Superseded


@pytest.fixture
def stage(host: ChatHost) -> Stage:
    return Stage(host)


def get(index: int, task_id: str) -> ToolCall:
    return call(index, "get_task", json.dumps({"task_id": task_id}))


async def test_a_task_is_created_under_an_id_made_from_the_call(stage: Stage) -> None:
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    await stage.tools()
    [returned] = await stage.returned()
    key = ids.tool_call_key(stage.turn, 0, 0)
    task_id = ids.task_id_from_key(key)
    assert returned.ok
    assert (returned.result["task_id"], returned.result["status"]) == (task_id, "completed")
    assert returned.result["message"] == "Done."
    request = stage.tasks.processed[task_id]
    assert (request.key, request.by) == (key, by_turn("local", stage.turn))
    assert stage.stored() == {"c-0": returned.result}


async def test_results_are_logged_first_and_committed_as_they_arrive(stage: Stage) -> None:
    gates = {"slow": asyncio.Event(), "quick": asyncio.Event()}
    gates["quick"].set()

    async def on_get(task_id: str) -> Task:
        await gates[task_id].wait()
        return some_task(task_id)

    async def commit_and_tell(commit: CommitTool) -> bool:
        done = await commit_tool(commit)
        first_commit.set()
        return done

    first_commit, commit_tool = asyncio.Event(), stage.host.chats.commit_tool
    stage.host.chats.commit_tool, stage.tasks.on_get = commit_and_tell, on_get
    await stage.ask(get(0, "slow"), get(1, "quick"))
    running = asyncio.create_task(stage.tools())
    await asyncio.wait_for(first_commit.wait(), PATIENCE)
    assert list(stage.stored()) == ["c-1"]
    assert [r.call_id for r in await stage.returned()] == ["c-1"], "both ran at once, the quick one is in already"
    gates["slow"].set()
    await running
    assert [r.call_id for r in await stage.returned()] == ["c-1", "c-0"]
    assert list(stage.stored()) == ["c-0", "c-1"], "stored in the order of the calls"


async def test_a_second_run_does_only_what_is_open(stage: Stage) -> None:
    asked: list[str] = []
    broken = True

    async def on_get(task_id: str) -> Task:
        asked.append(task_id)
        if task_id == "b" and broken:
            await asyncio.sleep(0.02)
            raise Unavailable("runtime_unavailable", "Out of reach.")
        return some_task(task_id)

    stage.tasks.on_get = on_get
    await stage.ask(get(0, "a"), get(1, "b"))
    with pytest.raises(Unavailable):
        await stage.tools()
    assert list(stage.stored()) == ["c-0"]
    broken = False
    await stage.tools()
    assert asked == ["a", "b", "b"]
    assert list(stage.stored()) == ["c-0", "c-1"]
    await stage.tools()
    assert asked == ["a", "b", "b"], "nothing is left to do"
    assert len(await stage.returned()) == 2


async def test_a_crash_between_log_and_commit_repeats_the_call_under_the_same_key(stage: Stage) -> None:
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    begin_saves = stage.host.chats.begin_tools

    async def begin_then_break(ref: Any) -> Any:
        begun = await begin_saves(ref)
        stage.host.fail_saves = 1
        return begun

    stage.host.chats.begin_tools = begin_then_break
    with pytest.raises(Unavailable):
        await stage.tools()
    assert stage.stored() == {}
    stage.host.chats.begin_tools = begin_saves
    await stage.tools()
    assert len(stage.tasks.processed) == 1, "the same task, not a second one"
    assert [r.call_id for r in await stage.returned()] == ["c-0", "c-0"], "a reader keeps the last of the two"


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("get_task", '{"task_id": "unknown"}', "task_not_found"),
        ("get_task", "{}", "bad_arguments"),
        ("get_task", "not json", "bad_arguments"),
        ("get_task", "[]", "bad_arguments"),
        ("get_task", '{"task_id": "a", "extra": 1}', "bad_arguments"),
        ("get_task", '{"task_id": "../b"}', "bad_arguments"),
        ("get_task", '{"task_id": "\\ud800"}', "bad_arguments"),
        ("rm_rf", "{}", "unknown_tool"),
        ("update_task_status", '{"task_id": "a", "status": "done"}', "bad_arguments"),
    ],
)
async def test_a_refusal_is_a_result_the_model_can_read(stage: Stage, tool: str, arguments: str, code: str) -> None:
    await stage.ask(call(0, tool, arguments))
    await stage.tools()
    [returned] = await stage.returned()
    assert not returned.ok
    assert returned.result["error"]["code"] == code
    assert returned.result["error"]["detail"]
    assert stage.stored() == {"c-0": returned.result}


async def test_a_change_carries_its_key_and_its_turn(stage: Stage) -> None:
    stage.tasks.on_get = lambda task_id: _answer(some_task(task_id))
    await stage.ask(
        call(0, "update_task_status", '{"task_id": "t", "status": "completed"}'),
        call(1, "assign_task", '{"task_id": "t", "assignee": "Eve"}'),
    )
    await stage.tools()
    keys = {ids.tool_call_key(stage.turn, 0, index) for index in (0, 1)}
    assert {c.key for c in stage.tasks.changes} == keys
    assert {c.by for c in stage.tasks.changes} == {by_turn("local", stage.turn)}
    other = await Stage(ChatHost()).ask(call(0, "assign_task", '{"task_id": "t", "assignee": "Eve"}'))
    other.tasks.refuse = Conflict("illegal_status_change", "A completed task is final.")
    await other.tools()
    assert other.stored()["c-0"] == {"error": {"code": "illegal_status_change", "detail": "A completed task is final."}}


async def _answer(task: Task) -> Task:
    return task


async def test_now_is_when_the_model_asked_also_at_a_later_run(stage: Stage) -> None:
    by = {**CREATE, "deadline": "2030-05-17T10:00:00+00:00"}
    del by["deadline_seconds"]
    await stage.ask(call(0, "create_task", json.dumps(by)))
    asked_at = stage.host.clock.now()
    stage.host.clock.advance(1_800)
    await stage.tools()
    [request] = stage.tasks.processed.values()
    assert request.deadline_seconds == deadline_seconds_from(CreateTask.model_validate(by), asked_at, "UTC") == 3_600


async def test_a_long_result_is_shortened_with_a_marker(stage: Stage) -> None:
    stage.tasks.on_get = lambda task_id: _answer(some_task(task_id, description="é" * TOOL_RESULT_BYTES_MAX))
    await stage.ask(get(0, "a"))
    await stage.tools()
    [returned] = await stage.returned()
    assert returned.result["truncated"] is True
    assert len(stage.host.stored("turn-1")["steps"][0]["results"][0]["content"].encode()) <= TOOL_RESULT_BYTES_MAX


async def two_runs(stage: Stage, on_get: Callable[[str], Awaitable[Task]]) -> list[asyncio.Task[None]]:
    """Two runs of one step with one call; each one's tool is at work, waiting in ``on_get``."""
    entered = asyncio.Semaphore(0)

    async def enter(task_id: str) -> Task:
        entered.release()
        return await on_get(task_id)

    stage.tasks.on_get = enter
    await stage.ask(get(0, "a"))
    runs: list[asyncio.Task[None]] = []
    for _ in range(2):
        runs.append(asyncio.create_task(stage.tools()))
        await asyncio.wait_for(entered.acquire(), PATIENCE)
    return runs


async def test_a_zombie_is_fenced_and_stores_nothing(stage: Stage) -> None:
    gate = asyncio.Event()

    async def on_get(task_id: str) -> Task:
        await gate.wait()
        return some_task(task_id)

    zombie, newer = await two_runs(stage, on_get)
    gate.set()
    outcomes = await asyncio.gather(zombie, newer, return_exceptions=True)
    assert outcomes == [None, None], "the zombie stands by until the newer run has stored everything"
    assert list(stage.stored()) == ["c-0"]


async def test_tools_that_a_stop_cuts_off_are_told_of(stage: Stage) -> None:
    gate = asyncio.Event()

    async def on_get(task_id: str) -> Task:
        gate.set()
        await asyncio.Event().wait()
        return some_task(task_id)

    stage.tasks.on_get = on_get
    await stage.ask(get(0, "a"))
    running = asyncio.create_task(stage.tools())
    await asyncio.wait_for(gate.wait(), PATIENCE)
    assert stage.host.stored("turn-1")["silent_epochs"] == 1
    await stage.under_way.finish(0.01, asyncio.Event())
    assert stage.host.stored("turn-1")["silent_epochs"] == 0
    running.cancel()


async def test_a_superseded_result_is_never_reported_as_stored(stage: Stage, impatient: None) -> None:
    async def on_get(task_id: str) -> Task:
        await stage.host.chats.begin_tools(stage.host.ref(stage.turn))  # a newer run has begun
        return some_task(task_id)

    stage.tasks.on_get = on_get
    await stage.ask(get(0, "a"))
    with pytest.raises(Superseded):
        await stage.tools()
    assert stage.stored() == {}


async def test_a_zombie_stands_by_for_as_long_as_the_newer_run_waits_for_a_tool(stage: Stage, impatient: None) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    waiting = iter(gates)

    async def on_get(task_id: str) -> Task:
        await next(waiting).wait()
        return some_task(task_id)

    zombie, newer = await two_runs(stage, on_get)
    gates[0].set()  # the zombie finds out that it is one
    await asyncio.wait({zombie}, timeout=2.0)
    assert not zombie.done(), "the newer run has told nothing yet, but it beats"
    gates[1].set()
    assert await asyncio.wait_for(asyncio.gather(zombie, newer), 5.0) == [None, None]


async def test_an_end_from_outside_ends_the_tools(stage: Stage) -> None:
    ended = asyncio.Event()

    async def on_get(task_id: str) -> Task:
        if task_id == "endless":
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return some_task(task_id)

    stage.tasks.on_get = on_get
    await stage.ask(get(0, "a"), get(1, "endless"))
    await stage.memory.close(turn_key(stage.turn), TurnCancelled(turn_id=stage.turn))
    await stage.tools()
    assert ended.is_set(), "nothing goes on behind the turn"
    assert stage.stored() == {}


async def test_without_the_log_results_are_stored_and_the_turn_says_so(stage: Stage) -> None:
    stage.tasks.on_get = lambda task_id: _answer(some_task(task_id))
    await stage.ask(get(0, "a"), get(1, "b"))
    stage.log.broken = True
    await stage.tools()
    assert list(stage.stored()) == ["c-0", "c-1"]
    assert (await stage.host.chats.get_turn(turn_key(stage.turn))).log_incomplete


async def test_a_turn_that_is_over_or_not_ours_runs_nothing(stage: Stage) -> None:
    await stage.ask(get(0, "a"))
    for ref in (stage.host.ref(stage.turn, instance="other"), stage.host.ref("main.9." + "a" * 26, instance="i")):
        await stage.run(ref)
    assert await stage.returned() == []
    assert stage.stored() == {}

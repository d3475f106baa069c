"""What ``create_task`` tells while its workflow goes on: snapshots, when they change; nothing of it holds the tool up."""

import asyncio
import json

import pytest

from agent.domain.events import TurnCancelled
from agent.domain.limits import TASK_OUTCOME_WAIT, TOOL_PROGRESS_MAX
from agent.domain.processing import StepName, WorkflowStep, WorkflowView
from agent.domain.saga import done, failed
from tests.fakes.ports import OUT_OF_REACH
from tests.unit.turns.host import ChatHost, call, turn_key
from tests.unit.turns.tool_stage import CREATE, PATIENCE, Stage
from workflows import toolbox
from workflows.activities import run_tools

FORWARD: tuple[StepName, ...] = ("validate", "create", "assign", "reminder")
UNDOING = (
    *(done(name) for name in FORWARD),
    failed("notify", "after 3 attempts (no answer)"),
    done("reminder", undo=True),
    done("assign", undo=True),
)


class Engine:
    """A workflow that is one step further at every look, and ends after the last; then whoever waits for it goes on."""

    def __init__(self, stage: Stage, *looks: tuple[WorkflowStep, ...] | Exception) -> None:
        self.looks = list(looks)
        self.ended = asyncio.Event()
        self.waits: list[float] = []
        stage.host.workflows.on_processing = self.processing

    async def processing(self, wait: float) -> WorkflowView | None:
        if wait:
            self.waits.append(wait)
            await self.ended.wait()
            return None
        if not self.looks:
            self.ended.set()
            return None
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return WorkflowView(workflow_id="task-workflow-t", task_id="t", status="running", result=None, steps=look)


@pytest.fixture
def stage(host: ChatHost) -> Stage:
    return Stage(host)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox, "TASK_PROGRESS_FIRST", 0.001)
    monkeypatch.setattr(toolbox, "TASK_PROGRESS_MAX", 0.001)


async def create(stage: Stage) -> None:
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    await stage.tools()


async def test_each_step_is_told_as_it_comes_undos_in_their_order(stage: Stage) -> None:
    grown = [UNDOING[: n + 1] for n in range(len(UNDOING))]
    engine = Engine(stage, *grown)
    await create(stage)
    told = await stage.progressed()
    assert [event.steps for event in told[:-1]] == grown
    assert (told[-1].status, told[-1].steps) == ("completed", ()), "the last is the outcome"
    assert {(event.call_id, event.step, event.turn_id) for event in told} == {("c-0", 0, stage.turn)}
    assert engine.waits == [TASK_OUTCOME_WAIT]
    assert [entry.name for entry in await stage.entries()][-2:] == ["tool.progressed", "tool.returned"]


async def test_what_has_not_changed_is_not_told_again(stage: Stage) -> None:
    Engine(stage, UNDOING[:2], UNDOING[:2], UNDOING[:2], UNDOING[:3])
    await create(stage)
    assert [len(event.steps) for event in await stage.progressed()] == [2, 3, 0]


async def test_a_workflow_that_ends_at_once_is_told_once(stage: Stage) -> None:
    await create(stage)
    assert [(event.status, event.task_id) for event in await stage.progressed()] == [
        ("completed", (await stage.returned())[0].result["task_id"])
    ]


async def test_no_more_than_the_bound(stage: Stage) -> None:
    many = [tuple(done("validate", detail=str(n)) for _ in range(1)) for n in range(TOOL_PROGRESS_MAX + 5)]
    Engine(stage, *many)
    await create(stage)
    assert len(await stage.progressed()) == TOOL_PROGRESS_MAX
    assert [returned.ok for returned in await stage.returned()] == [True]


async def test_a_look_that_fails_is_only_missing(stage: Stage) -> None:
    Engine(stage, OUT_OF_REACH, UNDOING[:1])
    await create(stage)
    assert [len(event.steps) for event in await stage.progressed()] == [1, 0]
    assert [returned.ok for returned in await stage.returned()] == [True]


async def test_a_look_that_hangs_holds_nothing_up(stage: Stage) -> None:
    async def hanging(wait: float) -> WorkflowView | None:
        if wait:
            await asyncio.wait_for(looked.wait(), PATIENCE)
            return None
        looked.set()
        await asyncio.Event().wait()
        raise AssertionError

    looked = asyncio.Event()
    stage.host.workflows.on_processing = hanging
    await create(stage)
    assert [returned.ok for returned in await stage.returned()] == [True]


async def test_two_calls_at_once_share_the_one_writer(stage: Stage) -> None:
    await stage.ask(*(call(n, "create_task", json.dumps(CREATE)) for n in range(5)))
    Engine(stage, *(UNDOING[: n % 3 + 1] for n in range(20)))
    await stage.tools()
    ids = [entry.id for entry in await stage.entries() if entry.name.startswith("tool.")]
    assert [entry_id.seq for entry_id in ids] == list(range(len(ids))), "gap-free"
    assert {returned.call_id for returned in await stage.returned()} == {f"c-{n}" for n in range(5)}


async def test_a_closed_turn_stops_the_tool_at_its_next_word(stage: Stage) -> None:
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    engine = Engine(stage, UNDOING[:1])
    await stage.memory.close(turn_key(stage.turn), TurnCancelled(turn_id=stage.turn))
    await stage.tools()
    assert await stage.progressed() == []
    assert stage.stored() == {}
    assert not engine.ended.is_set(), "nobody waits for it any more"


async def test_without_the_log_the_tool_goes_on(stage: Stage) -> None:
    await stage.ask(call(0, "create_task", json.dumps(CREATE)))
    Engine(stage, UNDOING[:1], UNDOING[:2])
    stage.log.broken = True
    await stage.tools()
    assert list(stage.stored()) == ["c-0"]


def test_the_bound_leaves_room_for_every_step() -> None:
    assert run_tools.TOOL_PROGRESS_MAX > len(UNDOING) + 2, "created at last, and the outcome"

"""UndoWorkflow as the engine drives it, and its activities over real actors: chat on one side, tasks on the other."""

from typing import Any

import pytest

from agent.domain.errors import Conflict, Unavailable
from agent.domain.events import TurnUndoEnded
from agent.domain.limits import TURN_STALE_AFTER
from agent.domain.task_changes import Change, by_turn
from agent.domain.undo import GAVE_UP, BegunUndo, EndUndo, TaskChanges, TaskUndo, ToolChange, UndoRef
from tests.fakes.ports import MemoryPublisher
from tests.unit.tasks.driver import Driver, answers, dies
from tests.unit.tasks.host import ALICE, TaskHost
from tests.unit.tasks.records import request
from tests.unit.turns.host import ChatHost, turn_key
from tests.unit.turns.test_undo_order import cancelled, tasks_of, undo_ref
from workflows import names
from workflows.activities.undo_steps import undo_activities
from workflows.contracts import UndoTask
from workflows.undo import undo_workflow

REF = UndoRef(tenant="default", user="local", conversation="main", turn_id="main.1.x", instance="i-1")
TASKS = tuple(TaskChanges(task_id=f"t-{n}", calls=()) for n in range(3))


def driven(undo_task: Any) -> Driver:
    begin = answers(**BegunUndo(kind="go", tasks=TASKS).model_dump(mode="json"))
    return Driver({names.BEGIN_UNDO: begin, names.UNDO_TASK: undo_task, names.END_UNDO: answers()})


def undone(order: dict[str, Any]) -> dict[str, Any]:
    return TaskUndo(task_id=order["changes"]["task_id"], state="undone").model_dump()


# --- the workflow ---------------------------------------------------------------------------------------------------------


def test_the_newest_is_undone_first_and_all_is_told_at_the_end() -> None:
    engine = driven(undone)
    engine.run(undo_workflow(engine, REF))
    assert engine.did() == [names.BEGIN_UNDO, *[names.UNDO_TASK] * 3, names.END_UNDO]
    assert [c.input["changes"]["task_id"] for c in engine.calls[1:4]] == ["t-2", "t-1", "t-0"]
    assert {t.state for t in EndUndo.model_validate(engine.calls[-1].input).tasks} == {"undone"}


def test_one_that_cannot_be_undone_does_not_stop_the_others() -> None:
    engine = driven(lambda order: dies("bug")(order) if order["changes"]["task_id"] == "t-1" else undone(order))
    engine.run(undo_workflow(engine, REF))
    told = EndUndo.model_validate(engine.calls[-1].input).tasks
    assert [(t.task_id, t.state, t.detail) for t in told] == [
        ("t-2", "undone", ""),
        ("t-1", "failed", GAVE_UP),
        ("t-0", "undone", ""),
    ]


@pytest.mark.parametrize(("kind", "did"), [("void", 1), ("told", 2)])
def test_one_that_is_not_meant_does_nothing(kind: Any, did: int) -> None:
    engine = Driver({names.BEGIN_UNDO: answers(**BegunUndo(kind=kind).model_dump(mode="json")), names.END_UNDO: answers()})
    engine.run(undo_workflow(engine, REF))
    assert engine.did() == [names.BEGIN_UNDO, names.END_UNDO][:did]


# --- the activities -------------------------------------------------------------------------------------------------------


class World:
    """A cancelled turn, the tasks it may have changed, and a workflow that is run as often as it is told."""

    def __init__(self) -> None:
        self.chat, self.tasks, self.publisher = ChatHost(), TaskHost(), MemoryPublisher()
        self.activities = undo_activities(self.chat.chats, self.tasks.tasks, self.publisher, lambda work: work)

    async def do(self, activity: str, argument: Any) -> Any:
        return await self.activities[activity](None, argument)

    async def run(self, turn: str) -> None:
        """What the workflow does, in its order."""
        ref = undo_ref(self.chat, turn)
        begun = BegunUndo.model_validate(await self.do(names.BEGIN_UNDO, ref))
        orders = [UndoTask(tenant="default", turn_id=turn, changes=changes) for changes in reversed(begun.tasks)]
        told = [TaskUndo.model_validate(await self.do(names.UNDO_TASK, order)) for order in orders]
        await self.do(names.END_UNDO, EndUndo(ref=ref, tasks=tuple(told)))

    async def assign(self, turn: str, assignee: str = "Bob") -> None:
        """What the turn's first call does, now or late."""
        change = Change(by=by_turn("alice", turn), key=f"{turn}/0/0")
        await self.tasks.tasks.assign("default", "t-1", assignee, change)


@pytest.fixture
def world() -> World:
    return World()


async def some_task(world: World) -> None:
    """t-1, which nobody has."""
    await world.tasks.tasks.process(ALICE, request(task_id="t-1"))
    await world.tasks.tasks.open("default", "t-1", "w")


async def test_once_it_has_begun_no_call_of_the_turn_does_anything_any_more(world: World) -> None:
    await some_task(world)
    turn = await cancelled(world.chat)
    await world.do(names.BEGIN_UNDO, undo_ref(world.chat, turn))
    for late in (
        world.assign(turn),
        world.tasks.tasks.process(ALICE, request(task_id=tasks_of(turn)[1], key=f"{turn}/0/1")),
    ):
        with pytest.raises(Conflict) as refused:
            await late
        assert refused.value.code == "undone"


async def test_it_is_told_on_the_feed_as_it_is_stored(world: World) -> None:
    await some_task(world)
    turn = await cancelled(world.chat)
    await world.assign(turn)
    for _ in range(2):
        await world.run(turn)
    assert (await world.tasks.tasks.get("default", "t-1")).assignee is None
    stored = (await world.chat.chats.get_turn(turn_key(turn))).undo
    assert stored is not None
    assert [t.state for t in stored.tasks] == ["undone", "nothing_to_undo"]
    told = [event for event in world.publisher.published if isinstance(event, TurnUndoEnded)]
    assert {event.event_id for event in told} == {f"{turn}-undo-ended"}
    assert [event.undo for event in told] == [stored, stored]


async def test_an_instance_that_was_replaced_in_the_middle_tells_nothing(world: World) -> None:
    await some_task(world)
    turn = await cancelled(world.chat)
    old = undo_ref(world.chat, turn)
    await world.do(names.BEGIN_UNDO, old)
    world.chat.workflows.dead.add(old.instance)
    world.chat.clock.advance(TURN_STALE_AFTER)
    await world.chat.chats.heal(turn_key(turn))
    await world.do(names.END_UNDO, EndUndo(ref=old, tasks=()))
    assert world.publisher.published == []
    await world.run(turn)
    assert len(world.publisher.published) == 1


async def test_an_actor_out_of_reach_is_tried_again_and_a_refusal_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = UndoTask(tenant="default", turn_id="main.1.x", changes=TASKS[0])
    for problem in (Unavailable("runtime_unavailable", "Not now."), Conflict("odd", "No.")):

        async def refuse(*_: object, why: Exception = problem) -> TaskUndo:
            raise why

        monkeypatch.setattr(world.tasks.tasks, "undo_calls", refuse)
        if isinstance(problem, Unavailable):
            with pytest.raises(Unavailable):
                await world.do(names.UNDO_TASK, order)
        else:
            assert TaskUndo.model_validate(await world.do(names.UNDO_TASK, order)).detail == "No."


async def test_a_process_that_dies_while_it_undoes_goes_on(world: World) -> None:
    tasks, turn = world.tasks, "main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa"
    await tasks.processed(request(key=f"{turn}/0/1", by=by_turn("alice", turn)))
    calls = (ToolChange(command="create", key=f"{turn}/0/1"),)
    tasks.crash_at = "save"
    with pytest.raises(Unavailable):
        await tasks.tasks.undo_calls("default", turn, TaskChanges(task_id="t1", calls=calls))
    tasks.broker.events.clear()
    for broken in (True, False, False):
        tasks.broker.broken = broken
        assert (await tasks.tasks.undo_calls("default", turn, TaskChanges(task_id="t1", calls=calls))).state == "undone"
        tasks.clock.advance(60)
    assert tasks.broker.ids() == ["t1-4"]
    assert (tasks.record()["task"]["status"], list(tasks.reminders)) == ("cancelled", ["outbox"])

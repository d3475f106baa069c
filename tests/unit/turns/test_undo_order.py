"""ChatActor and undos: ordered once and before anything is saved, carried out by the recorded workflow alone, told once."""

from typing import get_args

import pytest

from agent.domain import ids
from agent.domain.errors import NotFound, Unavailable
from agent.domain.limits import TURN_STALE_AFTER, UNDO_STARTS_MAX
from agent.domain.messages import Message, ToolCall
from agent.domain.turn_calls import KeepShown
from agent.domain.turn_view import TurnView
from agent.domain.undo import EXHAUSTED, Effects, EndUndo, TaskUndo, Undo, UndoRef
from tests.unit.turns.host import KEY, ChatHost, call, turn_key

ASSIGN = call(0, "assign_task", '{"task_id": "t-1", "assignee": "Bob"}')
CREATE = call(1, "create_task", '{"title": "A good title", "description": "A good description", "assignee": "Bob"}')
READ = call(2, "get_task", '{"task_id": "t-9"}')
NONSENSE = call(3, "assign_task", "{")


async def with_tools(host: ChatHost, *calls: ToolCall, secret: int = 1) -> str:
    """A running turn whose first step made the calls, none of which has returned."""
    turn = (await host.submit(secret=secret)).turn_id
    begun = await host.begin(turn)
    await host.commit(turn, begun.epoch, "", calls=calls or (ASSIGN, CREATE, READ, NONSENSE))
    return turn


async def cancelled(host: ChatHost, secret: int = 1) -> str:
    """A turn with an undo under way of what it did to t-1 and to a task of its own."""
    turn = await with_tools(host, secret=secret)
    await host.chats.cancel(turn_key(turn), "undo")
    return turn


def undo_ref(host: ChatHost, turn: str, instance: str | None = None) -> UndoRef:
    return UndoRef(**turn_key(turn)._asdict(), conversation="main", instance=instance or host.instance(f"undo {turn}"))


def outcomes(host: ChatHost, turn: str) -> tuple[TaskUndo, ...]:
    return tuple(TaskUndo(task_id=task_id, state="undone") for task_id in tasks_of(turn))


def tasks_of(turn: str) -> list[str]:
    return ["t-1", ids.task_id_from_key(ids.tool_call_key(turn, 0, 1))]


async def end(host: ChatHost, turn: str, *tasks: TaskUndo) -> Undo | None:
    return await host.chats.end_undo(EndUndo(ref=undo_ref(host, turn), tasks=tasks or outcomes(host, turn)))


async def view(host: ChatHost, turn: str) -> TurnView:
    return await host.chats.get_turn(turn_key(turn))


async def context_now(host: ChatHost) -> str:
    """All that the model would be sent now."""
    return "\n".join(m.content for m in (await host.chats.get_context(KEY, "UTC")).messages)


# --- ordering -------------------------------------------------------------------------------------------------------------


async def test_the_undo_is_scheduled_before_the_cancel_is_saved_and_named_at_once(host: ChatHost) -> None:
    turn = await with_tools(host)
    host.trace.clear()
    seen = await host.chats.cancel(turn_key(turn), "undo")
    assert host.trace == ["schedule", "save", "save"]
    assert host.writes[-2:] == [{"turn-1", "undo-1"}, {"meta"}], "one's end and its undo are saved together"
    assert seen.terminal is not None
    assert seen.terminal.model_dump()["undo_ordered"] == tuple(tasks_of(turn))
    assert seen.undo is not None
    assert [(t.task_id, t.state) for t in seen.undo.tasks] == [(task, "ordered") for task in tasks_of(turn)]
    assert [t.undo for t in (await host.chats.get_history(KEY, 1, None)).turns] == [seen.undo]
    begun = await host.chats.begin_undo(undo_ref(host, turn))
    assert [(c.task_id, [of.key for of in c.calls]) for c in begun.tasks] == [
        (task, [ids.tool_call_key(turn, 0, index)]) for index, task in enumerate(tasks_of(turn))
    ]


async def test_a_cancel_that_dies_before_its_save_undoes_nothing(host: ChatHost) -> None:
    turn = await with_tools(host)
    host.fail_saves = 1
    with pytest.raises(Unavailable):
        await host.chats.cancel(turn_key(turn), "undo")
    first = host.instance(f"undo {turn}")
    assert (await host.chats.begin_undo(undo_ref(host, turn, first))).kind == "void"
    assert (await view(host, turn)).status == "running"

    await host.chats.cancel(turn_key(turn), "undo")
    assert host.instance(f"undo {turn}") != first, "an id that may be about to end is never used again"
    assert (await host.chats.begin_undo(undo_ref(host, turn, first))).kind == "void"
    assert (await host.chats.begin_undo(undo_ref(host, turn))).kind == "go"


async def test_with_the_engine_out_of_reach_nothing_is_cancelled(host: ChatHost) -> None:
    turn = await with_tools(host)
    host.workflows.unreachable = True
    with pytest.raises(Unavailable):
        await host.chats.cancel(turn_key(turn), "undo")
    assert (await view(host, turn)).status == "running"


async def test_the_first_word_stands(host: ChatHost) -> None:
    kept = await with_tools(host)
    await host.chats.cancel(turn_key(kept))
    assert (await host.chats.cancel(turn_key(kept), "undo")).undo is None
    undone = await cancelled(host, secret=2)
    for effects in get_args(Effects):
        assert (await host.chats.cancel(turn_key(undone), effects)).undo is not None
    assert [t for t, _ in host.workflows.started if t.startswith("undo")] == [f"undo {undone}"]


async def test_every_kind_of_change_is_among_them_in_the_order_of_the_calls(host: ChatHost) -> None:
    status = call(1, "update_task_status", '{"task_id": "t-1", "status": "completed"}')
    turn = await with_tools(host, ASSIGN, status, call(2, CREATE.name, CREATE.arguments))
    await host.chats.cancel(turn_key(turn), "undo")
    begun = await host.chats.begin_undo(undo_ref(host, turn))
    assert [[of.command for of in changes.calls] for changes in begun.tasks] == [["assign", "status"], ["create"]]


async def test_without_a_call_that_changes_something_there_is_nothing_to_do(host: ChatHost) -> None:
    reading, waiting = await with_tools(host, READ, NONSENSE), (await host.submit(secret=2)).turn_id
    for turn in (waiting, reading):
        undo = (await host.chats.cancel(turn_key(turn), "undo")).undo
        assert undo == Undo(status="done", tasks=())
    done = (await host.submit(secret=3)).turn_id
    await host.answer(done)
    assert (await host.chats.cancel(turn_key(done), "undo")).undo is None
    assert not [t for t, _ in host.workflows.started if t.startswith("undo")]


async def test_the_next_message_runs_at_once(host: ChatHost) -> None:
    turn = await with_tools(host)
    following = (await host.submit(secret=2)).turn_id
    await host.chats.cancel(turn_key(turn), "undo")
    assert (await view(host, following)).status == "running"


# --- the outcome ----------------------------------------------------------------------------------------------------------


async def test_the_outcome_is_stored_once(host: ChatHost) -> None:
    turn = await cancelled(host)
    before = (await view(host, turn)).terminal
    told = await end(host, turn)
    assert told is not None
    assert (told.status, [t.state for t in told.tasks]) == ("done", ["undone", "undone"])
    assert await end(host, turn, TaskUndo(task_id="t-1", state="failed")) == told, "a repeat gets what is stored"
    assert (await view(host, turn)).undo == told
    assert (await view(host, turn)).terminal == before, "the same event for whoever reads it when"
    assert (await host.chats.begin_undo(undo_ref(host, turn))).kind == "void"


async def test_a_task_without_outcome_is_not_said_to_be_undone(host: ChatHost) -> None:
    turn = await cancelled(host)
    told = await end(host, turn, outcomes(host, turn)[1])
    assert told is not None
    assert (told.status, [t.state for t in told.tasks]) == ("failed", ["failed", "undone"])


async def test_clearing_the_conversation_does_not_lose_the_undo(host: ChatHost) -> None:
    turn = await cancelled(host)
    await host.chats.clear_history(KEY, "first")
    with pytest.raises(NotFound):
        await view(host, turn)
    begun = await host.chats.begin_undo(undo_ref(host, turn))
    assert (begun.kind, [c.task_id for c in begun.tasks]) == ("go", tasks_of(turn))
    assert await end(host, turn) is None, "nobody is there to be told"
    assert (await host.chats.begin_undo(undo_ref(host, turn))).kind == "void"
    assert host.stored("undo-1") is None


# --- healing --------------------------------------------------------------------------------------------------------------


async def lose(host: ChatHost, turn: str) -> None:
    """The undo's workflow is gone, and somebody looks."""
    host.workflows.dead.add(host.instance(f"undo {turn}"))
    host.clock.advance(TURN_STALE_AFTER)
    await host.chats.heal(turn_key(turn))


async def test_an_undo_whose_workflow_is_gone_starts_anew_on_sight(host: ChatHost) -> None:
    turn = await cancelled(host)
    first = host.instance(f"undo {turn}")
    await lose(host, turn)
    assert host.instance(f"undo {turn}") != first
    assert (await host.chats.begin_undo(undo_ref(host, turn, first))).kind == "void"
    assert (await host.chats.begin_undo(undo_ref(host, turn))).kind == "go"
    late = EndUndo(ref=undo_ref(host, turn, first), tasks=outcomes(host, turn))
    assert await host.chats.end_undo(late) is None, "and the other one tells nothing"


async def test_an_undo_that_the_engine_has_and_forgot_starts_anew_on_sight(host: ChatHost) -> None:
    turn = await cancelled(host)
    first = host.instance(f"undo {turn}")
    host.workflows.forgotten.add(first)
    host.clock.advance(TURN_STALE_AFTER)
    await host.chats.heal(turn_key(turn))
    assert (host.workflows.abandoned, host.instance(f"undo {turn}") != first) == ([first], True)
    assert (await host.chats.begin_undo(undo_ref(host, turn, first))).kind == "void", "should the engine remember"


async def test_an_undo_that_lives_is_left_alone(host: ChatHost) -> None:
    turn = await cancelled(host)
    host.clock.advance(10 * TURN_STALE_AFTER)
    await host.chats.heal(turn_key(turn))
    assert len(host.workflows.started) == 2
    await end(host, turn)
    await lose(host, turn)
    assert len(host.workflows.started) == 2, "nor one that has ended"


async def test_an_undo_that_never_gets_through_has_failed_and_is_told(host: ChatHost) -> None:
    turn = await cancelled(host)
    for _ in range(UNDO_STARTS_MAX - 1):
        await lose(host, turn)
        undo = (await view(host, turn)).undo
        assert undo is not None
        assert undo.status == "ordered"
    await lose(host, turn)
    undo = (await view(host, turn)).undo
    assert undo is not None
    assert (undo.status, {t.detail for t in undo.tasks}) == ("failed", {EXHAUSTED})
    begun = await host.chats.begin_undo(undo_ref(host, turn))
    assert (begun.kind, begun.tasks) == ("told", ())
    started = len(host.workflows.started)
    await lose(host, turn)
    await lose(host, turn)
    assert len(host.workflows.started) == started, "and that is the end of it"


# --- what the model is told -----------------------------------------------------------------------------------------------


async def test_later_turns_are_told_what_no_longer_holds(host: ChatHost) -> None:
    turn = await cancelled(host)
    assert "Being undone: t-1" in (await context_now(host))
    await end(
        host, turn, TaskUndo(task_id="t-1", state="left_alone", detail="changed meanwhile by user:eve"), outcomes(host, turn)[1]
    )
    told = await context_now(host)
    assert f"Undone: {tasks_of(turn)[1]}." in told
    assert "Not undone: t-1 (changed meanwhile by user:eve)." in told


async def test_two_messages_of_the_assistant_never_stand_in_a_row(host: ChatHost) -> None:
    turn = await with_tools(host)
    begun = await host.begin(turn, 1)
    assert begun.kind == "go"
    await host.chats.cancel(turn_key(turn), "undo")
    shown = Message(role="assistant", content="I have", tokens=2, interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(turn), shown=shown, epoch=2))
    begun = await host.begin((await host.submit(secret=2)).turn_id)
    messages = begun.messages[1:-1]
    assert [m.role for m in messages] == ["user", "assistant", *["tool"] * 4, "assistant"]
    assert messages[-1].content.startswith("I have\n\n(The user cancelled this")
    assert messages[-1].tokens > 2

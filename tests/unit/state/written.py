"""Everything that is stored, written by the real actors: a conversation and two tasks with a bit of each kind."""

from typing import Any

from actors.task_index import IndexChunk, IndexMeta
from agent.domain.conversation import ContextRefused, KeyPlace, KeyRecord, Meta, Submission
from agent.domain.messages import Message
from agent.domain.processing import WorkflowResult
from agent.domain.stored import Stored
from agent.domain.task_record import TaskRecord
from agent.domain.turn_calls import EndTurn, KeepShown
from agent.domain.turn_record import Failure, TurnRecord
from agent.domain.undo import UndoOrder
from tests.unit.tasks.host import ALICE, TaskHost, step, workflow_change
from tests.unit.tasks.records import ALICE as BY_ALICE
from tests.unit.turns.host import KEY, ChatHost, call, turn_key

Store = dict[str, dict[str, Any]]  # state key -> value
MODELS: dict[str, type[Stored]] = {
    "key-at-": KeyPlace,
    "key-": KeyRecord,
    "turn-": TurnRecord,
    "undo-": UndoOrder,
    "meta": Meta,
    "task": TaskRecord,
    "index-meta": IndexMeta,
    "index-chunk-": IndexChunk,
}


def model_of(key: str) -> type[Stored]:
    """What is stored under ``key``; keys of the task index have a prefix here, as it has a ``meta`` of its own."""
    return next(model for prefix, model in MODELS.items() if key.startswith(prefix))


async def conversation() -> Store:
    """Turns 1 to 5: completed with two tool calls, cancelled with undo after a call and some text, failed, that one answered

    anew and running, waiting.
    """
    host = ChatHost()
    message = Message(role="user", content="What is t-1?", tokens=4, created_at=host.clock.now().isoformat())
    asked = Submission(secret=f"{1:032x}", message=message, time_zone="Europe/Berlin", key="k1", fingerprint="f1")
    first = (await host.chats.process_message(KEY, asked)).turn_id
    await host.commit(first, (await host.begin(first)).epoch, "Let me see.", calls=(call(0), call(1)))
    tools = await host.chats.begin_tools(host.ref(first))
    for made in tools.calls:
        await host.commit_result(first, tools.epoch, made.call_id)
    await host.commit(first, (await host.begin(first, 1)).epoch, "It is a task.", 1)
    second = (await host.submit("Tell me a story", secret=2)).turn_id
    assigning = call(0, "assign_task", '{"task_id": "t-1", "assignee": "Bob"}')
    await host.commit(second, (await host.begin(second)).epoch, "", calls=(assigning,))
    await host.begin(second, 1)
    await host.chats.cancel(turn_key(second), "undo")
    shown = Message(role="assistant", content="Once upon", tokens=2, interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(second), shown=shown, epoch=2))
    third = (await host.submit("Hm", secret=3)).turn_id
    refused = ContextRefused(ref=host.ref(third), epoch=(await host.begin(third)).epoch)
    await host.chats.refuse_context(refused)
    failure = Failure(code="model_error", message="It broke.", retryable=True)
    await host.chats.end_turn(EndTurn(ref=host.ref(third), failure=failure))
    await host.begin((await host.regenerate(third, secret=4, text="Hm")).turn_id)
    await host.submit("Wait", secret=5)
    return {key: host.stored(key) for _, key in host.store}


async def tasks() -> Store:
    """A task that was processed and then changed by hand while the broker was away, and the list it is in."""
    host = TaskHost()
    await host.processed()
    await host.tasks.undo_deadline("default", "t1", workflow_change())
    result = WorkflowResult(task_id="t1", status="completed", message="Done.")
    await host.tasks.record_result("default", "t1", result, (step("create"), step("reminder", undo=True)))
    host.broker.broken = True
    await host.tasks.set_status("default", "t1", "in_progress", BY_ALICE.model_copy(update={"delivery": f"{1:032x}"}))
    await host.tasks.bar_turn("default", "t1", "main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa")
    listed = await host.tasks.list_tasks(ALICE, None, 10, None)
    assert [task.task_id for task in listed.tasks] == ["t1"]
    return {_unlike_the_conversation(key): value for (_, key), value in host.store.items()}


def _unlike_the_conversation(key: str) -> str:
    return key if key == "task" else f"index-{key}"

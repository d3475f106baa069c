"""State of every format that was ever written is read and means what it meant; a change of what is written is noticed."""

import json
from typing import Any

import pytest

from agent.domain.conversation import Submission
from agent.domain.errors import NotFound, Unavailable, Unprocessable
from agent.domain.ids import chat_actor_id, task_index_actor_id
from agent.domain.messages import Message
from agent.domain.stored import Stored, dump, load
from agent.domain.undo import UndoRef
from tests.unit.state.write_samples import formats, samples, shape, shapes
from tests.unit.state.written import MODELS, Store, conversation, model_of, tasks
from tests.unit.tasks.host import ACTOR, ALICE, TaskHost
from tests.unit.tasks.records import ALICE as BY_ALICE
from tests.unit.turns.host import KEY, ChatHost, turn_key

HOW = "Raise its FORMAT, give new fields defaults, and run python -m tests.unit.state.write_samples"
CONVERSATIONS, TASKS = samples("conversation"), samples("tasks")


def chat_host(store: Store) -> ChatHost:
    host = ChatHost()
    host.store = {(chat_actor_id(KEY), key): json.dumps(value).encode() for key, value in store.items()}
    host.writes_of = {(chat_actor_id(KEY), key): value.get("writes", 1) for key, value in store.items()}
    return host


def task_host(store: Store) -> TaskHost:
    host = TaskHost()
    for key, value in store.items():
        host.store[(ACTOR, key) if key == "task" else (task_index_actor_id(ALICE), key.removeprefix("index-"))] = value
    return host


def turn_ids(store: Store) -> list[str]:
    return [store[f"turn-{n}"]["turn_id"] for n in range(1, 6)]


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)
def test_what_is_written_has_the_shape_of_its_format(model: type[Stored]) -> None:
    assert shapes()[model.__name__].get(str(model.FORMAT)) == shape(model), f"{model.__name__} has changed. {HOW}."


def test_every_stored_model_is_known_here() -> None:
    assert {*MODELS.values()} == {*Stored.__subclasses__()}


async def test_the_present_formats_have_samples() -> None:
    assert formats(await conversation()) in [formats(sample) for sample in CONVERSATIONS.values()], HOW
    assert formats(await tasks()) in [formats(sample) for sample in TASKS.values()], HOW


@pytest.mark.parametrize("name", [*CONVERSATIONS, *TASKS])
def test_a_sample_is_read_and_nothing_of_it_is_lost(name: str) -> None:
    for key, value in {**CONVERSATIONS, **TASKS}[name].items():
        written = dump(load(model_of(key), value))
        beside = {name: value[name] for name in ("format", "writes") if name in value}  # what each save writes anew
        assert _within(value, written | beside), key
        assert written["format"] == model_of(key).FORMAT, "what is written again is of the present format"


def _within(old: Any, new: Any) -> bool:
    """Whether ``new`` says all that ``old`` did; it may say more."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and _within(value, new[name]) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_within, old, new))
    return old == new


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_a_conversation_goes_on(name: str) -> None:
    store = CONVERSATIONS[name]
    host, ids = chat_host(store), turn_ids(store)
    seen = [await host.chats.get_turn(turn_key(turn_id)) for turn_id in ids]
    assert [view.status for view in seen] == ["completed", "cancelled", "failed", "running", "queued"]
    assert [view.message and view.message.content for view in seen] == ["It is a task.", "Once upon", None, None, None]
    assert [[call.call_id for call in step.message.tool_calls] for step in seen[0].steps] == [["c-0", "c-1"], []]
    assert [result.content for result in seen[0].steps[0].results] == ["{}", "{}"]
    assert seen[2].failure is not None
    assert (seen[2].failure.code, seen[3].epoch, seen[3].attempts) == ("model_error", 2, 1)
    page = await host.chats.get_history(KEY, 10, None)
    assert ([t.turn_id for t in page.turns], page.total_turns, page.total_tokens) == (ids, 5, store["meta"]["tokens"])
    begun = await host.begin(ids[3], instance=store["turn-4"]["instance"])
    assert (begun.kind, begun.epoch, begun.restart) == ("go", 3, True)
    assert (await host.chats.cancel(turn_key(ids[3]))).status == "cancelled"
    order = UndoRef(**turn_key(ids[1])._asdict(), conversation="main", instance=store["undo-2"]["instance"])
    assert [of_task.task_id for of_task in (await host.chats.begin_undo(order)).tasks] == ["t-1"]
    assert (await host.begin(ids[4])).messages[-1].content == "Wait", "the one that waited runs"


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_an_idempotency_key_stays_used(name: str) -> None:
    host = chat_host(CONVERSATIONS[name])
    message = Message(role="user", content="What is t-1?", tokens=4)
    again = Submission(secret="ff" * 16, message=message, time_zone="UTC", key="k1", fingerprint="f1")
    assert (await host.chats.process_message(KEY, again)).turn_id == turn_ids(CONVERSATIONS[name])[0]
    with pytest.raises(Unprocessable):
        await host.chats.process_message(KEY, again.model_copy(update={"fingerprint": "f2"}))


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_what_an_earlier_step_was_sent_is_told_if_it_was_kept(name: str) -> None:
    host, [turn, *_] = chat_host(CONVERSATIONS[name]), turn_ids(CONVERSATIONS[name])
    newest = await host.chats.get_turn_context(turn_key(turn))
    assert (newest.step, len(newest.messages)) == (1, 5)
    if CONVERSATIONS[name]["turn-1"]["format"] >= 3:
        assert newest.steps == (0, 1)
        assert (await host.chats.get_turn_context(turn_key(turn), 0)).messages == newest.messages[:2]
        return
    assert newest.steps == (1,)
    with pytest.raises(NotFound) as refused:
        await host.chats.get_turn_context(turn_key(turn), 0)
    assert refused.value.code == "context_not_kept"


@pytest.mark.parametrize("name", TASKS)
async def test_a_task_is_what_it_was(name: str) -> None:
    host = task_host(TASKS[name])
    listed = await host.tasks.list_tasks(ALICE, None, 10, None)
    assert [(t.task_id, t.status, t.assignee, t.deadline) for t in listed.tasks] == [("t1", "in_progress", "Bob", None)]
    assert [e.what for e in (await host.tasks.history("default", "t1")).entries][-1] == "task.started"
    outcome = await host.tasks.outcome("default", "t1")
    assert (outcome.status, [(s.name, s.undo) for s in outcome.steps]) == ("completed", [("create", False), ("reminder", True)])
    assert host.broker.ids() == ["t1-5"], "what was owed is published"


@pytest.mark.parametrize("key", ["meta", "turn-4"])
async def test_what_a_newer_release_wrote_is_refused_and_left_alone(key: str) -> None:
    [*_, store] = CONVERSATIONS.values()
    newer = store | {key: store[key] | {"format": store[key]["format"] + 1, "unheard": "of"}}
    host, running = chat_host(newer), turn_ids(newer)[3]
    before = dict(host.store)
    for refused in (host.begin(running, instance=newer["turn-4"]["instance"]), host.chats.cancel(turn_key(running))):
        with pytest.raises(Unavailable) as problem:
            await refused
        assert problem.value.code == "newer_state"
    assert host.store == before


async def test_a_newer_task_is_refused_and_left_alone() -> None:
    [*_, store] = TASKS.values()
    host = task_host(store | {"task": store["task"] | {"format": store["task"]["format"] + 1}})
    before = dict(host.store)
    with pytest.raises(Unavailable) as problem:
        await host.tasks.set_status("default", "t1", "completed", BY_ALICE)
    assert problem.value.code == "newer_state"
    assert host.store == before

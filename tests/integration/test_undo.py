"""Cancelling with ``undo``: what the turn's tools did is taken back, whatever dies, and nothing of anybody else."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.integration.client import Client, Stream
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.integration.test_survival import set_notifications

SLOW = held(400)  # never released: what is answered with it is cancelled


def cancel(client: Client, turn_id: str, effects: str = "undo") -> dict[str, Any]:
    return client.post(f"/turns/{turn_id}/cancel", effects=effects)


def undone(client: Client, turn_id: str, timeout: float = 30.0) -> dict[str, Any]:
    """The turn's undo once it has ended."""
    turn = client.eventually(f"/turns/{turn_id}", lambda turn: turn["undo"]["status"] != "ordered", timeout)
    return turn["undo"]


def after_its_tool(stream: Stream) -> str:
    """Reads until the turn's second step says something; the id of the task its first one made."""
    task_id = stream.until("tool.returned").data["result"]["task_id"]
    stream.until("text.delta")
    return task_id


def some_task(client: Client, assignee: str = "Bob") -> str:
    """A task that no turn has made."""
    task_id = f"t-{mark()}"
    client.post("/tasks/process", task_id=task_id, **NEW_TASK | {"assignee": assignee})
    client.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed")
    return task_id


def told_next(client: Client, endpoint: EndpointThread) -> str:
    """All that the model is sent with the next message. Each tool call in it has its result, and no result is without one."""
    said = script('text="next"')
    assert client.ask(said).end.event == "turn.completed"
    messages = endpoint.requests(said)[0].body["messages"]
    called = [call["id"] for message in messages for call in message.get("tool_calls") or []]
    assert called == [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    return "\n".join(message.get("content") or "" for message in messages)


@contextmanager
def notifications_that_hang(stack: Stack) -> Generator[None]:
    """The switch is shared by all replicas, and survives them."""
    set_notifications(stack, "hang")
    try:
        yield
    finally:
        set_notifications(stack, "ok")


def notified_of(stack: Stack) -> str:
    """Everything the local target has kept."""
    return "".join(path.read_text() for path in (stack.data_dir / "notifications").glob("*.json"))


def test_what_a_finished_tool_did_is_taken_back(client: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), SLOW)
    with client.feed() as feed:
        with client.say(said) as stream:
            task_id = after_its_tool(stream)
            ordered = cancel(client, stream.turn_id)
            end = stream.rest().end
        assert ordered["undo"]["tasks"] == [{"task_id": task_id, "state": "ordered", "detail": ""}]
        assert (end.event, end.data["undo_ordered"]) == ("turn.cancelled", [task_id])
        told = feed.until("turn.undo_ended").data
    undo = undone(client, stream.turn_id)
    assert (told["turn_id"], told["undo"]) == (stream.turn_id, undo)
    assert (undo["status"], undo["tasks"]) == ("done", [{"task_id": task_id, "state": "undone", "detail": ""}])
    task = client.get(f"/tasks/{task_id}")
    assert (task["status"], task["assignee"], task["deadline"]) == ("cancelled", None, None)
    assert cancel(client, stream.turn_id)["undo"] == undo, "again: nothing more happens, and it says how it came out"
    assert client.get(f"/tasks/{task_id}") == task
    assert f"Undone: {task_id}." in told_next(client, endpoint)


def test_a_task_whose_notification_hangs_is_undone_and_nobody_is_notified(
    client: Client, service: Stack, endpoint: EndpointThread
) -> None:
    said = script(tool("create_task", NEW_TASK), SLOW)
    with notifications_that_hang(service):
        turn_id = client.drop(said)
        page = client.eventually("/tasks", lambda page: page["tasks"] and page["tasks"][0]["deadline"] is not None)
        task_id = page["tasks"][0]["task_id"]
        cancel(client, turn_id)
        assert undone(client, turn_id)["tasks"] == [{"task_id": task_id, "state": "undone", "detail": ""}]
        assert f"Undone: {task_id}." in told_next(client, endpoint), "the call has no result of its own"
    workflow = client.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["result"] is not None)
    assert workflow["status"] == "failed"
    assert task_id not in notified_of(service)
    assert client.get(f"/tasks/{task_id}")["status"] == "cancelled"
    assert len(endpoint.requests(said)) <= 2, "one more where the tool has said meanwhile that its task is not there yet"


def test_with_keep_a_task_in_the_middle_of_its_workflow_is_seen_through(
    client: Client, service: Stack, endpoint: EndpointThread
) -> None:
    said = script(tool("create_task", NEW_TASK), SLOW)
    with notifications_that_hang(service):
        with client.say(said) as stream:
            stream.until("tool.called")
            page = client.eventually("/tasks", lambda page: page["tasks"] and page["tasks"][0]["deadline"] is not None)
            task_id = page["tasks"][0]["task_id"]
            assert cancel(client, stream.turn_id, "keep")["status"] == "cancelled"
            assert stream.rest().end.event == "turn.cancelled"
    told_next(client, endpoint)
    client.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed")
    assert task_id in notified_of(service)
    assert client.get(f"/tasks/{task_id}")["status"] == "assigned"
    assert len(endpoint.requests(said)) <= 2


def test_what_a_person_has_changed_meanwhile_is_left_alone(client: Client, endpoint: EndpointThread) -> None:
    with client.say(script(tool("create_task", NEW_TASK), SLOW)) as stream:
        task_id = after_its_tool(stream)
        task = client.post(f"/tasks/{task_id}/assignee", assignee="Carol")
        cancel(client, stream.turn_id)
    undo = undone(client, stream.turn_id)
    detail = f"changed meanwhile by user:{client.user}"
    assert (undo["status"], undo["tasks"]) == ("done", [{"task_id": task_id, "state": "left_alone", "detail": detail}])
    assert client.get(f"/tasks/{task_id}") == task
    assert f"Not undone: {task_id} ({detail})." in told_next(client, endpoint)


def test_all_steps_are_undone_what_was_there_before_is_as_it_was(client: Client) -> None:
    theirs = some_task(client)
    before = client.get(f"/tasks/{theirs}")
    assign = tool("assign_task", {"task_id": theirs, "assignee": "Carol"})
    with client.say(script(tool("create_task", NEW_TASK), assign, SLOW)) as stream:
        made = stream.until("tool.returned").data["result"]["task_id"]
        assert stream.until("tool.returned").data["ok"]
        stream.until("text.delta")
        assert client.get(f"/tasks/{theirs}")["assignee"] == "Carol"
        assert [task["task_id"] for task in cancel(client, stream.turn_id)["undo"]["tasks"]] == [made, theirs]
    assert {task["state"] for task in undone(client, stream.turn_id)["tasks"]} == {"undone"}
    assert client.get(f"/tasks/{made}")["status"] == "cancelled"
    after = client.get(f"/tasks/{theirs}")
    assert {name: after[name] for name in before if name not in ("version", "updated_at")} == {
        name: before[name] for name in before if name not in ("version", "updated_at")
    }


def test_the_first_word_stands(client: Client) -> None:
    with client.say(script(tool("create_task", NEW_TASK), SLOW)) as stream:
        kept = after_its_tool(stream)
        assert "undo" not in cancel(client, stream.turn_id, "keep")
        assert "undo" not in cancel(client, stream.turn_id)
    with client.say(script(tool("create_task", NEW_TASK), SLOW)) as stream:
        taken_back = after_its_tool(stream)
        cancel(client, stream.turn_id)
        assert cancel(client, stream.turn_id, "keep")["undo"]["tasks"]
    undone(client, stream.turn_id)
    assert client.get(f"/tasks/{taken_back}")["status"] == "cancelled"
    assert client.get(f"/tasks/{kept}")["status"] == "assigned"


def test_a_turn_that_waits_has_nothing_to_undo(client: Client) -> None:
    running, waiting = client.drop(script(SLOW)), client.drop(script(tool("create_task", NEW_TASK), 'text="done"'))
    answer = cancel(client, waiting)
    assert (answer["status"], answer["undo"]["status"], answer["undo"]["tasks"]) == ("cancelled", "done", [])
    cancel(client, running)
    assert client.ask(script('text="next"')).end.data["message"]["content"] == "next"
    assert client.get("/tasks")["tasks"] == []

"""Cancelling with ``undo``: what the turn's tools did is taken back, whatever dies, and nothing of anybody else."""

from typing import Any

from tests.integration.client import Client, Stream
from tests.integration.endpoint import EndpointThread
from tests.integration.test_chat import NEW_TASK, script, tool

SLOW = "tokens=400 delay=50ms"


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

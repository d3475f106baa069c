"""An undo that was acknowledged is carried out: whatever dies right after."""

from collections.abc import Iterator

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.profiles import Profile
from tests.integration.replicas import kill
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.integration.test_undo import SLOW, cancel, some_task, told_next, undone


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("undo") / "data", endpoint.env) as running:
        yield running


@pytest.mark.parametrize("dying", ["app", "daprd", "everything"])
def test_it_is_carried_out_whatever_dies_as_soon_as_it_is_ordered(stack: Stack, endpoint: EndpointThread, dying: str) -> None:
    user = Client(stack.urls)
    theirs = some_task(user)
    calls = [tool("create_task", NEW_TASK), tool("assign_task", {"task_id": theirs, "assignee": "Carol"})]
    turn_id = user.drop(script(" ".join(calls), SLOW))
    turn = user.eventually(f"/turns/{turn_id}", lambda turn: turn["steps"] and len(turn["steps"][0]["results"]) == 2)
    assert turn["status"] == "running"
    ordered = cancel(user, turn_id)
    if dying == "everything":
        stack.kill_all()
        stack.start()
    else:
        kill(stack, dying)()
    user.close()

    user = Client(stack.urls, user.user)
    undo = undone(user, turn_id, 60)
    assert ordered["undo"]["status"] == "ordered"
    assert (undo["status"], {task["state"] for task in undo["tasks"]}) == ("done", {"undone"})
    states = {task["task_id"]: (task["status"], task["assignee"]) for task in user.get("/tasks")["tasks"]}
    made = next(task["task_id"] for task in undo["tasks"] if task["task_id"] != theirs)
    assert states == {theirs: ("assigned", "Bob"), made: ("cancelled", None)}
    assert "Undone: " in told_next(user, endpoint)
    user.close()

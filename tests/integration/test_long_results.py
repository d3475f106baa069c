"""What a tool returns may be longer than a model should read: it is cut with a marker, and the turn goes on."""

import json

from agent.domain.limits import DESCRIPTION_CHARS_MAX, TOOL_LIST_MAX, TOOL_RESULT_BYTES_MAX
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.test_chat import script, tool

SIGN = "長"  # three bytes


def test_a_long_list_names_every_task_and_a_long_task_is_truncated(client: Client, endpoint: EndpointThread) -> None:
    for number in range(TOOL_LIST_MAX):
        task = {"title": f"Task {number}", "description": SIGN * DESCRIPTION_CHARS_MAX, "assignee": "Bob"}
        client.post("/tasks/process", task_id=f"{client.user}-{number}", **task)
    page = client.eventually(f"/tasks?limit={TOOL_LIST_MAX}", lambda page: len(page["tasks"]) == TOOL_LIST_MAX, 60)
    assert len(json.dumps(page["tasks"], ensure_ascii=False).encode()) > 1_000_000

    calls = tool("list_tasks", {"limit": TOOL_LIST_MAX}), tool("get_task", {"task_id": f"{client.user}-0"})
    said = script(*calls, 'text="Too long to read."')
    answer = client.ask(said)
    assert (answer.end.event, answer.text()) == ("turn.completed", "Too long to read.")
    listed, returned = answer.all("tool.returned")
    assert {task["task_id"] for task in listed["result"]["tasks"]} == {f"{client.user}-{n}" for n in range(TOOL_LIST_MAX)}
    result = returned["result"]
    assert (returned["ok"], result["truncated"]) == (True, True)
    assert SIGN in result["preview"]
    told = endpoint.requests(said)[-1].body["messages"][-1]
    assert told["role"] == "tool"
    assert json.loads(told["content"]) == result
    assert TOOL_RESULT_BYTES_MAX - 16 < len(told["content"].encode()) <= TOOL_RESULT_BYTES_MAX
    assert client.ask(script('text="still here"')).text() == "still here", "and so does the next one, with it in its context"

"""The stock AG-UI client against the real service: runs, tools and state, leaving and coming back, ends of every kind."""

from typing import Any

import httpx

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.agui_client import results, texts
from tests.wire.held import LISTING, WHOLE, cut_once, whole
from tests.wire.node import Scenario, node

SLOW = "tokens=30 delay=100ms"
SLOW_TEXT = " ".join(f"w{n}" for n in range(30))


def run(client: Client, text: str | None, **more: Any) -> dict[str, Any]:
    """What the client has when its run has ended."""
    given = {"url": client.url, "user": client.user, "threadId": "main", "runId": mark()}
    said: dict[str, Any] = given | more | ({} if text is None else {"text": text})
    return node("agui_run.mjs", **said)


def scene(client: Client, text: str | None, **more: Any) -> Scenario:
    """The same, under way."""
    given = {"url": client.url, "user": client.user, "threadId": "main", "runId": mark()}
    return Scenario("agui_run.mjs", **given | more | ({} if text is None else {"text": text}))


def test_a_plain_run(client: Client) -> None:
    seen = run(client, script('text="Hello, big world"'))
    assert (seen["outcome"], seen["error"], texts(seen)) == ("success", None, ["Hello, big world"])
    assert seen["types"][:2] == ["RUN_STARTED", "STATE_SNAPSHOT"]
    turn = client.turn(seen["started"]["metadata"]["task-agent"]["turnId"])
    assert turn["message"]["content"] == "Hello, big world"


def test_a_tool_creates_a_task_and_the_state_shows_it(client: Client) -> None:
    seen = run(client, script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."'))
    assert (seen["outcome"], seen["error"], seen["pending"], texts(seen)) == ("success", None, [], ["Bob has it."])
    [task] = client.get("/tasks")["tasks"]
    [result] = results(seen).values()
    assert result["task"]["task_id"] == task["task_id"]
    assert {task_id: shown["assignee"] for task_id, shown in seen["state"]["tasks"].items()} == {task["task_id"]: "Bob"}
    later = run(client, script('text="still there"'))
    assert set(later["state"]["tasks"]) == {task["task_id"]}


def test_who_leaves_comes_back_with_the_same_run_id(client: Client, endpoint: EndpointThread) -> None:
    said = script(SLOW)
    with scene(client, said, leave=True, back=True) as running:
        left = running.until("left")
        again = running.result()
    assert left["messages"][-1]["content"].startswith("w0")
    assert again["first"]["outcome"] is None, "it left before the end"
    assert again["types"][:3] == ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]
    assert (again["outcome"], again["error"], texts(again)) == ("success", None, [SLOW_TEXT])
    assert [message["role"] for message in again["messages"]] == ["user", "assistant"]
    assert len(endpoint.requests(said)) == 1
    assert client.get("/history")["total_turns"] == 1


def test_a_second_reader_and_one_who_only_looks(client: Client, endpoint: EndpointThread) -> None:
    said, run_id = script(whole()), mark()
    with scene(client, said, runId=run_id) as first:
        first.until("text")
        with scene(client, said, runId=run_id) as second, scene(client, None) as looking:
            second.until("text")
            looking.until("started")
            endpoint.release(said)
            assert [texts(seen.result()) for seen in (first, second)] == [[WHOLE]] * 2
            shown = looking.result()
    assert (shown["outcome"], shown["error"], texts(shown)) == ("success", None, [WHOLE])
    joined = ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT"]
    assert shown["types"][:5] == joined, "the rest came live"
    assert [message["content"] for message in shown["messages"] if message["role"] == "user"] == [said]
    idle = run(client, None)
    assert idle["messages"] == shown["messages"]
    assert client.get("/history")["total_turns"] == 1


def test_a_restarted_step_is_taken_out_of_the_messages_and_told_anew(client: Client, endpoint: EndpointThread) -> None:
    said = script(LISTING, cut_once())
    with scene(client, said) as running:
        running.until("text")
        endpoint.release(said)
        seen = running.result()
    assert (seen["outcome"], seen["error"], texts(seen)) == ("success", None, [WHOLE])
    back = seen["types"].index("MESSAGES_SNAPSHOT")
    assert seen["types"][back - 1 : back + 2] == ["TEXT_MESSAGE_END", "MESSAGES_SNAPSHOT", "TEXT_MESSAGE_START"]
    assert seen["types"].count("RUN_STARTED") == 1, "nobody had to come back"
    assert seen["messages"][1:] == run(client, None)["messages"][1:], "what is stored, with the call of the step before"
    assert len(results(seen)) == 1
    assert len(endpoint.requests(said)) == 3


def test_cancelled_and_failed_runs_say_so(client: Client) -> None:
    with scene(client, script("tokens=300 delay=100ms")) as running:
        turn = running.until("started")["turnId"]
        running.until("text")
        client.post(f"/turns/{turn}/cancel")
        seen = running.result()
    assert (seen["outcome"], seen["error"]) == ("cancelled", None)
    assert texts(seen)[0].startswith("w0 w1")
    failed = run(client, script("fault=400"))
    assert (failed["outcome"], failed["error"]) == (None, None)
    assert failed["runError"]["code"] == "model_rejected"


def test_the_second_run_of_a_thread_waits_and_says_so(client: Client) -> None:
    with scene(client, script("tokens=600 delay=100ms")) as running:
        turn = running.until("started")["turnId"]
        with scene(client, script('text="after"')) as waiting:
            client.eventually("/history", lambda page: [turn["status"] for turn in page["turns"]] == ["running", "queued"])
            client.post(f"/turns/{turn}/cancel")
            second = waiting.result()
        assert running.result()["outcome"] == "cancelled"
    assert second["customs"] == [{"name": "task-agent.queued", "value": {"position": 1}}]
    assert texts(second) == ["after"]


def test_what_is_not_done_is_refused_by_name(client: Client) -> None:
    body: dict[str, Any] = {"threadId": "main", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "hi"}]}
    tools = [{"name": "mine", "description": "d"}]
    image = [{"type": "image", "source": {"type": "url", "value": "http://x/y.png"}}]
    for more, named in (
        ({"tools": tools}, "tools"),
        ({"context": [{"description": "d", "value": "v"}]}, "context"),
        ({"forwardedProps": {"a": 1}}, "forwarded_props"),
        ({"surprise": 1}, "surprise"),
        ({"messages": [{"id": "u", "role": "user", "content": image}]}, "messages[0].content"),
    ):
        answer = httpx.post(f"{client.url}/agui", json=body | more, headers={"X-User-Id": client.user}, trust_env=False)
        assert (answer.status_code, answer.json()["param"]) == (400, named), answer.text
    assert client.get("/history")["total_turns"] == 0

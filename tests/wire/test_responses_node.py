"""The openai package for Node: its stream helper accepts what the service streams, and ends with the same response."""

import json
from collections.abc import Callable
from typing import Any

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.outcome import in_time
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.held import LISTING, WHOLE, cut_once, whole
from tests.wire.node import Scenario, node


def run(client: Client, said: str = "", **more: Any) -> Any:
    return node("responses_run.mjs", url=client.url, user=client.user, input=said, **more)


def scene(client: Client, said: str = "", **more: Any) -> Scenario:
    """The same, under way."""
    return Scenario("responses_run.mjs", url=client.url, user=client.user, input=said, **more)


def test_a_plain_answer_and_a_tool_call(client: Client, make_client: Callable[..., Client]) -> None:
    seen = run(client, script('text="Hello, big world"'))
    assert (seen["status"], seen["text"], seen["calls"]) == ("completed", "Hello, big world", [])
    assert run(client, retrieve=[seen["id"]]) == [seen]
    said = script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."')
    client, worked = in_time(
        make_client,
        lambda client: run(client, said, create={"conversation": "work"}),
        lambda worked: json.loads(worked["calls"][0]["output"])["status"],
    )
    assert worked["text"] == "Bob has it."
    [call], [task] = worked["calls"], client.get("/tasks")["tasks"]
    assert (call["name"], call["status"], call["error"]) == ("create_task", "completed", None)
    assert json.loads(call["arguments"]) == NEW_TASK | {"deadline_seconds": 7200}
    result = json.loads(call["output"])
    assert result["task_id"] == task["task_id"]
    assert {name: result["task"][name] for name in ("title", "assignee", "deadline", "created_by")} == {
        name: task[name] for name in ("title", "assignee", "deadline", "created_by")
    }
    assert (task["title"], task["assignee"]) == (NEW_TASK["title"], "Bob")
    [step, _] = client.turn(worked["id"].removeprefix("resp_"))["steps"]
    assert call["id"] == f"mcp_{step['message']['tool_calls'][0]['call_id']}-{step['epoch']}"
    assert json.loads(step["results"][0]["content"]) == result


def test_what_the_package_echoes_of_an_answer_is_taken(client: Client) -> None:
    said = script('text="Look." ' + LISTING, 'text="one"')
    seen = run(client, said, create={"conversation": "echo"}, then=script('text="two"'))
    assert (seen["status"], seen["text"]) == ("completed", "two")
    assert client.get("/history", conversation="echo")["total_turns"] == 2


def test_a_second_reader_of_a_turn_begun_on_another_wire_and_a_message_behind_it(
    client: Client, endpoint: EndpointThread
) -> None:
    said = script(whole())
    turn = client.drop(said)
    behind = scene(client, script('text="after"'), create={"conversation": "main"})
    with scene(client, retrieve=[f"resp_{turn}"]) as following, behind as waiting, client.follow(turn) as stream:
        stream.until("text.delta")
        following.until("text")
        waiting.until("queued")
        endpoint.release(said)
        assert stream.rest().text() == WHOLE
        [followed], waited = following.result(), waiting.result()
    assert (followed["status"], followed["text"], followed["texts"]) == ("completed", WHOLE, {"0": WHOLE})
    assert (waited["status"], waited["text"]) == ("completed", "after")
    assert waited["types"][:3] == ["response.created", "response.queued", "response.in_progress"]
    assert [one["status"] for one in client.get("/history")["turns"]] == ["completed", "completed"]


def test_a_reader_that_dropped_comes_back_exactly_where_it_was(client: Client, endpoint: EndpointThread) -> None:
    said = script(whole())
    with scene(client, said, leave=True, back=True) as running:
        running.until("back")
        endpoint.release(said)
        seen = running.result()
    assert 0 < seen["left"] < len(seen["numbers"])
    assert seen["numbers"] == list(range(len(seen["numbers"])))
    assert (seen["status"], seen["text"], seen["texts"]) == ("completed", WHOLE, {"0": WHOLE})
    assert len(endpoint.requests(said)) == 1


def test_a_restarted_step_is_told_anew(client: Client, endpoint: EndpointThread) -> None:
    said = script(LISTING, cut_once())
    with scene(client, said) as running:
        running.until("text")
        endpoint.release(said)
        seen = running.result()
    assert (seen["status"], seen["text"]) == ("completed", WHOLE)
    dropped, again = seen["texts"].values()
    assert WHOLE.startswith(dropped)
    assert again == WHOLE
    assert seen["types"].count("response.created") == 1, "nobody had to come back"
    assert len(endpoint.requests(said)) == 3


def test_ends_of_other_kinds(client: Client) -> None:
    failed = run(client, script("fault=400"))
    assert (failed["status"], failed["error"]["type"]) == ("failed", "model_rejected")
    cancelled = run(client, script("tokens=300 delay=100ms"), cancel=True)
    assert (cancelled["status"], cancelled["types"][-1]) == ("cancelled", "response.incomplete")
    assert cancelled["numbers"] == list(range(len(cancelled["numbers"])))
    refused = run(client, "hi", create={"instructions": "be brief"})["refused"]
    assert refused == {
        "status": 400,
        "code": "unsupported_parameter",
        "param": "instructions",
        "type": "invalid_request_error",
    }

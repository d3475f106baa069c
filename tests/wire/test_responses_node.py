"""The openai package for Node: its stream helper accepts what the service streams, and ends with the same response."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.client import Client, Stream
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.node import node


def run(client: Client, said: str = "", **more: Any) -> dict[str, Any]:
    return node("responses_run.mjs", url=client.url, user=client.user, input=said, **more)


def test_a_plain_answer_and_a_tool_call(client: Client) -> None:
    seen = run(client, script('text="Hello, big world"'))
    assert (seen["status"], seen["text"], seen["calls"]) == ("completed", "Hello, big world", [])
    assert run(client, retrieve=seen["id"]) == seen
    said = script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."')
    worked = run(client, said, create={"conversation": "work"})
    assert (worked["text"], worked["calls"]) == ("Bob has it.", [{"name": "create_task", "status": "completed"}])
    assert len(client.get("/tasks")["tasks"]) == 1


def test_a_second_reader_of_a_turn_begun_on_another_wire_and_a_message_behind_it(client: Client) -> None:
    text = " ".join(f"w{n}" for n in range(40))
    turn = client.drop(script("tokens=40 delay=50ms"))
    with ThreadPoolExecutor(2) as others:
        followed = others.submit(run, client, retrieve=f"resp_{turn}")
        waited = others.submit(run, client, script('text="after"'), create={"conversation": "main"})
        with client.http.stream("GET", f"/turns/{turn}/events") as response:
            assert Stream(response).rest().text() == text
        assert (followed.result()["status"], followed.result()["text"]) == ("completed", text)
        assert (waited.result()["status"], waited.result()["text"]) == ("completed", "after")
    assert [one["status"] for one in client.get("/history")["turns"]] == ["completed", "completed"]


def test_ends_of_other_kinds(client: Client) -> None:
    failed = run(client, script("fault=400"))
    assert (failed["status"], failed["error"]["type"]) == ("failed", "model_rejected")
    cancelled = run(client, script("tokens=300 delay=100ms"), cancel=True)
    assert (cancelled["status"], cancelled["end"]) == ("cancelled", "response.incomplete")
    assert cancelled["numbers"] == list(range(len(cancelled["numbers"])))
    refused = run(client, "hi", create={"instructions": "be brief"})["refused"]
    assert refused == {
        "status": 400,
        "code": "unsupported_parameter",
        "param": "instructions",
        "type": "invalid_request_error",
    }

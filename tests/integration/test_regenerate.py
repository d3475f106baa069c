"""Answering anew on the real runtime: once for the model, an alternative for the user, and no effect twice."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.integration.client import Answer, Client, Stream
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, script, tool


def regenerate(client: Client, turn_id: str, **headers: str) -> Answer:
    with client.http.stream("POST", f"/turns/{turn_id}/regenerate", headers=headers) as response:
        assert response.status_code == 200, response.read()
        return Stream(response).rest()


def refused(client: Client, turn_id: str) -> tuple[int, str]:
    answer: httpx.Response = client.http.post(f"/turns/{turn_id}/regenerate")
    return answer.status_code, answer.json()["code"]


def test_the_task_is_not_created_again(client: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), 'text="Bob has it."')
    former = client.ask(said)
    task_id = former.all("tool.returned")[0]["result"]["task_id"]

    anew = regenerate(client, former.turn_id)

    assert anew.end.event == "turn.completed"
    assert anew.end.data["message"]["content"] == "Bob has it."
    assert [task["task_id"] for task in client.get("/tasks")["tasks"]] == [task_id]
    told = endpoint.requests(said)[-1].body["messages"]
    assert [m["role"] for m in told] == ["system", "user", "assistant", "tool"]
    assert json.loads(told[-1]["content"])["task_id"] == task_id

    page = client.get("/history")
    assert [(t["regenerates"], t["regenerated_by"]) for t in page["turns"]] == [(None, anew.turn_id), (former.turn_id, None)]
    assert page["turns"][0]["effects"] == [{"task_id": task_id, "what": ["create"]}]
    assert (page["turns"][1]["alternatives"], page["total_turns"]) == (1, 2)
    context = client.get("/context")
    assert {m["reason"] for m in context["messages"] if m["turn_id"] == former.turn_id} == {"regenerated"}
    included = [m for m in context["messages"] if m["included"]]
    assert [m["role"] for m in included] == ["system", "user", "assistant", "tool", "assistant"]
    assert context["used"] == sum(m["tokens"] for m in included) + context["overhead"]


def test_a_key_is_one_answer(client: Client) -> None:
    former = client.ask(script('text="one"'))
    first = regenerate(client, former.turn_id, **{"Idempotency-Key": "again"})
    second = regenerate(client, former.turn_id, **{"Idempotency-Key": "again"})
    assert second.turn_id == first.turn_id
    assert second.frames == first.frames
    assert refused(client, former.turn_id) == (409, "turn_not_newest")


def test_it_is_refused_while_a_turn_runs(client: Client) -> None:
    former = client.ask(script('text="one"'))
    running = client.drop(script("tokens=400 delay=50ms"))
    assert refused(client, former.turn_id) == (409, "turn_running")
    assert refused(client, running) == (409, "turn_running")
    client.post(f"/turns/{running}/cancel")
    assert regenerate(client, running).turn_id != running


@pytest.mark.parametrize("victim", ["app", "daprd"])
def test_killed_in_the_middle_it_ends_once(
    tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread, make_client: Callable[..., Client], victim: str
) -> None:
    with Stack(tmp_path_factory.mktemp("regenerate") / "data", env=endpoint.env) as stack:
        client = Client(stack.url)
        former = client.ask(script('text="one"', 'text="two"'))
        marked = script(tool("create_task", NEW_TASK), "tokens=40 delay=50ms")
        former = client.ask(marked)
        with client.http.stream("POST", f"/turns/{former.turn_id}/regenerate") as response:
            stream = Stream(response)
            stream.until("text.delta")
            stack.kill(victim)
            new = stream.turn_id
        assert client.ended(new, 60)["status"] == "completed"
        page = client.get("/history")
        assert [t["status"] for t in page["turns"]] == ["completed"] * 3
        assert len(client.get("/tasks")["tasks"]) == 1
        client.close()

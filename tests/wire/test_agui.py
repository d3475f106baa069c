"""The stock AG-UI client against the real service: runs, tools and state, leaving and coming back, ends of every kind."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.outcome import in_time
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.agui_client import results, texts
from tests.wire.held import LISTING, WHOLE, cut_once, whole
from tests.wire.node import Scenario


def run(client: Client, text: str | None, **more: Any) -> dict[str, Any]:
    """What the client has when its run has ended."""
    with scene(client, text, **more) as running:
        return running.result()


def scene(client: Client, text: str | None, **more: Any) -> Scenario:
    """The same, under way."""
    given = {"url": client.url, "user": client.user, "threadId": "main"}
    return Scenario("agui_run.mjs", **given | more | ({} if text is None else {"text": text}))


def test_a_plain_run(client: Client) -> None:
    seen = run(client, script('text="Hello, big world"'))
    assert (seen["outcome"], seen["error"], texts(seen)) == ("success", None, ["Hello, big world"])
    assert seen["types"][:2] == ["RUN_STARTED", "STATE_SNAPSHOT"]
    turn = client.turn(seen["started"]["metadata"]["task-agent"]["turnId"])
    assert turn["message"]["content"] == "Hello, big world"


def test_a_tool_creates_a_task_and_the_state_shows_it(make_client: Callable[..., Client]) -> None:
    said = script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."')
    client, seen = in_time(make_client, lambda client: run(client, said), lambda seen: [*results(seen).values()][0]["status"])
    assert (seen["outcome"], seen["error"], seen["pending"], texts(seen)) == ("success", None, [], ["Bob has it."])
    [task] = client.get("/tasks")["tasks"]
    [result] = results(seen).values()
    assert result["task"]["task_id"] == task["task_id"]
    assert {task_id: shown["assignee"] for task_id, shown in seen["state"]["tasks"].items()} == {task["task_id"]: "Bob"}
    later = run(client, script('text="still there"'))
    assert set(later["state"]["tasks"]) == {task["task_id"]}


def test_who_leaves_comes_back_by_running_again(client: Client, endpoint: EndpointThread) -> None:
    said = script(whole())
    with scene(client, said, leave="in the middle", back=True) as running:
        left = running.until("left")
        endpoint.release(said)
        again = running.result()
    assert left["messages"][-1]["content"].startswith("w0")
    assert again["first"]["outcome"] is None, "it left before the end"
    assert again["started"]["runId"] != again["first"]["started"]["runId"]
    assert again["types"][:3] == ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]
    assert (again["outcome"], again["error"], texts(again)) == ("success", None, [WHOLE])
    assert [message["role"] for message in again["messages"]] == ["user", "assistant"]
    assert len(endpoint.requests(said)) == 1
    assert client.get("/history")["total_turns"] == 1


def test_who_leaves_before_a_word_was_said_comes_back_as_well(client: Client, endpoint: EndpointThread) -> None:
    first = held(1)
    said = script(f'text="Now." {tool("create_task", NEW_TASK)} {first}', whole())
    with scene(client, said, leave="at once", back=True) as running:
        assert [message["role"] for message in running.until("left")["messages"]] == ["user"], "nothing to tell the run by"
        endpoint.release(first)
        running.until("again")
        endpoint.release(said)
        again = running.result()
    assert (again["outcome"], again["error"], texts(again)) == ("success", None, ["Now.", WHOLE])
    assert client.get("/history")["total_turns"] == 1
    assert len(client.get("/tasks")["tasks"]) == 1


def test_running_again_is_the_same_turn_and_the_same_words_in_a_new_message_are_another_one(
    client: Client, endpoint: EndpointThread
) -> None:
    said = script("tokens=3")
    seen = run(client, said, then=[None, said, None])
    first, repeated, second, last = seen["runs"]
    turns = [one["started"]["metadata"]["task-agent"]["turnId"] for one in seen["runs"]]
    assert turns == [turns[0], turns[0], turns[2], turns[2]]
    assert turns[0] != turns[2]
    assert [(one["outcome"], texts(one)) for one in (first, repeated)] == [("success", ["w0 w1 w2"])] * 2
    assert [(one["outcome"], texts(one)) for one in (second, last)] == [("success", ["w0 w1 w2"] * 2)] * 2
    assert len(endpoint.requests(said)) == 2
    assert client.get("/history")["total_turns"] == 2


def test_a_message_of_a_snapshot_is_the_same_message_and_running_it_tells_its_newest_answer(client: Client) -> None:
    client.ask(script("tokens=3"))
    shown = run(client, None, then=[None])
    assert [one["outcome"] for one in shown["runs"]] == ["success"] * 2
    [turn] = client.get("/history")["turns"]
    assert shown["started"]["metadata"]["task-agent"]["turnId"] == turn["turn_id"]
    good_stream = client.http.post(f"/turns/{turn['turn_id']}/regenerate")
    assert good_stream.is_success
    newer = run(client, None, messages=shown["messages"])
    assert newer["started"]["metadata"]["task-agent"]["turnId"] == good_stream.headers["x-turn-id"]
    assert (newer["outcome"], texts(newer)) == ("success", ["w0 w1 w2"])
    assert client.get("/history")["total_turns"] == 2, "the answer and the former one"


def test_a_message_with_half_an_emoji_is_refused_and_is_in_the_way_of_none_behind_it(
    client: Client, endpoint: EndpointThread
) -> None:
    said = script(cut_once())
    with scene(client, "what a day \ud83d", then=[said]) as running:
        endpoint.wait(said, lambda requests: len(requests) == 1 and requests[0].sent > 2)
        endpoint.release(said)
        seen = running.result()
    refused, answered = seen["runs"]
    assert "422" in refused["error"]
    assert "bad_text" in refused["error"]
    assert (answered["outcome"], answered["error"], texts(answered)) == ("success", None, [WHOLE])
    assert "MESSAGES_SNAPSHOT" in answered["types"], "the step was told again, and with it all messages"
    assert [m["content"] for m in answered["messages"] if m["role"] == "user"] == ["what a day \ufffd", said]
    assert client.get("/history")["total_turns"] == 1


def test_a_run_is_one_turn_by_its_id_and_by_its_message(client: Client) -> None:
    def post(run_id: str, message_id: str, text: str) -> httpx.Response:
        message = {"id": message_id, "role": "user", "content": text}
        body = {"threadId": "main", "runId": run_id, "messages": [message]}
        return httpx.post(f"{client.url}/agui", json=body, headers={"X-User-Id": client.user}, timeout=60, trust_env=False)

    said, other = script('text="yes"'), script('text="no"')
    turn = post("r1", "m1", said).headers["X-Turn-Id"]
    assert [post(*ids, said).headers["X-Turn-Id"] for ids in (("r1", "m1"), ("r1", "m2"), ("r2", "m1"))] == [turn] * 3
    refused = post("r1", "m3", other)
    assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (422, "idempotency_key_reused", "runId")
    assert post("r3", "m1", other).headers["X-Turn-Id"] != turn, "a client that numbers its messages anew each time"
    assert client.get("/history")["total_turns"] == 2


def test_a_second_reader_and_one_who_only_looks(client: Client, endpoint: EndpointThread) -> None:
    said, message_id = script(whole()), mark()
    with scene(client, said, messageId=message_id) as first:
        first.until("text")
        with scene(client, said, messageId=message_id) as second, scene(client, None) as looking:
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


def test_who_joins_a_run_that_waits_is_told_so_and_who_looks_sees_what_waits(client: Client, endpoint: EndpointThread) -> None:
    first, second = script(whole()), script('text="after"')
    with scene(client, first) as running:
        running.until("text")
        with scene(client, second, messageId="m-2") as waiting:
            waiting.until("custom")
            asked = [{"id": "m-2", "role": "user", "content": second}, {"id": "a", "role": "assistant", "content": "old"}]
            with scene(client, None, messages=asked) as joining, scene(client, None) as looking:
                joining.until("custom")
                looking.until("started")
                endpoint.release(first)
                joined, shown = joining.result(), looking.result()
    assert joined["customs"] == [{"name": "task-agent.queued", "value": {"position": 1}}]
    assert (joined["outcome"], texts(joined)) == ("success", ["after"])
    assert [message["content"] for message in shown["messages"]] == [first, WHOLE, second]


@pytest.mark.parametrize("wish", ["interrupt", "reject"])
def test_what_becomes_of_a_message_while_another_is_answered(client: Client, endpoint: EndpointThread, wish: str) -> None:
    first, second = script(whole()), script('text="now"')
    with scene(client, first) as running:
        running.until("text")
        other = run(client, second, forwardedProps={"on_busy": wish})
        endpoint.release(first)
        seen = running.result()
    if wish == "interrupt":
        assert (seen["outcome"], seen["error"]) == ("cancelled", None)
        assert (other["outcome"], texts(other)) == ("success", ["now"])
        assert [turn["status"] for turn in client.get("/history")["turns"]] == ["cancelled", "completed"]
    else:
        assert (seen["outcome"], texts(seen)) == ("success", [WHOLE])
        assert "409" in other["error"]
        assert "turn_running" in other["error"]
        assert client.get("/history")["total_turns"] == 1


def test_what_is_not_done_is_refused_by_name(client: Client) -> None:
    body: dict[str, Any] = {"threadId": "main", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "hi"}]}
    tools = [{"name": "mine", "description": "d"}]
    text = {"type": "text", "text": "hi"}
    who = {"X-User-Id": client.user}
    image = [{"type": "image", "source": {"type": "url", "value": "http://x/y.png"}}]
    for more, named in (
        ({"tools": tools}, "tools"),
        ({"context": [{"description": "d", "value": "v"}]}, "context"),
        ({"forwardedProps": {"a": 1}}, "forwardedProps.a"),
        ({"forwardedProps": {"on_busy": "now"}}, "forwardedProps.on_busy"),
        ({"parentRunId": "r-0"}, "parentRunId"),
        ({"messages": [{"id": "s", "role": "system", "content": "be brief"}, *body["messages"]]}, "messages[0]"),
        ({"messages": [*body["messages"], {"id": "s", "role": "developer", "content": "be brief"}]}, "messages[1]"),
        ({"messages": [body["messages"][0] | {"name": "Ann"}]}, "messages[0].name"),
        ({"messages": [{"id": "u", "role": "user", "content": [text | {"cache": 1}]}]}, "messages[0].content[0].cache"),
        ({"surprise": 1}, "surprise"),
        ({"messages": [{"id": "u", "role": "user", "content": image}]}, "messages[0].content"),
    ):
        answer = httpx.post(f"{client.url}/agui", json=body | more, headers=who, timeout=60, trust_env=False)
        assert (answer.status_code, answer.json()["param"]) == (400, named), answer.text
    assert client.get("/history")["total_turns"] == 0

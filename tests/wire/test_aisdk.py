"""The AI SDK's own chat class and transport, unmodified, against the running service (see ``aisdk/scenes.mjs``)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.outcome import in_time
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, tool
from tests.wire.held import LISTING, WHOLE, cut_once, whole
from tests.wire.node import Scenario, node

SCENES = "aisdk/scenes.mjs"


def scene(client: Client, name: str, **args: Any) -> Any:
    return node(SCENES, scene=name, url=client.url, user=client.user, **args)


def scene_of(client: Client, name: str, **args: Any) -> Scenario:
    """The same, under way."""
    return Scenario(SCENES, scene=name, url=client.url, user=client.user, **args)


def text(message: dict[str, Any]) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


def said(*steps: str) -> str:
    return mark() + " " + " ".join(f"[[script: {step}]]" for step in steps)


def test_a_plain_turn_is_shown_as_it_is_stored(client: Client) -> None:
    shown = scene(client, "say", texts=[said('text="Hello, big world"'), said('text="And again"')])

    assert (shown["status"], shown["error"]) == ("ready", None)
    assert [text(m) for m in shown["messages"][1::2]] == ["Hello, big world", "And again"]
    assert [m["parts"] for m in shown["messages"]][1::2] == [m["parts"] for m in shown["stored"]][1::2]
    assert [m["id"] for m in shown["messages"]][1::2] == [m["id"] for m in shown["stored"]][1::2]
    assert [text(m) for m in shown["messages"]][::2] == [text(m) for m in shown["stored"]][::2]
    answer = shown["messages"][1]
    assert answer["metadata"]["status"] == "completed"
    assert answer["metadata"]["usage"] == client.turn(answer["id"])["usage"]


def test_a_tool_call_fills_in_as_its_workflow_proceeds(make_client: Callable[..., Client]) -> None:
    texts = [said('text="On it." ' + tool("create_task", NEW_TASK), 'text="Bob has it."')]
    client, shown = in_time(
        make_client,
        lambda client: scene(client, "say", texts=texts),
        lambda shown: shown["messages"][1]["parts"][2]["output"]["status"],
    )

    answer = shown["messages"][1]
    kinds = [part["type"] for part in answer["parts"]]
    assert kinds == ["step-start", "text", "dynamic-tool", "data-task", "step-start", "text"]
    call, task = answer["parts"][2:4]
    assert (call["toolName"], call["input"], call["state"]) == ("create_task", NEW_TASK, "output-available")
    assert client.get(f"/tasks/{call['output']['task_id']}")["assignee"] == "Bob"
    assert task["id"] == call["toolCallId"]
    assert (task["data"]["task_id"], task["data"]["status"]) == (call["output"]["task_id"], "completed")
    assert [step["name"] for step in task["data"]["steps"]] == ["validate", "create", "assign", "reminder", "notify"]
    assert [seen["type"] for seen in shown["seen"]].count("data-task") >= 2, "it proceeds"
    assert shown["stored"][1]["parts"][2] == call


def test_a_refused_tool_call_says_why(client: Client) -> None:
    shown = scene(client, "say", texts=[said('tool=get_task args={"task_id": "t-none"}', 'text="There is none."')])

    call = shown["messages"][1]["parts"][1]
    assert (call["state"], call["errorText"]) == ("output-error", "Task not found (task_not_found)")
    assert shown["stored"][1]["parts"] == shown["messages"][1]["parts"]


def test_a_lost_connection_is_resumed_with_nothing_doubled_or_missing(client: Client, endpoint: EndpointThread) -> None:
    message = said(whole())
    with scene_of(client, "resume", after=40, text=message) as page:
        page.until("resumed")
        endpoint.release(message)
        shown = page.result()

    assert shown["broken"]["status"] == "error", "never a clean end in the middle"
    assert WHOLE.startswith(shown["broken"]["shown"])
    assert len(shown["broken"]["shown"]) < len(WHOLE)
    assert (shown["status"], len(shown["messages"])) == ("ready", 2)
    assert text(shown["messages"][1]) == WHOLE


def test_an_answer_that_ended_while_its_page_was_cut_off_is_told_whole(client: Client, endpoint: EndpointThread) -> None:
    message = said(whole())
    with scene_of(client, "late", after=40, text=message) as page:
        page.until("broken")
        endpoint.release(message)
        shown = page.result()

    assert shown["broken"] != WHOLE, "it was cut off"
    for outcome in (shown["resumed"], shown):
        assert (outcome["status"], len(outcome["messages"])) == ("ready", 2)
        assert text(outcome["messages"][1]) == WHOLE
        assert outcome["messages"][1]["parts"] == shown["stored"][1]["parts"]


def test_nothing_said_tells_no_answer_twice(client: Client, endpoint: EndpointThread) -> None:
    marked = mark()
    shown = scene(client, "nothing", text=f'{marked} [[script: text="Once."]]')

    behind, again = shown["behind"]["messages"][1], shown["messages"][1]
    assert shown["behind"]["error"].endswith("(no_new_message)")
    assert (shown["status"], text(behind), text(again)) == ("ready", "Once.", "Once.")
    assert len(endpoint.requests(marked)) == 1, "a message whose answer was lost is the same one"


def test_a_killed_service_restarts_the_step(client: Client, service: Stack, endpoint: EndpointThread) -> None:
    message = said(LISTING, whole())
    with scene_of(client, "resume", kill=True, after=40, text=message) as page:
        page.until("text")
        old = service.kill("app")
        service.wait_pid_changed("app", old)
        service.wait_ready()
        page.until("resumed")
        endpoint.release(message)
        shown = page.result()

    assert shown["broken"]["status"] == "error"
    [answer] = shown["messages"][1:]
    assert text(answer) == WHOLE
    assert [p["state"] for p in answer["parts"] if p["type"] == "dynamic-tool"] == ["output-available"]
    assert len(endpoint.requests(message)) == 3, "the step that was cut off was asked again"
    assert client.turn(answer["id"])["message"]["content"] == WHOLE


def test_a_restarted_step_drops_what_was_shown_of_it(client: Client, endpoint: EndpointThread) -> None:
    message = said(cut_once())
    with scene_of(client, "watch", after=len("w0 w1 w2"), text=message) as page:
        before = page.until("text")["shown"]
        endpoint.release(message)
        shown = page.result()

    assert before
    assert WHOLE.startswith(before)
    assert before != WHOLE, "some of it was shown, and then taken back"
    assert min(shown["lengths"][shown["lengths"].index(len(before)) :]) < len(before)
    assert text(shown["messages"][1]) == WHOLE
    assert shown["messages"][1]["parts"] == shown["stored"][1]["parts"]
    assert len(endpoint.requests(message)) == 2


def test_stopping_keeps_what_was_shown(client: Client) -> None:
    shown = scene(client, "stop", after=40, text=said(whole()))

    answer = shown["messages"][1]
    assert (shown["status"], shown["error"]) == ("ready", None)
    assert shown["stopped"] == {"turn_id": answer["id"], "status": "cancelled"}
    assert shown["again"] is None, "nothing runs any more"
    assert answer["metadata"]["status"] == "cancelled"
    assert WHOLE.startswith(text(answer))
    assert 40 <= len(text(answer)) < len(WHOLE)
    turn = client.eventually(f"/turns/{answer['id']}", lambda turn: turn["message"] is not None)
    assert turn["message"]["content"] == text(answer)


def test_a_failed_turn_is_an_error_with_code_and_sentence(client: Client) -> None:
    shown = scene(client, "say", texts=[said("fault=401")])

    assert shown["status"] == "error"
    assert shown["error"] == "The model endpoint refused the credentials (401). (model_auth)"
    error = shown["messages"][1]["metadata"]["error"]
    assert (error["code"], error["retryable"]) == ("model_auth", False)
    assert shown["stored"][1]["metadata"]["error"] == error


@pytest.mark.parametrize(
    ("texts", "conversation", "told"),
    [
        (["  "], "main", "The message is empty. (empty_message)"),
        (["hello"], "no such/name", "(bad_conversation_id)"),
        (["x" * (256 * 1024 + 1)], "main", "(message_too_large)"),
    ],
)
def test_a_refusal_is_a_sentence(client: Client, texts: list[str], conversation: str, told: str) -> None:
    shown = node(SCENES, scene="refused", url=client.url, user=client.user, texts=texts, conversation=conversation)
    assert shown["status"] == "error"
    assert shown["error"].endswith(told)
    assert not shown["error"].startswith("{")


def test_a_second_message_waits_and_is_answered(client: Client, endpoint: EndpointThread) -> None:
    first = said(whole())
    with scene_of(client, "busy", after=20, first=first, second=said('text="Second."')) as page:
        client.eventually("/history", lambda page: [turn["status"] for turn in page["turns"]] == ["running", "queued"])
        endpoint.release(first)
        shown = page.result()

    assert [text(m) for m in shown["messages"][1::2]] == [WHOLE, "Second."]
    assert [seen["data"]["position"] for seen in shown["seen"]] == [1, 0]
    assert not any(part["type"] == "data-queue" for m in shown["messages"] for part in m["parts"]), "it is transient"
    assert [text(m) for m in shown["stored"]] == [text(m) for m in shown["messages"]]


@pytest.mark.parametrize("wish", ["interrupt", "reject"])
def test_what_becomes_of_a_message_while_another_is_answered(client: Client, endpoint: EndpointThread, wish: str) -> None:
    first, second = said(whole()), said('text="Now."')
    told = {"first": first, "second": second, "body": {"on_busy": wish}, "after": 20}
    with scene_of(client, "other", **told) as page:
        page.until("told")
        endpoint.release(first)
        shown = page.result()
    former, new = shown["first"], shown["second"]
    if wish == "interrupt":
        assert (former["status"], former["messages"][1]["metadata"]["status"]) == ("ready", "cancelled")
        assert (new["status"], text(new["messages"][1])) == ("ready", "Now.")
        assert [turn["status"] for turn in client.get("/history")["turns"]] == ["cancelled", "completed"]
    else:
        assert (former["status"], text(former["messages"][1])) == ("ready", WHOLE)
        assert (new["status"], new["error"]) == ("error", "A turn runs in this conversation. (turn_running)")
        assert client.get("/history")["total_turns"] == 1


def test_a_second_tab_shows_the_same(client: Client, endpoint: EndpointThread) -> None:
    message = said(whole())
    with scene_of(client, "join", after=20, text=message) as page:
        page.until("joined")
        endpoint.release(message)
        shown = page.result()

    assert [m["metadata"]["status"] for m in shown["loaded"]] == ["running", "running"]
    assert shown["second"]["messages"][1] == shown["first"]["messages"][1]
    assert text(shown["second"]["messages"][1]) == WHOLE
    assert len(shown["second"]["messages"]) == 2


def test_the_same_message_twice_is_one_turn(client: Client, endpoint: EndpointThread) -> None:
    marked = mark()
    first, second = scene(client, "twice", text=f'{marked} [[script: text="Once."]]')
    assert first["messages"] == second["messages"]
    assert text(first["messages"][1]) == "Once."
    assert len(endpoint.requests(marked)) == 1


def test_another_answer_takes_the_place_of_the_former(client: Client, endpoint: EndpointThread) -> None:
    marked = mark()
    shown = scene(client, "regenerate", text=f"{marked} [[script: tokens=3]]")

    ids = [shown[name]["messages"][1]["id"] for name in ("named", "repeated", "unnamed")]
    assert ids[0] == ids[1], "the same wish twice is one answer"
    assert len({shown["former"]["id"], *ids}) == 3
    assert all(len(shown[name]["messages"]) == 2 for name in ("named", "repeated", "unnamed"))
    assert len(endpoint.requests(marked)) == 3
    assert [m["id"] for m in shown["stored"]] == [f"{ids[2]}.user", ids[2]], "former answers are no messages of their own"
    assert (shown["stored"][1]["metadata"]["regenerates"], shown["stored"][1]["metadata"]["alternatives"]) == (ids[0], 2)
    assert len(client.get("/history")["turns"]) == 3


def test_a_failed_answer_is_tried_again(client: Client) -> None:
    shown = scene(client, "again", text=said('fault=401 times=1 text="Now it works."'))
    assert (shown["failed"]["status"], shown["status"]) == ("error", "ready")
    assert [text(m) for m in shown["messages"][1:]] == ["Now it works."]


def test_a_message_of_the_history_is_the_same_message(client: Client, endpoint: EndpointThread) -> None:
    marked = mark()
    same, edited = scene(client, "resend", text=f"{marked} [[script: tokens=3]]", edited=f"{marked} something else")
    assert (same["status"], text(same["messages"][1])) == ("ready", "w0 w1 w2")
    assert edited["error"] == "This message was sent with another text; send a new one. (idempotency_key_reused)"
    assert len(endpoint.requests(marked)) == 1


def test_a_message_that_never_arrived_is_sent_by_trying_again(client: Client) -> None:
    """Also one that says the same as the message before it, whose answer is left alone."""
    shown = scene(client, "retry", text=said('text="At last."'))
    assert shown["failed"]["status"] == "error"
    assert [text(m) for m in shown["messages"][1::2]] == ["At last.", "At last."]
    assert [turn["regenerates"] for turn in client.get("/history")["turns"]] == [None, None]


def test_an_answer_that_another_tab_has_gone_on_from_is_not_made_anew(client: Client) -> None:
    shown = scene(client, "overtaken", text=said('text="So it is."'))
    assert shown["error"] == "Only the newest turn of a conversation can be regenerated. (turn_not_newest)"
    assert len(client.get("/history")["turns"]) == 2


def test_nothing_is_resumed_when_nothing_runs(client: Client) -> None:
    assert scene(client, "follow")["messages"] == []

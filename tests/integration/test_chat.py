"""A turn as its user sees it: frames, tools, the queue behind it, and what others must not see."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from agent.domain.limits import QUEUE_MAX, TURN_STEPS_MAX
from agent.domain.task_changes import by_turn
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.outcome import in_time

CLOSING = f"{2**63 - 1}-0"
USAGE = {"prompt_tokens", "completion_tokens", "total_tokens", "estimated"}
MESSAGE = {"role", "content", "tokens", "estimated", "created_at", "tool_calls", "call_id", "ok", "interrupted"}
FIELDS = {
    "turn.queued": {"position"},
    "turn.started": set[str](),
    "step.started": {"step"},
    "step.restarted": {"step", "reason"},
    "text.delta": {"step", "delta"},
    "tool.called": {"step", "call_id", "name", "arguments"},
    "tool.progressed": {"step", "call_id", "task_id", "status", "steps"},
    "tool.returned": {"step", "call_id", "ok", "result"},
    "step.committed": {"step", "usage"},
    "turn.completed": {"message", "usage"},
    "turn.failed": {"code", "message", "retryable"},
    "turn.cancelled": set[str](),
}


def tool(name: str, args: Any) -> str:
    return f"tool={name} args={json.dumps(args)}"


def script(*steps: str) -> str:
    return mark() + " " + " ".join(f"[[script: {step}]]" for step in steps)


NEW_TASK = {
    "title": "Review the payment PR",
    "description": "Look at the payment PR, say what is missing.",
    "assignee": "Bob",
}


def test_every_frame_of_a_plain_answer(client: Client) -> None:
    answer = client.ask(script('text="Hello, big world"'))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"main\.1\.[a-z2-7]{26}", answer.turn_id)
    middle = ["text.delta"] * answer.events.count("text.delta")
    assert answer.events == ["turn.started", "step.started", *middle, "step.committed", "turn.completed"]
    ids = [f"{answer.turn_id}/2-{seq}" for seq in range(len(answer.frames) - 1)]
    assert [frame.id for frame in answer.frames] == [*ids, f"{answer.turn_id}/{CLOSING}"]
    for frame in answer.frames:
        assert set(frame.data) == {"type", "turn_id"} | FIELDS[frame.event]
        assert (frame.data["type"], frame.data["turn_id"]) == (frame.event, answer.turn_id)
    assert set(answer.end.data["message"]) == MESSAGE
    assert answer.end.data["message"]["role"] == "assistant"
    assert answer.end.data["usage"] == {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13, "estimated": False}
    assert answer.all("step.committed")[0]["usage"] == answer.end.data["usage"]


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"word{n}" for n in range(400)),
        "line one\nline two\r\n\r\nline three\n\n",
        "data: nested\nid: 7\nevent: turn.completed\n\n: ping",
        "  spaces before and after  ",
        "nul \0, next line \x85, separators \u2028 and \u2029, bell \a",
        "שלום \u202eevil\u202c 👩‍👩‍👧‍👦 e\u0301 日本語 <|endoftext|>",
        "x" * 30_000,
    ],
    ids=["long", "line ends", "looks like SSE", "blanks", "controls", "unicode", "one long word"],
)
def test_what_was_shown_is_what_is_stored(client: Client, text: str) -> None:
    answer = client.ask(f"{mark()} [[script: text={json.dumps(text)}]]")

    assert answer.end.data["message"]["content"] == answer.text() == text
    turn = client.turn(answer.turn_id)
    assert turn["status"] == "completed"
    assert turn["message"] == answer.end.data["message"]
    assert turn["usage"] == answer.end.data["usage"]
    assert turn["terminal"] == answer.end.data
    assert client.get("/history")["turns"][-1]["messages"][-1] == turn["message"]


def test_a_tool_creates_a_task_through_the_durable_workflow(
    make_client: Callable[..., Client], endpoint: EndpointThread
) -> None:
    said = script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."')
    client, answer = in_time(
        make_client, lambda client: client.ask(said), lambda answer: answer.all("tool.returned")[0]["result"]["status"]
    )

    told = {f.event: n for n, f in enumerate(answer.frames)}  # of the last one of each name
    assert told["tool.called"] < told["tool.progressed"] < told["tool.returned"]
    progress = answer.all("tool.progressed")[-1]
    assert progress["status"] == "completed"
    assert [(s["name"], s["state"]) for s in progress["steps"]] == [
        (name, "done") for name in ("validate", "create", "assign", "reminder", "notify")
    ]
    order = [event for event in answer.events if event not in ("text.delta", "tool.progressed")]
    step = ["step.started", "tool.called", "step.committed", "tool.returned"]
    assert order == ["turn.started", *step, "step.started", "step.committed", "turn.completed"]
    called, returned = answer.all("tool.called")[0], answer.all("tool.returned")[0]
    assert called["name"] == "create_task"
    assert called["arguments"] == NEW_TASK | {"deadline_seconds": 7200}
    assert (returned["call_id"], returned["ok"]) == (called["call_id"], True)
    assert "scripted" not in called["call_id"], "the provider's id is not public"
    result = returned["result"]
    assert {"task_id", "status", "message"} <= set(result)
    assert result["status"] == "completed"

    task = client.get(f"/tasks/{result['task_id']}")
    assert {name: task[name] for name in NEW_TASK} == NEW_TASK
    assert task["status"] == "assigned"
    assert task["deadline"] is not None
    workflow = client.get(f"/workflows/task-workflow-{result['task_id']}")
    assert workflow["status"] == "completed"
    assert [s["name"] for s in workflow["steps"]] == ["validate", "create", "assign", "reminder", "notify"]
    history = client.get(f"/tasks/{result['task_id']}/history")["entries"]
    assert [entry["what"] for entry in history] == ["task.created", "task.assigned", "task.deadline_set"]
    assert {entry["by"] for entry in history} == {by_turn(client.user, answer.turn_id)}

    told = endpoint.requests(said)[-1].body["messages"][-2:]
    assert told[0]["tool_calls"][0]["id"] == told[1]["tool_call_id"]
    assert json.loads(told[1]["content"]) == result


def test_equal_calls_of_one_step_are_different_tasks(client: Client) -> None:
    answer = client.ask(script(" ".join([tool("create_task", NEW_TASK)] * 3), 'text="Three."'))

    made = {returned["result"]["task_id"] for returned in answer.all("tool.returned")}
    assert len(made) == 3
    client.eventually("/tasks", lambda page: {task["task_id"] for task in page["tasks"]} == made)


def test_a_rejected_task_is_told_and_not_made(client: Client) -> None:
    answer = client.ask(script(tool("create_task", {"title": "x", "description": "y", "assignee": "Bob"}), 'text="No."'))

    result = answer.all("tool.returned")[0]["result"]
    assert result["status"] == "rejected"
    assert "title" in result["message"] and "description" in result["message"]
    assert client.http.get(f"/tasks/{result['task_id']}").status_code == 404
    assert client.get("/tasks")["tasks"] == []


def test_bad_calls_go_back_to_the_model_as_results(client: Client, endpoint: EndpointThread) -> None:
    calls = [
        ("launch_rocket", tool("launch_rocket", {}), "unknown_tool"),
        ("create_task", 'tool=create_task args="{\\"title\\": "', "bad_arguments"),
        ("create_task", tool("create_task", {"title": "A title", "colour": "red"}), "bad_arguments"),
        ("create_task", tool("create_task", NEW_TASK | {"deadline_seconds": -5}), "bad_deadline"),
        ("create_task", tool("create_task", NEW_TASK | {"deadline": "next blue moon"}), "bad_deadline"),
        ("get_task", tool("get_task", {"task_id": "../../etc"}), "bad_arguments"),
        ("get_task", tool("get_task", {"task_id": "no-such-task"}), "task_not_found"),
        ("get_task", 'tool=get_task args="[1, 2]"', "bad_arguments"),
    ]
    said = script(" ".join(call for _, call, _ in calls), 'text="All of that was refused."')
    answer = client.ask(said)

    assert answer.end.data["message"]["content"] == "All of that was refused."
    order = [called["call_id"] for called in answer.all("tool.called")]
    returned = {r["call_id"]: r for r in answer.all("tool.returned")}
    assert [(c["name"], returned[c["call_id"]]["result"]["error"]["code"]) for c in answer.all("tool.called")] == [
        (name, code) for name, _, code in calls
    ]
    assert not any(r["ok"] for r in returned.values())
    sent = [m for m in endpoint.requests(said)[1].body["messages"] if m["role"] == "tool"]
    assert [json.loads(m["content"]) for m in sent] == [returned[call_id]["result"] for call_id in order]
    assert client.get("/tasks")["tasks"] == []


def test_a_model_that_never_answers_is_stopped(client: Client, endpoint: EndpointThread) -> None:
    said = script(*[tool("list_tasks", {})] * (TURN_STEPS_MAX + 2))
    answer = client.ask(said)

    assert (answer.end.event, answer.end.data["code"]) == ("turn.failed", "steps_exhausted")
    assert answer.end.data["retryable"] is False
    assert len(endpoint.requests(said)) == TURN_STEPS_MAX
    assert client.turn(answer.turn_id)["status"] == "failed"
    assert client.ask(script('text="Fine again."')).end.data["message"]["content"] == "Fine again."


def test_the_turn_goes_on_without_its_reader(client: Client, endpoint: EndpointThread) -> None:
    said = script(held(30))
    with client.say(said) as stream:
        stream.until("text.delta")
    assert client.turn(stream.turn_id)["status"] == "running"
    endpoint.release(said)

    turn = client.ended(stream.turn_id)
    assert (turn["status"], len(turn["message"]["content"].split())) == ("completed", 30)
    assert [(r.disconnected, r.finished is not None) for r in endpoint.requests(said)] == [(None, True)]


def test_a_second_message_waits_for_the_first(client: Client, endpoint: EndpointThread) -> None:
    first, second = script(held(20)), script('text="second"')
    running = client.drop(first)
    with client.say(second) as stream:
        assert client.turn(stream.turn_id)["status"] == "queued"
        endpoint.release(first)
        queued = stream.rest()

    assert queued.frames[0].id == f"{queued.turn_id}/1-0"
    assert queued.frames[0].data == {"type": "turn.queued", "turn_id": queued.turn_id, "position": 1}
    assert queued.events[1] == "turn.started"
    assert queued.end.data["message"]["content"] == "second"
    [before], [after] = endpoint.requests(first), endpoint.requests(second)
    assert before.finished is not None and before.finished <= after.started
    assert client.turn(running)["message"]["content"] in [m["content"] for m in after.body["messages"]], (
        "it knows the first answer"
    )


def test_the_queue_has_a_bound_and_an_order(client: Client, endpoint: EndpointThread) -> None:
    said = script(held())
    first = client.drop(said)
    waiting = [client.drop(script(f'text="number {n}"')) for n in range(QUEUE_MAX)]

    refused = client.http.post("/chat", json={"message": "one too many"})
    assert refused.status_code == 429
    assert refused.json() == {"detail": refused.json()["detail"], "code": "queue_full", "queued": QUEUE_MAX}
    assert int(refused.headers["retry-after"]) > 0
    assert [client.turn(turn)["status"] for turn in waiting] == ["queued"] * QUEUE_MAX

    endpoint.release(said)
    ends = [client.ended(turn) for turn in (first, *waiting)]
    assert {turn["status"] for turn in ends} == {"completed"}
    assert [turn["ended_at"] for turn in ends] == sorted(turn["ended_at"] for turn in ends)
    assert [turn["turn_id"] for turn in client.get("/history")["turns"]] == [first, *waiting]


def test_conversations_and_users_do_not_wait_for_each_other(
    make_client: Callable[..., Client], endpoint: EndpointThread
) -> None:
    clients, saids = [make_client() for _ in range(3)], list[str]()
    turns: list[tuple[Client, str]] = []
    for client in clients:
        for conversation in ("main", "other", "third"):
            saids.append(script(held(20)))
            turns.append((client, client.drop(saids[-1], conversation)))
    for said in saids:
        endpoint.wait(said, lambda seen: len(seen) == 1)
    endpoint.release(*saids)

    assert [client.ended(turn)["status"] for client, turn in turns] == ["completed"] * 9
    records = [record for said in saids for record in endpoint.requests(said)]
    assert len(records) == 9
    assert max(r.started for r in records) < min(r.finished or 0 for r in records), "all were answered at the same time"


def test_nobody_sees_what_is_not_theirs(client: Client, make_client: Callable[..., Client]) -> None:
    answer = client.ask(script(tool("create_task", NEW_TASK), 'text="secret"'))
    task_id = answer.all("tool.returned")[0]["result"]["task_id"]
    client.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] == "completed")
    turn, guessed = answer.turn_id, answer.turn_id[:-1] + ("a" if answer.turn_id[-1] != "a" else "b")
    colleague, stranger = make_client(), make_client(client.user, tenant="elsewhere")

    for other in (colleague, stranger):
        for path in (f"/turns/{turn}", f"/turns/{turn}/context"):
            refused = other.http.get(path)
            assert (refused.status_code, refused.json()["code"]) == (404, "turn_not_found")
        assert other.get("/history")["turns"] == []
        assert [m["role"] for m in other.get("/context")["messages"]] == ["system"]
        assert other.get("/tasks")["tasks"] == []
        assert other.http.delete("/history").json() == {"cleared_turns": 0, "cleared_tokens": 0}
    assert client.http.get(f"/turns/{guessed}").status_code == 404

    assert colleague.get(f"/tasks/{task_id}")["task_id"] == task_id, "tasks belong to the tenant"
    for path in (f"/tasks/{task_id}", f"/tasks/{task_id}/history", f"/workflows/task-workflow-{task_id}"):
        assert stranger.http.get(path).status_code == 404
    for change in ({"status": "completed"}, {"assignee": "Eve"}, {"deadline": None}):
        assert stranger.http.post(f"/tasks/{task_id}/{next(iter(change))}", json=change).status_code == 404
    assert client.turn(turn)["status"] == "completed"
    assert client.get(f"/tasks/{task_id}")["assignee"] == "Bob"


def test_a_quiet_stream_pings(client: Client, endpoint: EndpointThread) -> None:
    said = script(held(2))
    with client.feed() as feed:
        with client.say(said) as stream:
            stream.until("text.delta")
            assert next(frame for frame in stream if frame.comment)
            endpoint.release(said)
            answer = stream.rest()
        updated = feed.until("conversation.updated")

    first, second = (n for n, frame in enumerate(answer.frames) if frame.event == "text.delta")
    assert any(frame.comment for frame in answer.frames[first:second])
    assert answer.end.data["message"]["content"] == "w0 w1"
    assert any(frame.comment for frame in feed.seen)
    assert updated.data["turn_id"] == answer.turn_id

"""History and context to the token: what is stored, what the model would be sent, and what it was sent."""

from typing import Any

import pytest

from agent.domain.limits import MAX_HISTORY, MESSAGE_BYTES_MAX, TOKEN_BUDGET
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held
from tests.integration.test_chat import NEW_TASK, script, tool

MESSAGE = {"role", "content", "tokens", "estimated", "created_at", "tool_calls", "call_id", "ok", "interrupted"}


def included(context: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in context["messages"] if message["included"]]


def check_sums(context: dict[str, Any], *, estimated: bool = False) -> None:
    assert context["budget"] == TOKEN_BUDGET
    assert context["used"] == sum(message["tokens"] for message in included(context)) + context["overhead"]
    assert context["used"] <= context["budget"]
    assert context["estimated"] is estimated
    for message in context["messages"]:
        assert message["included"] == (message["reason"] is None)
        assert message["tokens"] > 0 or not message["content"]


def of_tokens(count: int) -> str:
    """A text of that many tokens, give or take one."""
    return "a" + " a" * (count - 1)


def test_a_new_user_has_none(client: Client) -> None:
    assert client.get("/history") == {"turns": [], "total_turns": 0, "total_tokens": 0, "next": None, "running": None}
    context = client.get("/context")
    check_sums(context)
    assert [message["role"] for message in context["messages"]] == ["system"]


def test_messages_with_tokens_times_calls_and_totals(client: Client) -> None:
    first = client.ask("Hello, world!")
    second = client.ask(script(tool("create_task", NEW_TASK), 'text="Bob has it."'))
    failed = client.ask(script("fault=401"))

    history = client.get("/history")
    assert [turn["turn_id"] for turn in history["turns"]] == [first.turn_id, second.turn_id, failed.turn_id]
    assert [turn["status"] for turn in history["turns"]] == ["completed", "completed", "failed"]
    assert history["turns"][2]["failure"]["code"] == failed.end.data["code"]
    plain, tooled, refused = (turn["messages"] for turn in history["turns"])
    assert [(m["role"], m["content"], m["tokens"]) for m in plain] == [
        ("user", "Hello, world!", 4),
        ("assistant", "You said: Hello, world!", 7),
    ]
    assert [m["role"] for m in tooled] == ["user", "assistant", "tool", "assistant"]
    assert tooled[1]["tool_calls"][0]["call_id"] == tooled[2]["call_id"]
    assert (tooled[2]["ok"], tooled[3]["content"]) == (True, "Bob has it.")
    assert [m["role"] for m in refused] == ["user"]
    for message in (*plain, *tooled, *refused):
        assert set(message) == MESSAGE
        assert message["created_at"] and not message["estimated"] and message["tokens"] > 0
    assert [turn["tokens"] for turn in history["turns"]] == [
        sum(m["tokens"] for m in messages) for messages in (plain, tooled, refused)
    ]
    assert history["total_tokens"] == sum(turn["tokens"] for turn in history["turns"])
    assert (history["total_turns"], history["next"]) == (3, None)


def test_pages_meet_without_gap_or_overlap(client: Client) -> None:
    turns = [client.ask(f"message {n}").turn_id for n in range(5)]

    pages: list[list[str]] = []
    before: dict[str, int] = {}
    while True:
        page = client.get("/history", limit=2, **before)
        assert page["total_turns"] == 5
        pages.insert(0, [turn["turn_id"] for turn in page["turns"]])
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert pages == [turns[:1], turns[1:3], turns[3:]]
    assert client.get("/history", before=1) == {**client.get("/history", limit=1), "turns": [], "next": None}
    assert [turn["turn_id"] for turn in client.get("/history", before=10**9)["turns"]] == turns


def test_clearing(client: Client, endpoint: EndpointThread) -> None:
    kept = client.ask("Stay.", "other")
    old = [client.ask(f"Forget {n}.").turn_id for n in range(3)]
    totals = client.get("/history")

    cleared = client.http.delete("/history").json()
    assert cleared == {"cleared_turns": 3, "cleared_tokens": totals["total_tokens"]}
    assert client.get("/history") == {"turns": [], "total_turns": 0, "total_tokens": 0, "next": None, "running": None}
    assert [message["role"] for message in client.get("/context")["messages"]] == ["system"]
    assert {client.http.get(f"/turns/{turn}").status_code for turn in old} == {404}
    assert client.get("/history", conversation="other")["turns"][0]["turn_id"] == kept.turn_id
    assert client.http.delete("/history").json() == {"cleared_turns": 0, "cleared_tokens": 0}

    said = script('text="Afresh."')
    again = client.ask(said)
    assert again.turn_id.startswith("main.4."), "numbers never start again"
    assert [message["role"] for message in endpoint.requests(said)[0].body["messages"]] == ["system", "user"]
    assert client.get("/history")["total_turns"] == 1


def test_no_clearing_while_a_turn_runs_or_waits(client: Client, endpoint: EndpointThread) -> None:
    first, second = script(held()), script(held())
    running, waiting = client.drop(first), client.drop(second)

    refused = client.http.delete("/history")
    assert (refused.status_code, refused.json()["code"]) == (409, "turn_running")
    endpoint.release(first)
    client.ended(running)
    assert client.http.delete("/history").status_code == 409
    endpoint.release(second)
    client.ended(waiting)
    assert client.http.delete("/history").json()["cleared_turns"] == 2


def test_a_waiting_turn_shows_and_counts(client: Client, endpoint: EndpointThread) -> None:
    first = script(held())
    running, waiting = client.drop(first), client.drop("I wait.")

    history = client.get("/history")
    assert [turn["status"] for turn in history["turns"]] == ["running", "queued"]
    assert history["total_turns"] == 2
    assert client.http.get(f"/turns/{waiting}/context").json()["code"] == "no_context"
    endpoint.release(first)
    assert client.ended(running)["status"] == client.ended(waiting)["status"] == "completed"


def test_context_is_what_the_model_gets(client: Client, endpoint: EndpointThread) -> None:
    client.ask(script(tool("create_task", NEW_TASK) + " " + tool("no_such", {}), 'text="Bob has it."'))
    client.ask(script("fault=401"))
    context = client.get("/context")
    check_sums(context, estimated=True)  # the note that stands for the missing answer is

    said = script('text="ok"')
    turn = client.ask(said).turn_id
    *before, newest = endpoint.requests(said)[0].body["messages"]
    assert newest["content"] == said
    assert [(m["role"], m["content"] or "") for m in before[1:]] == [
        (m["role"], m["content"]) for m in included(context)[1:]
    ], "all but the system prompt, which tells the time"
    sent = client.get(f"/turns/{turn}/context")
    check_sums(sent, estimated=True)
    assert [(m["role"], m["content"]) for m in included(sent)] == [(m["role"], m["content"] or "") for m in (*before, newest)]
    assert sent["overhead"] > context["overhead"], "one message more is framed"


def test_context_of_a_turn_is_that_of_each_step_and_else_of_its_newest(client: Client, endpoint: EndpointThread) -> None:
    said = script(tool("list_tasks", {}), tool("list_tasks", {}), 'text="Nothing to do."')
    turn = client.ask(said).turn_id

    sent = client.get(f"/turns/{turn}/context")
    check_sums(sent)
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert len(endpoint.requests(said)[2].body["messages"]) == 6
    each = [client.get(f"/turns/{turn}/context", step=step) for step in sent["steps"]]
    assert each[-1] == sent
    for then, asked in zip(each, endpoint.requests(said), strict=True):
        check_sums(then)
        assert [(m["role"], m["content"]) for m in then["messages"]] == [
            (m["role"], m["content"] or "") for m in asked.body["messages"]
        ]
    assert client.http.get(f"/turns/{turn}/context", params={"step": 3}).json()["code"] == "no_context"


def test_older_exchanges_leave_the_context_but_not_the_store(client: Client, endpoint: EndpointThread) -> None:
    turns = [client.ask(f"message {n}").turn_id for n in range(MAX_HISTORY + 2)]

    context = client.get("/context")
    check_sums(context)
    out = [message for message in context["messages"] if not message["included"]]
    assert {message["reason"] for message in out} == {"exchange_limit"}
    assert list(dict.fromkeys(message["turn_id"] for message in out)) == turns[:2]
    assert list(dict.fromkeys(message["turn_id"] for message in included(context)[1:])) == turns[2:]
    assert client.get("/history")["total_turns"] == MAX_HISTORY + 2
    said = script('text="ok"')
    client.ask(said)
    assert len(endpoint.requests(said)[0].body["messages"]) == 1 + 2 * MAX_HISTORY + 1


def test_the_token_budget_drops_whole_exchanges(client: Client, endpoint: EndpointThread) -> None:
    turns = [client.ask(of_tokens(4_000)).turn_id for _ in range(5)]

    context = client.get("/context")
    check_sums(context)
    out = [message for message in context["messages"] if not message["included"]]
    assert {message["reason"] for message in out} == {"token_budget"}
    assert list(dict.fromkeys(message["turn_id"] for message in out)) == turns[:2]
    said = script('text="ok"') + " " + of_tokens(8_000)
    turn = client.ask(said).turn_id
    sent = client.get(f"/turns/{turn}/context")
    check_sums(sent)
    assert len(endpoint.requests(said)[0].body["messages"]) == len(included(sent)) == 1 + 2 * 1 + 1


def test_a_message_beyond_the_budget_is_refused_with_the_numbers(client: Client) -> None:
    refused = client.http.post("/chat", json={"message": of_tokens(20_000)})
    assert (refused.status_code, refused.json()["code"]) == (413, "message_over_budget")
    numbers = refused.json()
    assert numbers["budget"] == TOKEN_BUDGET
    assert abs(numbers["tokens"] - 20_000) <= 1
    available = numbers["available"]
    assert 0 < available < TOKEN_BUDGET
    assert client.get("/history")["turns"] == []

    # the system prompt tells the time, so a count may differ by a few from one minute to the next
    assert client.http.post("/chat", json={"message": of_tokens(available + 10)}).status_code == 413
    answer = client.ask(of_tokens(available - 10))
    context = client.get(f"/turns/{answer.turn_id}/context")
    check_sums(context)
    assert context["used"] > TOKEN_BUDGET - 20


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("x" * (MESSAGE_BYTES_MAX + 1), 413, "message_too_large"),
        ("é" * (MESSAGE_BYTES_MAX // 2 + 1), 413, "message_too_large"),
        (" " * 1_000_000, 413, "body_too_large"),
        ("hi" + " " * 200_000, 200, ""),
        ("日" * 80_000, 413, "message_over_budget"),
    ],
    ids=["bytes", "bytes, not characters", "a million spaces", "many spaces", "tokens"],
)
def test_sizes(client: Client, text: str, status: int, code: str) -> None:
    answer = client.http.post("/chat", json={"message": text})
    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code
        assert client.get("/history")["turns"] == []


def test_a_page_of_many_megabytes_is_read_through_every_replica(client: Client) -> None:
    """Dapr's own bound on what an actor may answer to another replica is 4 MiB."""
    for _ in range(18):
        client.ask(script('text="ok"') + ("=" * 64 + "\n") * 3_900)  # some 250 KB, of few tokens
    for replica in range(len(client.urls)):
        page = client.at(replica).get("/history?limit=100")
        assert sum(len(turn["messages"][0]["content"]) for turn in page["turns"]) > 4 * 1024 * 1024

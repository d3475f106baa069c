"""The real openai package against the real service: turns, tools, coming back, cancelling, refusals."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.stack import PATIENCE, Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.held import LISTING, WHOLE, cut_once, whole
from tests.wire.responses_client import Accumulated, openai_client, told


@pytest.fixture
def ai(client: Client) -> Iterator[OpenAI]:
    with openai_client(client) as made:
        yield made


def collected(stream: Any) -> list[dict[str, Any]]:
    return [told(event) for event in stream]


def ended(ai: OpenAI, response_id: str) -> Response:
    """The response once it has ended, as people poll for it."""
    until(lambda: ai.responses.retrieve(response_id).status not in ("queued", "in_progress"), PATIENCE, lambda: response_id)
    return ai.responses.retrieve(response_id)


def test_a_plain_answer_as_a_stream_and_whole(ai: OpenAI, client: Client) -> None:
    said = script('text="Hello, big world"')
    with ai.responses.stream(model="task-agent", input=said) as stream:
        events = [event.type for event in stream]
        final = stream.get_final_response()
    assert (final.output_text, final.status) == ("Hello, big world", "completed")
    assert events[0] == "response.created"
    assert final.usage is not None
    assert (final.usage.input_tokens, final.usage.output_tokens, final.usage.total_tokens) == (10, 3, 13)

    seen = Accumulated(collected(ai.responses.create(input=said, stream=True)))
    assert seen.answer == "Hello, big world"
    assert ai.responses.retrieve(seen.response.id).to_dict() == seen.response.to_dict()
    assert final.conversation is not None
    assert seen.response.conversation is not None
    assert final.conversation.id != seen.response.conversation.id, "nobody named one: each is a new conversation"

    whole = ai.responses.create(input=said)
    assert (whole.output_text, whole.status) == ("Hello, big world", "completed")
    assert client.turn(whole.id.removeprefix("resp_"))["message"]["content"] == whole.output_text


def test_a_tool_creates_a_task(ai: OpenAI, client: Client) -> None:
    said = script(tool("create_task", NEW_TASK | {"deadline_seconds": 7200}), 'text="Bob has it."')
    seen = Accumulated(collected(ai.responses.create(model="task-agent", input=said, stream=True, conversation="work")))
    assert seen.answer == "Bob has it."
    [(status, output)] = seen.results
    [task] = client.eventually("/tasks", lambda page: page["tasks"])["tasks"]
    assert (status, json.loads(output or "")["task_id"]) == ("completed", task["task_id"])
    assert ai.responses.retrieve(seen.response.id).to_dict() == seen.response.to_dict()
    told = client.get("/history", conversation="work")["turns"][-1]
    assert told["turn_id"] == seen.response.id.removeprefix("resp_")


def test_a_reader_that_dropped_comes_back_exactly_where_it_was(
    ai: OpenAI, make_client: Callable[..., Client], endpoint: EndpointThread
) -> None:
    said, seen = script(f"{whole()} delay=50ms"), list[dict[str, Any]]()
    with ai.responses.create(input=said, stream=True) as stream:
        for event in stream:
            seen.append(told(event))
            if event.type == "response.output_text.delta":
                break
    endpoint.release(said)
    response_id, last = seen[0]["response"]["id"], seen[-1]["sequence_number"]
    rest = collected(ai.responses.retrieve(response_id, stream=True, starting_after=last))
    assert Accumulated([*seen, *rest]).answer == WHOLE
    assert Accumulated(collected(ai.responses.retrieve(response_id, stream=True))).events == [*seen, *rest]
    with ai.responses.stream(response_id=response_id, starting_after=last) as helper:
        assert helper.get_final_response().output_text == WHOLE
    with openai_client(make_client()) as stranger, pytest.raises(openai.NotFoundError) as unknown:
        stranger.responses.retrieve(response_id)
    assert unknown.value.code == "response_not_found"
    [end] = collected(ai.responses.retrieve(response_id, stream=True, starting_after=10_000))
    assert (end["type"], end["sequence_number"]) == ("response.completed", 10_001)


def test_a_stream_outlives_pings(ai: OpenAI, client: Client, endpoint: EndpointThread) -> None:
    said = script(whole())
    with ai.responses.create(input=said, stream=True) as stream:
        seen = [told(next(stream))]
        with client.http.stream("GET", f"/v1/responses/{seen[0]['response']['id']}?stream=true") as later:
            assert next(line for line in later.iter_lines() if line.startswith(": ping")), "the first one has had one, too"
        endpoint.release(said)
        seen += collected(stream)
    assert Accumulated(seen).answer == WHOLE


def test_two_readers_of_one_response_see_the_same(ai: OpenAI, endpoint: EndpointThread) -> None:
    said = script(f"{whole()} delay=50ms")
    with ai.responses.create(input=said, stream=True) as first:
        one = [told(next(first))]
        with ai.responses.retrieve(one[0]["response"]["id"], stream=True) as second:
            two = [told(next(second))]
            endpoint.release(said)
            two += collected(second)
        one += collected(first)
    assert one == two
    assert Accumulated(one).answer == WHOLE


def test_a_restarted_step_ends_as_incomplete_and_is_told_anew(ai: OpenAI, endpoint: EndpointThread) -> None:
    said, seen = script(LISTING, cut_once()), list[dict[str, Any]]()
    for event in ai.responses.create(input=said, stream=True):
        seen.append(told(event))
        if event.type == "response.output_text.delta":
            endpoint.release(said)  # some of it was shown: now it may be cut off
    answer = Accumulated(seen)
    _, dropped, again = answer.items.values()
    assert (dropped["status"], again["status"]) == ("incomplete", "completed")
    assert WHOLE.startswith(dropped["seen"])
    assert again["seen"] == answer.answer == answer.response.output_text == WHOLE
    assert ai.responses.retrieve(answer.response.id).to_dict() == answer.response.to_dict()
    assert len(endpoint.requests(said)) == 3


def test_cancel_ends_the_stream_with_that_status_and_once_more_changes_nothing(ai: OpenAI, endpoint: EndpointThread) -> None:
    said = script("tokens=200 delay=100ms")
    with ai.responses.create(input=said, stream=True, background=True) as stream:
        seen = [told(next(stream))]
        endpoint.wait(said, lambda requests: len(requests) == 1 and requests[0].sent > 2)
        assert ai.responses.cancel(seen[0]["response"]["id"]).status == "cancelled"
        seen += collected(stream)
    whole = Accumulated(seen)
    assert (whole.types[-1], whole.response.status) == ("incomplete", "cancelled")
    assert whole.response.output_text.startswith("w0 w1")
    again = ai.responses.cancel(whole.response.id)
    assert again.status == "cancelled"
    until(lambda: ai.responses.retrieve(whole.response.id).output_text != "", PATIENCE, lambda: "what was shown is not stored")
    assert ai.responses.retrieve(whole.response.id).output_text == whole.response.output_text


def test_a_failing_endpoint_is_a_failed_response(ai: OpenAI) -> None:
    seen = Accumulated(collected(ai.responses.create(input=script("fault=400"), stream=True)))
    assert seen.response.status == "failed"
    assert seen.response.error is not None
    assert (seen.response.error.code, seen.response.error.type) == ("server_error", "model_rejected")
    whole = ai.responses.create(input=script("fault=400"))
    assert (whole.status, whole.error) == ("failed", seen.response.error)


def test_the_second_message_waits_and_says_so(ai: OpenAI, endpoint: EndpointThread) -> None:
    said = script(whole())
    slow = ai.responses.create(input=said, background=True, conversation="queue")
    assert slow.status in ("queued", "in_progress")
    with ai.responses.create(input=script('text="after"'), stream=True, conversation="queue") as stream:
        endpoint.release(said)
        second = Accumulated(collected(stream))
    assert second.types[:3] == ["created", "queued", "in_progress"]
    assert second.answer == "after"
    assert ended(ai, slow.id).output_text == WHOLE
    assert second.response.previous_response_id == slow.id


def test_a_full_queue_is_a_429(ai: OpenAI) -> None:
    running = ai.responses.create(input=script("tokens=300 delay=100ms"), background=True, conversation="full")
    with pytest.raises(openai.RateLimitError) as full:
        for n in range(20):
            ai.responses.create(input=f"wait {n}", background=True, conversation="full")
    assert (full.value.code, full.value.type) == ("queue_full", "rate_limit_error")
    assert full.value.response.headers["retry-after"]
    assert ai.responses.cancel(running.id).status == "cancelled"


def test_a_chain_of_responses_is_a_conversation_and_forks_nowhere(ai: OpenAI) -> None:
    first = ai.responses.create(input=script('text="one"'))
    second = ai.responses.create(input=script('text="two"'), previous_response_id=first.id)
    assert second.conversation == first.conversation
    assert second.previous_response_id == first.id
    with pytest.raises(openai.BadRequestError) as fork:
        ai.responses.create(input="again", previous_response_id=first.id)
    assert (fork.value.param, fork.value.code) == ("previous_response_id", "previous_response_not_newest")
    for unknown in ("resp_nonsense", "nonsense", second.id[:-1] + "x"):
        with pytest.raises(openai.BadRequestError) as wrong:
            ai.responses.create(input="hi", previous_response_id=unknown)
        assert (wrong.value.param, wrong.value.code) == ("previous_response_id", "previous_response_not_found")
    assert ai.responses.retrieve(first.id).previous_response_id is None
    [item] = ai.responses.input_items.list(second.id).data
    assert item.type == "message"
    assert item.role == "user"
    assert "two" in json.dumps(item.to_dict())
    assert [i.id for i in ai.responses.input_items.list(second.id)] == [item.id]


def test_a_key_is_one_response_whatever_is_asked_to_watch_it(ai: OpenAI) -> None:
    key, said = {"Idempotency-Key": mark()}, script('text="once"')
    background = ai.responses.create(input=said, background=True, extra_headers=key)
    streamed = Accumulated(collected(ai.responses.create(input=said, stream=True, extra_headers=key)))
    whole = ai.responses.create(input=said, extra_headers=key)
    assert background.id == streamed.response.id == whole.id
    with pytest.raises(openai.BadRequestError) as reused:
        ai.responses.create(input="other", extra_headers=key)
    assert reused.value.code == "idempotency_key_reused"
    first = ai.responses.create(input=said)
    follow = {"Idempotency-Key": mark()}
    second = ai.responses.create(input=said, previous_response_id=first.id, extra_headers=follow)
    assert ai.responses.create(input=said, previous_response_id=first.id, extra_headers=follow).id == second.id


def test_a_background_response_is_polled_to_its_end(ai: OpenAI, endpoint: EndpointThread) -> None:
    said = script(whole())
    started = ai.responses.create(input=said, background=True)
    assert started.status in ("queued", "in_progress"), "it did not wait for the answer"
    assert started.background is True
    endpoint.release(said)
    assert ended(ai, started.id).output_text == WHOLE


def test_only_the_last_user_message_of_a_list_is_taken(ai: OpenAI, client: Client) -> None:
    said = script('text="ok"')
    items: list[Any] = [
        {"role": "user", "content": "something said before"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "never said"}]},
        {"role": "user", "content": [{"type": "input_text", "text": said}, {"type": "input_text", "text": "second part"}]},
    ]
    answer = ai.responses.create(input=items, conversation="listed")
    assert answer.output_text == "ok"
    turn = client.turn(answer.id.removeprefix("resp_"))
    assert turn["user_message"]["content"] == f"{said}\nsecond part"


def test_what_the_package_echoes_of_former_answers_is_taken(ai: OpenAI, client: Client) -> None:
    with ai.responses.stream(
        model="task-agent", input=script('text="Look." ' + LISTING, 'text="one"'), conversation="echo"
    ) as stream:
        first = stream.get_final_response()  # with what the helper adds to it, such as `parsed`
    assert [item.type for item in first.output] == ["message", "mcp_call", "message"]
    asked = ai.responses.input_items.list(first.id).data
    behind: list[Any] = [*asked, *first.output, {"role": "user", "content": script('text="two"')}]
    second = ai.responses.create(input=behind, conversation="echo")
    assert second.output_text == "two"
    again: list[Any] = [item.to_dict() for item in ai.responses.input_items.list(second.id).data]
    third = ai.responses.create(input=again, conversation={"id": "echo"})
    assert third.output_text == "two"
    assert client.get("/history", conversation="echo")["total_turns"] == 3


def test_a_query_that_means_nothing_here_is_refused(ai: OpenAI) -> None:
    for call in (
        lambda: ai.responses.create(input="hi", extra_query={"api-version": "1"}),
        lambda: ai.models.list(extra_query={"api-version": "1"}),
        lambda: ai.models.retrieve("task-agent", extra_query={"api-version": "1"}),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            call()
        assert (refused.value.param, refused.value.code) == ("api-version", "unsupported_parameter")


def test_the_one_model(ai: OpenAI) -> None:
    assert [model.id for model in ai.models.list()] == ["task-agent"]
    assert ai.models.retrieve("task-agent").object == "model"
    with pytest.raises(openai.NotFoundError):
        ai.models.retrieve("gpt-4o")


def test_refusals_of_every_layer_have_the_shape_of_this_api(service: Stack, ai: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as tools:
        ai.responses.create(input="hi", tools=[{"type": "web_search"}])
    assert (tools.value.param, tools.value.code, tools.value.type) == (
        "tools",
        "unsupported_parameter",
        "invalid_request_error",
    )
    with pytest.raises(openai.BadRequestError) as name:
        ai.responses.create(input="hi", conversation="not a name!")
    assert (name.value.param, name.value.code) == ("conversation", "bad_conversation_id")
    with pytest.raises(openai.APIStatusError) as large:
        ai.responses.create(input="x" * 600_000)
    assert (large.value.status_code, large.value.param, large.value.code) == (413, "input", "message_too_large")
    with pytest.raises(openai.NotFoundError) as nowhere:
        ai.post("/nowhere", cast_to=object, body={})
    assert nowhere.value.code == "not_found"

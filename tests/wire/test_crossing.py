"""``kill -9`` of the app in the middle of an answer: every client ends with the same text, on its own wire or another."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.integration.client import Client, Stream
from tests.integration.endpoint import EndpointThread, held
from tests.integration.stack import Stack
from tests.integration.test_chat import script
from tests.integration.test_survival import check_answered_once, kill, slow
from tests.wire.agui_client import texts
from tests.wire.held import WHOLE, whole
from tests.wire.node import Scenario, node
from tests.wire.responses_client import Accumulated, openai_client, told


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("crossing") / "data", env=endpoint.env) as running:
        yield running


@pytest.fixture
def user(stack: Stack) -> Iterator[Client]:
    client = Client(stack.url)
    yield client
    client.close()


@pytest.fixture
def ai(user: Client) -> Iterator[OpenAI]:
    with openai_client(user) as made:
        yield made


def cut_off(
    ai: OpenAI, kill_it: Callable[[], Callable[[], None]], said: str, deltas: int = 1, conversation: str = "main"
) -> list[dict[str, Any]]:
    """A stream of the Responses API, read until the app dies in the middle of it; returns when all is well again."""
    seen: list[dict[str, Any]] = []
    back: Callable[[], None] | None = None
    with pytest.raises(openai.APIConnectionError):  # a stream that ended cleanly would be a lie
        for event in ai.responses.create(input=said, stream=True, conversation=conversation):
            seen.append(told(event))
            if back is None and sum(e["type"] == "response.output_text.delta" for e in seen) == deltas:
                back = kill_it()
    assert back is not None
    back()
    return seen


def dead(stack: Stack, endpoint: EndpointThread, said: str) -> Callable[[], None]:
    """Kills the app in the middle of its answer, which may end from now on; what is returned waits until all is well."""
    back = kill(stack, "app")
    endpoint.release(said)
    return back


def test_a_response_goes_on_behind_the_number_it_had_and_the_step_is_told_again(
    stack: Stack, user: Client, ai: OpenAI, endpoint: EndpointThread
) -> None:
    anew = "I would choose Rome this year, and go there by train."
    first = " ".join(f"w{n}" for n in range(150))  # a delta holds all that has come in between: enough for twelve of them
    said = script(f'text="{first}" again="{anew}" {held()} delay=100ms')
    # More events than the answer that takes its place has.
    seen = cut_off(ai, lambda: dead(stack, endpoint, said), said, deltas=12)
    response_id, last = seen[0]["response"]["id"], seen[-1]["sequence_number"]
    rest = [told(event) for event in ai.responses.retrieve(response_id, stream=True, starting_after=last)]
    response = ai.responses.retrieve(response_id)
    assert response.output_text == anew
    assert rest[-1]["type"] == "response.completed"
    assert rest[-1]["response"]["output"] == response.to_dict()["output"]
    of = {
        kind: [event for event in rest if event["type"] == f"response.{kind}"]
        for kind in ("output_item.added", "output_text.delta", "output_text.done")
    }
    assert [event["item"]["id"] for event in of["output_item.added"]] == [response.output[0].id]
    assert (
        [event["text"] for event in of["output_text.done"]] == ["".join(e["delta"] for e in of["output_text.delta"])] == [anew]
    )
    numbers = [event["sequence_number"] for event in (*seen, *rest)]
    assert numbers == sorted(set(numbers))
    check_answered_once(user, response_id.removeprefix("resp_"), anew)


def test_from_the_responses_api_to_the_services_own_stream(
    stack: Stack, user: Client, ai: OpenAI, endpoint: EndpointThread
) -> None:
    said = script(slow())
    seen = cut_off(ai, lambda: dead(stack, endpoint, said), said)
    turn = seen[0]["response"]["id"].removeprefix("resp_")
    with user.http.stream("GET", f"/turns/{turn}/events") as response:
        answer = Stream(response).rest()
    assert answer.text() == answer.end.data["message"]["content"] == WHOLE
    assert ai.responses.retrieve(f"resp_{turn}").output_text == WHOLE


def test_an_agui_run_goes_on_when_it_is_run_again_and_ends_on_the_responses_api(
    stack: Stack, user: Client, ai: OpenAI, endpoint: EndpointThread
) -> None:
    said = script(slow())
    given = {"url": user.url, "user": user.user, "threadId": "main", "text": said, "back": True}
    with Scenario("agui_run.mjs", **given) as running:
        turn = running.until("started")["turnId"]
        running.until("text")
        back = dead(stack, endpoint, said)
        left = running.until("left")
        back()
        again = running.result()
    assert left["messages"][-1]["content"].startswith("w0")
    assert again["first"]["outcome"] is None
    assert (again["outcome"], texts(again)) == ("success", [WHOLE])
    assert [message["role"] for message in again["messages"]] == ["user", "assistant"]
    events = Accumulated(told(event) for event in ai.responses.retrieve(f"resp_{turn}", stream=True))
    assert events.answer == WHOLE
    check_answered_once(user, turn)


def test_an_answer_of_use_chat_is_cut_off_and_goes_on_on_three_wires_at_once(
    stack: Stack, user: Client, ai: OpenAI, endpoint: EndpointThread
) -> None:
    said, where = script(slow()), {"url": user.url, "user": user.user}
    with Scenario("aisdk/scenes.mjs", scene="resume", kill=True, after=10, text=said, **where) as page:
        page.until("text")
        kill(stack, "app")()
        turn = user.get("/history")["turns"][-1]["turn_id"]
        retrieving = ai.responses.retrieve(f"resp_{turn}", stream=True)
        with Scenario("agui_run.mjs", threadId="main", **where) as looking, retrieving as stream:
            looking.until("started")
            page.until("resumed")
            endpoint.release(said)
            events = Accumulated(map(told, stream))
            seen = looking.result()
        shown = page.result()
    assert events.answer == WHOLE
    assert [message["content"] for message in seen["messages"] if message["role"] == "assistant"] == [WHOLE]
    assert [part["text"] for part in shown["messages"][-1]["parts"] if part["type"] == "text"] == [WHOLE]
    check_answered_once(user, turn)


def test_the_node_client_comes_back_too_and_others_go_on_with_what_it_began(
    stack: Stack, user: Client, endpoint: EndpointThread
) -> None:
    said, where = script(slow()), {"url": user.url, "user": user.user}
    asked = {"input": said, "create": {"conversation": "main"}}
    with Scenario("responses_run.mjs", back=True, **asked, **where) as running:
        response_id = running.until("started")["id"]
        turn = response_id.removeprefix("resp_")
        running.until("text")
        kill(stack, "app")()
        with Scenario("agui_run.mjs", threadId="main", **where) as looking, user.follow(turn) as stream:
            looking.until("started")
            stream.until("text.delta")
            running.until("back")
            endpoint.release(said)
            assert stream.rest().text() == WHOLE
            assert texts(looking.result()) == [WHOLE]
        seen = running.result()
    assert (seen["id"], seen["status"], seen["text"]) == (response_id, "completed", WHOLE)
    assert seen["numbers"] == sorted(set(seen["numbers"]))
    [again] = node("responses_run.mjs", url=user.url, user=user.user, retrieve=[response_id])
    assert (again["id"], again["text"]) == (response_id, WHOLE)
    check_answered_once(user, turn)


def test_a_cancelled_answer_still_has_its_text_on_every_wire_after_a_death(stack: Stack, user: Client, ai: OpenAI) -> None:
    said = script("tokens=300 delay=100ms")
    with user.say(said) as stream:
        stream.until("text.delta")
        user.post(f"/turns/{stream.turn_id}/cancel")
        turn, shown = stream.turn_id, stream.rest().text()
    user.eventually(f"/turns/{turn}", lambda view: view["message"] is not None)  # what was shown is stored a moment later
    kill(stack, "app")()  # and with it the log is gone
    with user.follow(turn) as stream:
        assert stream.rest().text() == shown
    with user.http.stream("GET", "/api/chat/main/stream", params={"message_id": turn}) as response:
        chunks = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: {")]
    assert "".join(chunk["delta"] for chunk in chunks if chunk["type"] == "text-delta") == shown
    messages = [{"id": f"user-{turn}", "role": "user", "content": said}]
    [again] = node("agui_run.mjs", url=user.url, user=user.user, threadId="main", messages=messages)["runs"]
    assert (again["outcome"], texts(again)) == ("cancelled", [shown])
    events = Accumulated(told(event) for event in ai.responses.retrieve(f"resp_{turn}", stream=True))
    assert events.response.output_text == "".join(item["seen"] for item in events.items.values()) == shown


WIRES = ("own", "aisdk", "agui", "responses")  # each conversation is named after the wire it is begun on


def test_what_is_begun_on_any_wire_goes_on_on_every_other_one_after_a_death(
    stack: Stack, user: Client, ai: OpenAI, endpoint: EndpointThread
) -> None:
    """One death for all twenty pairs, with the unmodified clients: four answers at once, each then read by all five clients."""
    said = {wire: script(whole()) for wire in WIRES}  # they end when everybody has come
    where = {"url": user.url, "user": user.user}
    with ExitStack() as opened:
        own = opened.enter_context(user.say(said["own"], conversation="own"))
        page = opened.enter_context(
            Scenario("aisdk/scenes.mjs", scene="resume", kill=True, after=10, conversation="aisdk", text=said["aisdk"], **where)
        )
        run = opened.enter_context(Scenario("agui_run.mjs", threadId="agui", text=said["agui"], **where))
        own.until("text.delta")
        page.until("text")
        run.until("text")
        cut_off(ai, lambda: kill(stack, "app"), said["responses"], conversation="responses")
    turns = {wire: user.get(f"/history?conversation={wire}")["turns"][-1]["turn_id"] for wire in WIRES}
    with ExitStack() as opened:
        follow = {
            wire: opened.enter_context(Scenario("aisdk/scenes.mjs", scene="follow", conversation=wire, **where))
            for wire in WIRES
        }
        look = {wire: opened.enter_context(Scenario("agui_run.mjs", threadId=wire, **where)) for wire in WIRES}
        named = [f"resp_{turns[wire]}" for wire in WIRES]
        retrieve = opened.enter_context(Scenario("responses_run.mjs", retrieve=named, **where))
        for wire in WIRES:
            follow[wire].until("text")
            look[wire].until("started")
            retrieve.until("text")  # one after the other, of any
        endpoint.release(*said.values())
        for wire, turn in turns.items():
            with user.http.stream("GET", f"/turns/{turn}/events") as response:
                assert Stream(response).rest().text() == WHOLE
            assert Accumulated(told(event) for event in ai.responses.retrieve(f"resp_{turn}", stream=True)).answer == WHOLE
            shown = follow[wire].result()["messages"]
            assert [part["text"] for part in shown[-1]["parts"] if part["type"] == "text"] == [WHOLE]
            assert texts(look[wire].result()) == [WHOLE]
            assert len(user.get(f"/history?conversation={wire}")["turns"]) == 1
        assert [(seen["status"], seen["text"]) for seen in retrieve.result()] == [("completed", WHOLE)] * len(WIRES)

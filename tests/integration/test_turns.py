"""One turn from everywhere: followed and resumed, cancelled at any moment, asked for again by its key, interrupted."""

import time
from typing import Any

import httpx
import pytest

from tests.integration.client import Answer, Client, Stream
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import PATIENCE, until


def slow() -> str:
    """A message whose answer never ends: it is cancelled."""
    return script(held(400))


def script(directive: str) -> str:
    return f"{mark()} [[script: {directive}]]"


def follow(client: Client, turn_id: str, after: str | None = None, *, header: bool = True) -> Answer:
    with client.follow(turn_id, after, header=header) as stream:
        return stream.rest()


def post(client: Client, body: dict[str, Any], **headers: str) -> httpx.Response:
    with client.http.stream("POST", "/chat", json=body, headers=headers) as response:
        response.read()
        return response


# --- follow ---------------------------------------------------------------------------------------------------------------


def test_every_follower_sees_the_frames_of_the_post(client: Client) -> None:
    answer = client.ask(script("tokens=20 delay=2ms"))
    assert follow(client, answer.turn_id).frames == answer.frames
    for place in (0, 5, len(answer.frames) - 2):
        rest = follow(client, answer.turn_id, answer.frames[place].id, header=bool(place % 2))
        assert rest.frames == answer.frames[place + 1 :]
    seen = {"Last-Event-ID": answer.frames[-1].id}
    assert client.http.get(f"/turns/{answer.turn_id}/events", headers=seen).status_code == 204, "what stops an EventSource"


def test_a_reader_who_left_mid_answer_continues_exactly(client: Client) -> None:
    with client.say(script("tokens=60 delay=10ms")) as stream:
        stream.until("text.delta")
        seen = list(stream.seen)
    rest = follow(client, stream.turn_id, seen[-1].id)
    whole = follow(client, stream.turn_id)
    assert tuple(seen) + rest.frames == whole.frames
    assert whole.text() == whole.end.data["message"]["content"]


@pytest.mark.parametrize(
    ("cursor", "code"),
    [
        ("nonsense", "bad_cursor"),
        ("{turn}/2", "bad_cursor"),
        ("{turn}/99999999999999999999-0", "bad_cursor"),
        ("main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa/2-0", "cursor_of_another_turn"),
        ("{turn}/77-0", "cursor_from_the_future"),
    ],
)
def test_a_cursor_that_names_no_place_is_refused(client: Client, cursor: str, code: str) -> None:
    answer = client.ask(script("tokens=3"))
    response = client.http.get(f"/turns/{answer.turn_id}/events", headers={"Last-Event-ID": cursor.format(turn=answer.turn_id)})
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_place_that_a_running_turn_has_not_reached_is_refused(client: Client) -> None:
    with client.say(slow()) as stream:
        stream.until("text.delta")
        cursor = {"after": f"{stream.turn_id}/2-999999"}
        refused = client.http.get(f"/turns/{stream.turn_id}/events", params=cursor)
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_from_the_future")
    client.post(f"/turns/{stream.turn_id}/cancel")


def test_nobody_else_can_follow_or_cancel(client: Client, make_client: Any) -> None:
    with client.say(slow()) as stream:
        other = make_client()
        assert other.http.get(f"/turns/{stream.turn_id}/events").status_code == 404
        assert other.http.post(f"/turns/{stream.turn_id}/cancel", json={}).status_code == 404
    client.post(f"/turns/{stream.turn_id}/cancel")


# --- cancel ---------------------------------------------------------------------------------------------------------------


def test_cancel_mid_answer_stops_the_provider_and_keeps_what_was_shown(client: Client, endpoint: EndpointThread) -> None:
    said = slow()
    with client.say(said) as stream:
        stream.until("text.delta")
        assert client.post(f"/turns/{stream.turn_id}/cancel") == {"turn_id": stream.turn_id, "status": "cancelled"}
        answer = stream.rest()
    assert answer.end.event == "turn.cancelled"
    until(lambda: endpoint.requests(said)[0].disconnected is not None, PATIENCE, lambda: "the provider's stream stays open")

    kept = client.eventually(f"/turns/{stream.turn_id}", lambda turn: turn["message"] is not None)["message"]
    assert (kept["content"], kept["interrupted"]) == (answer.text(), True)
    assert client.ask(script('text="next"')).end.data["message"]["content"] == "next"
    assert len(endpoint.requests(said)) == 1


def test_cancel_twice_and_after_the_end_says_what_it_is(client: Client) -> None:
    with client.say(slow()) as stream:
        stream.until("turn.started")
        for _ in range(2):
            assert client.post(f"/turns/{stream.turn_id}/cancel")["status"] == "cancelled"
        assert stream.rest().end.event == "turn.cancelled"
    done = client.ask(script("tokens=2"))
    assert client.post(f"/turns/{done.turn_id}/cancel", effects="keep")["status"] == "completed"
    assert follow(client, done.turn_id).end.event == "turn.completed"


def test_cancel_before_the_first_token(client: Client, endpoint: EndpointThread) -> None:
    said = script("fault=hang tokens=10")
    with client.say(said) as stream:
        stream.until("step.started")
        until(lambda: len(endpoint.requests(said)) == 1, PATIENCE, lambda: "the model is not asked")
        client.post(f"/turns/{stream.turn_id}/cancel")
        assert stream.rest().end.event == "turn.cancelled"
    until(lambda: endpoint.requests(said)[0].disconnected is not None, PATIENCE, lambda: "the provider's stream stays open")


def test_a_waiting_turn_is_cancelled_and_never_asked(client: Client, endpoint: EndpointThread) -> None:
    first = client.drop(slow())
    said = script("tokens=5")
    with client.say(said) as waiting:
        waiting.until("turn.queued")
        client.post(f"/turns/{waiting.turn_id}/cancel")
        assert waiting.rest().end.event == "turn.cancelled"
    client.post(f"/turns/{first}/cancel")
    client.ask(script("tokens=1"))
    assert endpoint.requests(said) == []


# --- busy -----------------------------------------------------------------------------------------------------------------


def test_reject_names_the_turn_that_runs(client: Client) -> None:
    running = client.drop(slow())
    refused = post(client, {"message": script("tokens=1"), "on_busy": "reject"})
    assert (refused.status_code, refused.json()["code"], refused.json()["turn_id"]) == (409, "turn_running", running)
    client.post(f"/turns/{running}/cancel")
    assert client.ask(script("tokens=1")).end.event == "turn.completed"


def test_interrupt_cancels_what_runs_and_goes_next(client: Client) -> None:
    with client.say(slow()) as first:
        first.until("text.delta")
        waiting = client.drop(script('text="third"'))
        body = {"message": script('text="second"'), "on_busy": "interrupt"}
        with client.http.stream("POST", "/chat", json=body) as response:
            second = Stream(response).rest()
        assert first.rest().end.event == "turn.cancelled"
    assert second.end.data["message"]["content"] == "second"
    assert client.ended(waiting)["message"]["content"] == "third", "who waited still gets an answer"
    kept = client.eventually(f"/turns/{first.turn_id}", lambda turn: turn["message"] is not None)["message"]
    assert kept["interrupted"] is True


# --- idempotency keys -----------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_is_the_same_turn(client: Client, endpoint: EndpointThread) -> None:
    body = {"message": script("tokens=20 delay=5ms")}
    key = {"Idempotency-Key": f"k-{time.time_ns()}"}
    first, again = post(client, body, **key), post(client, body, **key)
    assert first.headers["x-turn-id"] == again.headers["x-turn-id"]
    assert [b for b in first.content.split(b"\n\n") if b.startswith(b"id")] == [
        b for b in again.content.split(b"\n\n") if b.startswith(b"id")
    ]
    assert len(endpoint.requests(body["message"])) == 1
    assert client.get("/history")["total_turns"] == 1

    other = post(client, {"message": "something else"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    client.http.delete("/history").raise_for_status()
    gone = post(client, body, **key)
    assert (gone.status_code, gone.json()["code"]) == (410, "turn_cleared")
    assert len(endpoint.requests(body["message"])) == 1


def test_a_key_that_no_header_carries_is_refused(client: Client) -> None:
    for key in ("", "x" * 256):
        refused = post(client, {"message": "hello"}, **{"Idempotency-Key": key})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_idempotency_key")

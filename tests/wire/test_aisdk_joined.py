"""One turn, two protocols: begun on the service's own stream and followed by useChat, and the other way round."""

import json

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.wire.held import WHOLE, whole
from tests.wire.test_aisdk import said, scene_of, text


def test_a_turn_of_the_services_own_stream_goes_on_here(client: Client, endpoint: EndpointThread) -> None:
    message = said(whole())
    with client.say(message) as stream:
        stream.until("text.delta")
        turn_id = stream.turn_id
    with scene_of(client, "follow") as page:
        page.until("text")
        endpoint.release(message)
        shown = page.result()
    assert [m["id"] for m in shown["messages"]] == [turn_id]
    assert text(shown["messages"][0]) == WHOLE == client.turn(turn_id)["message"]["content"]


def test_a_turn_of_this_stream_goes_on_there_exactly_behind_any_frame(client: Client, endpoint: EndpointThread) -> None:
    message = said(f"{whole()} delay=20ms")
    body = {"id": "main", "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": message}]}]}
    shown, last = "", ""
    with client.http.stream("POST", "/api/chat", json=body) as response:
        assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
        turn_id = response.headers["x-turn-id"]
        for line in response.iter_lines():
            if line.startswith("id: "):
                last = line.removeprefix("id: ")
            elif line.startswith("data: "):
                shown += json.loads(line.removeprefix("data: ")).get("delta", "")
            if len(shown) > 40:
                break
    endpoint.release(message)
    with client.follow(turn_id, last) as stream:
        rest = stream.rest().all("text.delta")
    assert shown + "".join(event["delta"] for event in rest) == WHOLE

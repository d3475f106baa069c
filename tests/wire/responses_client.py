"""What the openai package itself makes of our events: its types, checked strictly, and its accumulator of streams."""

from collections.abc import Iterable
from typing import Any, get_args

import httpx2
from openai import OpenAI
from openai._models import construct_type
from openai._types import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent

from tests.integration.client import Client

_KINDS = {get_args(m.model_fields["type"].annotation)[0]: m for m in get_args(get_args(ResponseStreamEvent)[0])}
TERMINAL = ("response.completed", "response.failed", "response.incomplete")


class Accumulated:
    """Events as the package takes them. ``texts`` by output index are what a reader has seen in the end."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.events = list(events)
        self._state = ResponseStreamState(input_tools=omit, text_format=omit)
        self.items: dict[int, dict[str, Any]] = {}
        assert self.numbers == sorted(set(self.numbers))
        for event in self.events:
            _KINDS[event["type"]].model_validate(event)
            self._state.handle_event(construct_type(type_=ResponseStreamEvent, value=event))  # pyright: ignore[reportArgumentType]
            self._see(event)
        assert [e["type"] for e in self.events if e["type"] in TERMINAL] == [self.events[-1]["type"]]
        self.response = Response.model_validate(self.events[-1]["response"])
        completed = self._state._completed_response
        assert (completed is not None) == (self.events[-1]["type"] == "response.completed")
        assert completed is None or completed.output_text == self.response.output_text

    def _see(self, event: dict[str, Any]) -> None:
        """The deltas of an item are its text, and an item that is done is what it was told to become."""
        match event["type"]:
            case "response.output_item.added":
                assert event["output_index"] == len(self.items)
                self.items[event["output_index"]] = {**event["item"], "seen": ""}
            case "response.output_text.delta":
                self.items[event["output_index"]]["seen"] += event["delta"]
            case "response.output_item.done":
                seen = self.items[event["output_index"]]["seen"]
                self.items[event["output_index"]] = {**event["item"], "seen": seen}
                if event["item"]["type"] == "message":
                    assert [part["text"] for part in event["item"]["content"]] == [seen]
            case _:
                pass

    @property
    def numbers(self) -> list[int]:
        return [event["sequence_number"] for event in self.events]

    @property
    def types(self) -> list[str]:
        return [event["type"].removeprefix("response.") for event in self.events]

    @property
    def answer(self) -> str:
        """What the package calls the final answer, apart from what was said beside tool calls."""
        messages = [item for item in self.response.output if item.type == "message" and item.phase == "final_answer"]
        return "".join(part.text for item in messages for part in item.content if part.type == "output_text")

    @property
    def results(self) -> list[tuple[str, str | None]]:
        """Each call's status and output, in the response that ends the stream."""
        return [(item.status or "", item.output) for item in self.response.output if item.type == "mcp_call"]


def openai_client(client: Client) -> OpenAI:
    """The package as its users make it, speaking for the same user as ``client``."""
    headers = {"X-User-Id": client.user}
    return OpenAI(base_url=f"{client.url}/v1", api_key="whatever", default_headers=headers, max_retries=0)


def read_by_openai(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """What the package's own reader makes of a stream that comes in these pieces."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=iter(pieces))

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    with OpenAI(base_url="http://nowhere.invalid/v1", api_key="any", http_client=transport) as ai:
        return [told(event) for event in ai.responses.create(input="hi", stream=True)]


def told(event: Any) -> dict[str, Any]:
    """The event as it came."""
    return event.to_dict()

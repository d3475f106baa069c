"""How the tests of the model adapter ask it, and read what it says."""

from typing import Any

import pytest

from agent.adapters.model import OpenAIModel
from agent.domain.model import ModelEvent, ModelFailed, ModelRequest, TextPart, ToolCallPart
from tests.fakes.endpoint_wire import chunk

KEY = "sk-very-secret-key"
REQUEST = ModelRequest(
    messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi, Zoë"}],
    tools=[{"type": "function", "function": {"name": "get_task", "parameters": {"type": "object", "properties": {}}}}],
)
STOP = chunk(finish="stop")


async def ask(model: OpenAIModel, request: ModelRequest = REQUEST) -> list[ModelEvent]:
    return [event async for event in model.stream(request)]


async def fail(model: OpenAIModel) -> tuple[ModelFailed, str]:
    """The failure, and the text that came before it."""
    text = ""
    with pytest.raises(ModelFailed) as caught:
        async for event in model.stream(REQUEST):
            text += event.text if isinstance(event, TextPart) else ""
    assert KEY not in caught.value.detail
    assert len(caught.value.detail) < 300
    return caught.value, text


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPart))


def calls(events: list[ModelEvent]) -> list[ToolCallPart]:
    return [event for event in events if isinstance(event, ToolCallPart)]


def call(index: int | None, arguments: str, name: str | None = None, call_id: str | None = None) -> dict[str, Any]:
    fragment: dict[str, Any] = {"function": {"arguments": arguments, "name": name}, "id": call_id, "index": index}
    return {key: value for key, value in fragment.items() if value is not None}

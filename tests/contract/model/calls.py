"""How the tests of the model adapter ask it, and read what it says."""

from typing import Any

import pytest

from agent.adapters.model import OpenAIModel
from agent.domain.model import ModelEvent, ModelFailed, ModelRequest, TextPart, ToolCallPart
from tests.fakes.endpoint_script import Step
from tests.fakes.endpoint_wire import chunk
from tests.fakes.scripted_endpoint import ScriptedEndpoint

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


async def left(endpoint: ScriptedEndpoint, step: Step, words: str, **bounds: float) -> tuple[ModelFailed, str]:
    """How a call with ``bounds`` failed that the endpoint never ends, and what it had heard when it left.

    A machine that was too slow to say ``words`` in time gets thirty times as long.
    """
    endpoint.queue(step)
    failure, text = await _left(endpoint, bounds)
    if endpoint.ledger and text.startswith(words):
        return failure, text
    endpoint.queue(*[step] * len(endpoint.ledger))  # who asked nobody has left the step in the queue
    return await _left(endpoint, {bound: 30 * seconds for bound, seconds in bounds.items()})


async def _left(endpoint: ScriptedEndpoint, bounds: dict[str, float]) -> tuple[ModelFailed, str]:
    model = OpenAIModel(endpoint.base_url, KEY, "m", **bounds)
    failure, text = await fail(model)
    await endpoint.until(lambda: not endpoint.connections)
    await model.aclose()
    return failure, text


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPart))


def calls(events: list[ModelEvent]) -> list[ToolCallPart]:
    return [event for event in events if isinstance(event, ToolCallPart)]


def call(index: int | None, arguments: str, name: str | None = None, call_id: str | None = None) -> dict[str, Any]:
    fragment: dict[str, Any] = {"function": {"arguments": arguments, "name": name}, "id": call_id, "index": index}
    return {key: value for key, value in fragment.items() if value is not None}

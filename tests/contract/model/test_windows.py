"""What servers say when a context is too long, as they say it, and the window it names."""

import json

import pytest

from agent.adapters.model import OpenAIModel
from tests.contract.model.calls import fail
from tests.fakes.endpoint_script import Step
from tests.fakes.scripted_endpoint import ScriptedEndpoint

SAID = {
    "openai": ("This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.", 8192),
    "vllm": ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the", 4096),
    "llama.cpp": ("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096),
    "lm studio": ("tokens to keep is greater than the context length (n_keep: 5000>= n_ctx: 4096)", 4096),
    "mistral": ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", None),
    "anthropic": ("prompt is too long: 210000 tokens > 200000 maximum", None),
    "nonsense": ("maximum context length is 7 or 99999999999999999999 or -1 or 1e9 tokens", None),
}


@pytest.mark.parametrize(("message", "window"), SAID.values(), ids=SAID.keys())
async def test_the_window(endpoint: ScriptedEndpoint, model: OpenAIModel, message: str, window: int | None) -> None:
    endpoint.queue(Step(status=400, raw=(json.dumps({"error": {"message": message, "code": 400}}).encode(),)))
    failure, _ = await fail(model)
    assert (failure.code, failure.window) == ("context_too_long", window)


async def test_a_code_alone_is_enough(endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
    endpoint.queue(Step(status=400, raw=(b'{"error": {"code": "context_length_exceeded"}}',)))
    failure, _ = await fail(model)
    assert (failure.code, failure.window) == ("context_too_long", None)
    assert failure.detail == "The conversation is too long for the model."


async def test_a_busy_endpoint_that_mentions_the_context_is_busy(endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
    said = b'{"error": {"message": "too many tokens per minute; mind the context window", "code": "rate_limit_exceeded"}}'
    endpoint.queue(Step(status=429, raw=(said,)))
    assert (await fail(model))[0].code == "model_rate_limited"

"""The scripted endpoint, and the adapter that talks to it."""

from collections.abc import AsyncIterator

import pytest

from agent.adapters.model import OpenAIModel
from tests.contract.model.calls import KEY
from tests.fakes.scripted_endpoint import ScriptedEndpoint


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def model(endpoint: ScriptedEndpoint) -> AsyncIterator[OpenAIModel]:
    model = OpenAIModel(endpoint.base_url, KEY, "gpt-test", stall_timeout=30.0, step_timeout=60.0)
    yield model
    await model.aclose()

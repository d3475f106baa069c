"""What the openai packages do by themselves when a connection is lost: with a key it is one response, without one it is two."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai import OpenAI

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.wire.cut import CutRelay
from tests.wire.held import WHOLE, whole
from tests.wire.node import Scenario

STEPS = 2


def asked() -> str:
    """Makes a task, then answers when the test lets it."""
    return script(tool("create_task", NEW_TASK), whole())


def cut_and_release(endpoint: EndpointThread, relay: CutRelay, said: str) -> None:
    """The connection is lost in the last step's middle, before whoever waits has got a byte."""
    endpoint.wait(said, lambda requests: len(requests) == STEPS and requests[-1].sent > 2)
    relay.cut()
    endpoint.release(said)


def check(client: Client, endpoint: EndpointThread, said: str, keyed: bool) -> None:
    times = 1 if keyed else 2
    assert len(endpoint.requests(said)) == times * STEPS
    assert len(client.get("/tasks")["tasks"]) == times


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without one"])
def test_the_package_for_python_asks_again(service: Stack, client: Client, endpoint: EndpointThread, keyed: bool) -> None:
    said, headers = asked(), {"X-User-Id": client.user}
    recipe: Any = {"extra_headers": {"Idempotency-Key": str(uuid.uuid4())}} if keyed else {}
    with (
        CutRelay(service.port) as relay,
        OpenAI(base_url=f"{relay.url}/v1", api_key="any", default_headers=headers) as ai,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = pool.submit(lambda: ai.responses.create(input=said, **recipe))
        cut_and_release(endpoint, relay, said)
        assert waiting.result(60).output_text == WHOLE
    check(client, endpoint, said, keyed)


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without one"])
def test_the_package_for_node_asks_again(service: Stack, client: Client, endpoint: EndpointThread, keyed: bool) -> None:
    said = asked()
    with (
        CutRelay(service.port) as relay,
        Scenario("responses_retry.mjs", url=relay.url, user=client.user, input=said, keyed=keyed) as waiting,
    ):
        cut_and_release(endpoint, relay, said)
        assert waiting.result() == WHOLE
    check(client, endpoint, said, keyed)

"""An endpoint that is down, for everyone: it is left alone, turns fail soon and say so, and it is found again by itself."""

from collections.abc import Iterator

import httpx
import pytest

from agent.domain.limits import MODEL_ATTEMPTS_MAX, MODEL_CIRCUIT_FAILURES
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.profiles import Profile
from tests.integration.stack import Stack

USERS = 12  # for each replica: each finds out for itself


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    """A service of its own, with the circuit as it is for everyone."""
    env = {**endpoint.env, "TASK_AGENT_MODEL_CIRCUIT_FAILURES": str(MODEL_CIRCUIT_FAILURES)}
    with profile.stack(tmp_path_factory.mktemp("circuit") / "data", env) as running:
        yield running


def test_an_outage_fails_fast_for_everyone_and_recovers_by_itself(stack: Stack, endpoint: EndpointThread) -> None:
    marked, users = mark(), USERS * stack.replicas
    clients = [Client(stack.urls) for _ in range(users)]
    turns = [client.drop(f"{marked} [[script: fault=503]]") for client in clients]
    failures = [client.ended(turn, 60)["failure"] for client, turn in zip(clients, turns, strict=True)]

    assert {failure["code"] for failure in failures} <= {"model_error", "model_unavailable"}
    refused = [failure for failure in failures if failure["code"] == "model_unavailable"]
    assert len(refused) > users / 2
    for failure in refused:
        assert failure["retryable"]
        assert "seems to be down" in failure["message"]
        assert failure["message"].endswith(f"; tried {MODEL_ATTEMPTS_MAX} times.")
    assert len(endpoint.requests(marked)) < users * MODEL_ATTEMPTS_MAX / 2, "it was left alone"
    ready = [httpx.get(f"{url}/readyz", timeout=60, trust_env=False).status_code for url in stack.urls]
    assert ready == [200] * stack.replicas, "what the model does, does not make a replica unready"

    for client in clients:
        answer = client.ask(f'{mark()} [[script: text="back again"]]')
        assert (answer.end.event, answer.text()) == ("turn.completed", "back again")
        client.close()

"""An endpoint that is down, for everyone: it is left alone, turns fail soon and say so, and it is found again by itself."""

from collections.abc import Iterator

import pytest

from agent.domain.limits import MODEL_ATTEMPTS_MAX, MODEL_CIRCUIT_FAILURES
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, mark
from tests.integration.stack import Stack, is_ready

USERS = 12


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread) -> Iterator[Stack]:
    """A service of its own, with the circuit as it is for everyone."""
    env = {**endpoint.env, "TASK_AGENT_MODEL_CIRCUIT_FAILURES": str(MODEL_CIRCUIT_FAILURES)}
    with Stack(tmp_path_factory.mktemp("circuit") / "data", env=env) as running:
        yield running


def test_an_outage_fails_fast_for_everyone_and_recovers_by_itself(stack: Stack, endpoint: EndpointThread) -> None:
    marked = mark()
    clients = [Client(stack.url) for _ in range(USERS)]
    turns = [client.drop(f"{marked} [[script: fault=503]]") for client in clients]
    failures = [client.ended(turn, 60)["failure"] for client, turn in zip(clients, turns, strict=True)]

    assert {failure["code"] for failure in failures} <= {"model_error", "model_unavailable"}
    refused = [failure for failure in failures if failure["code"] == "model_unavailable"]
    assert len(refused) > USERS / 2
    for failure in refused:
        assert failure["retryable"]
        assert "seems to be down" in failure["message"]
        assert failure["message"].endswith(f"; tried {MODEL_ATTEMPTS_MAX} times.")
    assert len(endpoint.requests(marked)) < USERS * MODEL_ATTEMPTS_MAX / 2, "it was left alone"
    assert is_ready(stack.url), "what the model does, does not make the replica unready"

    for client in clients:
        answer = client.ask(f'{mark()} [[script: text="back again"]]')
        assert (answer.end.event, answer.text()) == ("turn.completed", "back again")
        client.close()

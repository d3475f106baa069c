"""The circuit in front of the real client: an endpoint that is down is left alone, and found again by a single call."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent.adapters.circuit import CircuitModel
from agent.adapters.model import OpenAIModel
from agent.domain import limits
from agent.domain.model import ModelFailed
from agent.ports import Model
from tests.contract.model.calls import KEY, REQUEST
from tests.fakes.endpoint_script import Step
from tests.fakes.scripted_endpoint import ScriptedEndpoint

PAUSE = 3.0
MOST = 3
DOWN, WORKS = Step(fault="503"), Step(tokens=1)


class Clock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(endpoint: ScriptedEndpoint) -> AsyncIterator[OpenAIModel]:
    client = OpenAIModel(endpoint.base_url, KEY, "m", stall_timeout=30.0)
    yield client
    await client.aclose()


@pytest.fixture
async def hasty(endpoint: ScriptedEndpoint) -> AsyncIterator[OpenAIModel]:
    client = OpenAIModel(endpoint.base_url, KEY, "m", stall_timeout=0.5)
    yield client
    await client.aclose()


@pytest.fixture
def circuit(client: OpenAIModel, clock: Clock) -> CircuitModel:
    return CircuitModel(client, failures_max=MOST, pause=PAUSE, clock=clock)


async def outcome(model: Model) -> str:
    """How a call ended: a code, or "good"."""
    try:
        async for _ in model.stream(REQUEST):
            pass
    except ModelFailed as failure:
        return failure.code
    return "good"


async def outcomes(endpoint: ScriptedEndpoint, model: Model, *steps: Step) -> list[str]:
    endpoint.queue(*steps)
    return [await outcome(model) for _ in steps]


async def opened(endpoint: ScriptedEndpoint, model: Model) -> None:
    assert await outcomes(endpoint, model, *[DOWN] * MOST) == ["model_error"] * MOST
    assert await outcome(model) == "model_unavailable"


def test_one_turn_alone_opens_nothing() -> None:
    assert limits.MODEL_CIRCUIT_FAILURES > limits.MODEL_ATTEMPTS_MAX


@pytest.mark.parametrize("fault", ["refuse", "500", "503", "hang", "stall"])
async def test_failures_of_the_endpoint_open_it(
    endpoint: ScriptedEndpoint, client: OpenAIModel, hasty: OpenAIModel, clock: Clock, fault: str
) -> None:
    model = hasty if fault in ("hang", "stall") else client
    circuit = CircuitModel(model, failures_max=MOST, pause=PAUSE, clock=clock)
    assert "good" not in await outcomes(endpoint, circuit, *[Step(fault=fault)] * MOST)
    asked = len(endpoint.ledger)
    with pytest.raises(ModelFailed) as caught:
        await anext(circuit.stream(REQUEST))
    refused = caught.value
    assert (refused.code, refused.retryable, refused.retry_after) == ("model_unavailable", True, PAUSE)
    assert "seems to be down" in refused.detail and KEY not in refused.detail
    assert len(endpoint.ledger) == asked, "nobody asked it"


async def test_what_the_endpoint_said_of_one_request_is_told_to_nobody_else(
    endpoint: ScriptedEndpoint, circuit: CircuitModel, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.queue(*[Step(status=503, raw=(b'{"error": {"message": "no slot for: Dear diary"}}',))] * MOST)
    for _ in range(MOST):
        with pytest.raises(ModelFailed, match="Dear diary"):
            await anext(circuit.stream(REQUEST))
    with pytest.raises(ModelFailed, match="it answered with an error") as refused:
        await anext(circuit.stream(REQUEST))
    assert refused.value.code == "model_unavailable"
    assert "diary" not in refused.value.detail
    assert "not asked" in caplog.text and "diary" not in caplog.text


@pytest.mark.parametrize(
    "fault", ["429", "401", "400", "404", "context", "quota", "content_filter", "empty", "nonsense", "cut"]
)
async def test_other_failures_do_not(endpoint: ScriptedEndpoint, circuit: CircuitModel, fault: str) -> None:
    steps = [Step(fault=fault, after=1)] * (MOST + 1)
    assert "model_unavailable" not in await outcomes(endpoint, circuit, *steps)
    assert await outcomes(endpoint, circuit, DOWN, WORKS) == ["model_error", "good"]


@pytest.mark.parametrize("between", [WORKS, Step(fault="429")])
async def test_only_failures_in_a_row_count(endpoint: ScriptedEndpoint, circuit: CircuitModel, between: Step) -> None:
    row = [DOWN] * (MOST - 1)
    assert "model_unavailable" not in await outcomes(endpoint, circuit, *row, between, *row, between, *row)


async def test_it_says_how_long_it_stays_open(endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock) -> None:
    await opened(endpoint, circuit)
    clock.seconds += 1.25
    with pytest.raises(ModelFailed) as refused:
        await anext(circuit.stream(REQUEST))
    assert refused.value.retry_after == PAUSE - 1.25


async def test_after_the_pause_a_good_answer_closes_it(endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock) -> None:
    await opened(endpoint, circuit)
    clock.seconds += PAUSE
    row = [DOWN] * (MOST - 1)
    assert await outcomes(endpoint, circuit, WORKS, *row, WORKS) == ["good", *["model_error"] * (MOST - 1), "good"]


async def test_a_probe_that_fails_opens_it_for_another_pause(
    endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock
) -> None:
    await opened(endpoint, circuit)
    for _ in range(3):
        clock.seconds += PAUSE - 1
        assert await outcome(circuit) == "model_unavailable"
        clock.seconds += 1
        assert await outcomes(endpoint, circuit, DOWN) == ["model_error"]
    clock.seconds += PAUSE
    assert await outcomes(endpoint, circuit, WORKS) == ["good"]


async def test_a_probe_that_is_refused_for_its_request_closes_it(
    endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock
) -> None:
    await opened(endpoint, circuit)
    clock.seconds += PAUSE
    assert await outcomes(endpoint, circuit, Step(fault="400"), WORKS) == ["model_rejected", "good"]


async def test_exactly_one_call_probes_and_one_that_is_cancelled_lets_the_next(
    endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock
) -> None:
    await opened(endpoint, circuit)
    clock.seconds += PAUSE
    endpoint.queue(DOWN)
    ends = await asyncio.gather(*(outcome(circuit) for _ in range(10)))
    assert sorted(ends) == ["model_error", *["model_unavailable"] * 9]

    clock.seconds += PAUSE
    endpoint.queue(Step(fault="hang"))
    asked = len(endpoint.ledger)
    probe = asyncio.create_task(outcome(circuit))
    await endpoint.until(lambda: len(endpoint.ledger) > asked)
    assert await outcome(circuit) == "model_unavailable"
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await outcomes(endpoint, circuit, WORKS) == ["good"]


async def test_the_first_word_lets_the_others_in_on_trial(
    endpoint: ScriptedEndpoint, circuit: CircuitModel, clock: Clock
) -> None:
    await opened(endpoint, circuit)
    clock.seconds += PAUSE
    endpoint.queue(Step(tokens=1_000, delay=0.01), DOWN)
    probe = circuit.stream(REQUEST)
    await anext(probe)
    assert await outcome(circuit) == "model_error", "it was asked"
    assert await outcome(circuit) == "model_unavailable", "one failure was enough"
    await probe.aclose()


async def test_what_began_before_it_opened_is_no_news(endpoint: ScriptedEndpoint, client: OpenAIModel, clock: Clock) -> None:
    circuit = CircuitModel(client, failures_max=1, pause=PAUSE, clock=clock)
    endpoint.queue(Step(fault="hang"))
    old = asyncio.create_task(outcome(circuit))
    await endpoint.until(lambda: bool(endpoint.ledger))
    [hanging] = endpoint.connections
    assert await outcomes(endpoint, circuit, DOWN) == ["model_error"]
    clock.seconds += PAUSE
    assert await outcomes(endpoint, circuit, WORKS) == ["good"]
    hanging.abort()
    assert await old == "model_unreachable"
    assert await outcomes(endpoint, circuit, WORKS) == ["good"], "the late failure opened nothing"

"""A model endpoint that fails in every way: bounded attempts, then an ending with a code, and the next message works.

All turns are started at once, each in a conversation of its own, so that their pauses pass at the same time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agent.domain.limits import MODEL_ATTEMPTS_MAX, MODEL_STALL_TIMEOUT
from agent.domain.retry import model_retry_delay
from tests.integration.client import Client
from tests.integration.endpoint import SECRET, EndpointThread, mark
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK, tool


@dataclass(frozen=True)
class Case:
    """What the endpoint does, and how the turn must end: ``code`` empty means completed."""

    script: str
    code: str = ""
    retryable: bool = True
    attempts: int = MODEL_ATTEMPTS_MAX


CASES = {
    "refuses": Case("fault=refuse", "model_unreachable"),
    "cuts": Case("fault=cut after=3", "model_cut_off"),
    "resets": Case("fault=reset after=3", "model_cut_off"),
    "ends without a finish": Case("fault=end after=3", "model_cut_off"),
    "says nothing": Case("fault=empty", "empty_answer"),
    "nonsense": Case("fault=nonsense", "model_nonsense"),
    "a web page": Case("fault=html", "model_nonsense"),
    "bad JSON": Case("fault=badjson after=2", "model_nonsense"),
    "error in the stream": Case("fault=error after=2", "model_error"),
    "500": Case("fault=500", "model_error"),
    "503": Case("fault=503", "model_error"),
    "429": Case("fault=429", "model_rate_limited"),
    "401": Case("fault=401", "model_auth", retryable=False, attempts=1),
    "404": Case("fault=404", "model_rejected", retryable=False, attempts=1),
    "quota": Case("fault=quota", "model_rate_limited", retryable=False, attempts=1),
    "context": Case("fault=context", "context_too_long", retryable=False, attempts=1),
    "filter": Case("fault=content_filter after=2", "content_filtered", retryable=False, attempts=1),
    "endless": Case("fault=huge", "answer_too_large", retryable=False, attempts=1),
    "recovers from a cut": Case("fault=cut after=3 times=2 tokens=10", attempts=3),
    "recovers from a refusal": Case("fault=refuse times=1 tokens=10", attempts=2),
    "recovers from nonsense": Case("fault=nonsense times=3 tokens=10", attempts=4),
    "asks for patience": Case("fault=429 retry_after=4 times=1 tokens=10", attempts=2),
    "hangs once": Case("fault=hang times=1 tokens=10", attempts=2),
    "stalls once": Case("fault=stall after=3 times=1 tokens=10", attempts=2),
    "odd finish": Case("fault=odd_finish tokens=10", attempts=1),
    "cuts a call": Case(f"{tool('create_task', NEW_TASK)} fault=cut times=1]] [[script: tokens=10", attempts=3),
}
FAILING = [name for name, case in CASES.items() if case.code]
WORKING = [name for name, case in CASES.items() if not case.code]


@dataclass(frozen=True)
class Started:
    client: Client
    marks: dict[str, str]
    turns: dict[str, str]


@pytest.fixture(scope="module")
def started(service: Stack) -> Iterator[Started]:
    """Every case's turn, running."""
    client = Client(service.urls)
    marks = {name: mark() for name in CASES}
    turns = {name: client.drop(f"{marks[name]} [[script: {case.script}]]", conversation(name)) for name, case in CASES.items()}
    yield Started(client, marks, turns)
    client.close()


def conversation(name: str) -> str:
    return "c-" + name.replace(" ", "-")


@pytest.mark.parametrize("name", FAILING)
def test_it_fails_with_a_code_after_bounded_attempts(started: Started, endpoint: EndpointThread, name: str) -> None:
    case = CASES[name]
    turn = started.client.ended(started.turns[name], 60)

    assert turn["status"] == "failed"
    assert (turn["failure"]["code"], turn["failure"]["retryable"]) == (case.code, case.retryable)
    assert turn["failure"]["message"] and SECRET not in turn["failure"]["message"]
    assert turn["failure"]["message"].endswith("; tried 4 times.") == (case.attempts == MODEL_ATTEMPTS_MAX)
    assert turn["terminal"]["type"] == "turn.failed"
    assert turn["message"] is None
    requests = endpoint.requests(started.marks[name])
    assert len(requests) == case.attempts
    pauses = [after.started - before.started for before, after in zip(requests, requests[1:], strict=False)]
    delays = [model_retry_delay(turn["turn_id"], attempt, True, None) or 0.0 for attempt in range(len(pauses))]
    assert all(pause > delay - 0.05 for pause, delay in zip(pauses, delays, strict=True)), "none before its time"

    answer = started.client.ask(f'{mark()} [[script: text="works again"]]', conversation(name))
    assert answer.end.data["message"]["content"] == "works again"


@pytest.mark.parametrize("name", WORKING)
def test_it_recovers(started: Started, endpoint: EndpointThread, name: str) -> None:
    case = CASES[name]
    turn = started.client.ended(started.turns[name], 90)

    assert (turn["status"], turn["failure"]) == ("completed", None)
    assert turn["message"]["content"] == " ".join(f"w{n}" for n in range(10)), "the whole text, once"
    assert len(endpoint.requests(started.marks[name])) == case.attempts
    assert turn["attempts"] == 1, "one workflow instance did it all"


def test_a_reader_sees_each_restart_and_the_text_once(client: Client) -> None:
    answer = client.ask(f"{mark()} [[script: fault=cut after=3 times=2 tokens=10]]")

    assert answer.text() == answer.end.data["message"]["content"] == " ".join(f"w{n}" for n in range(10))
    assert [frame.data["step"] for frame in answer.frames if frame.event == "step.restarted"] == [0, 0]
    epochs = [int(frame.id.split("/")[1].split("-")[0]) for frame in answer.frames]
    assert epochs == sorted(epochs) and set(epochs[:-1]) == {2, 3, 4}
    for epoch in (2, 3, 4):
        seqs = [int(frame.id.rsplit("-", 1)[1]) for frame in answer.frames if f"/{epoch}-" in frame.id]
        assert seqs == list(range(len(seqs)))
    assert all(frame.event == "step.restarted" for frame in answer.frames if frame.id.endswith(("/3-0", "/4-0")))


def test_a_reader_sees_the_failure_and_nothing_after_it(client: Client) -> None:
    answer = client.ask(f"{mark()} [[script: fault=cut after=3]]")

    assert answer.events.count("step.restarted") == MODEL_ATTEMPTS_MAX - 1
    assert answer.end.event == "turn.failed"
    assert answer.end.data == client.turn(answer.turn_id)["terminal"]


def test_retry_after_is_honoured(started: Started, endpoint: EndpointThread) -> None:
    started.client.ended(started.turns["asks for patience"])
    first, second = endpoint.requests(started.marks["asks for patience"])
    assert second.started - first.started >= 4.0, "its own pause would be half a second"


@pytest.mark.parametrize("name", ["hangs once", "stalls once"])
def test_silence_is_given_up(started: Started, endpoint: EndpointThread, name: str) -> None:
    started.client.ended(started.turns[name], 90)
    first, second = endpoint.requests(started.marks[name])
    assert first.disconnected is not None, "the silent connection was closed"
    assert MODEL_STALL_TIMEOUT <= second.started - first.started < 2 * MODEL_STALL_TIMEOUT


def test_a_call_that_was_cut_is_made_once(started: Started) -> None:
    turn = started.client.ended(started.turns["cuts a call"])
    tasks = started.client.get("/tasks")["tasks"]
    assert [task["title"] for task in tasks] == [NEW_TASK["title"]]
    assert len(turn["steps"][0]["results"]) == 1


def test_an_endpoint_that_is_gone_comes_back(client: Client, endpoint: EndpointThread) -> None:
    endpoint.down()
    try:
        lost = client.ask(f"{mark()} [[script: tokens=10]]")
    finally:
        endpoint.up()
    assert (lost.end.event, lost.end.data["code"]) == ("turn.failed", "model_unreachable")
    assert any(comes_back(client, endpoint) for _ in range(3))


def comes_back(client: Client, endpoint: EndpointThread) -> bool:
    """Whether a turn completes whose endpoint was away when it began. On a slow machine it may be back too late."""
    endpoint.down()
    try:
        waiting = client.drop(f"{mark()} [[script: tokens=10]]")
    finally:
        endpoint.up()
    return client.ended(waiting)["status"] == "completed"

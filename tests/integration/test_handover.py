"""SIGTERM of the app: nothing new is admitted, what can finish in time does, the rest is handed over, nothing is lost."""

import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.stack import Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("handover") / "data", env=endpoint.env) as running:
        yield running


@pytest.fixture
def user(stack: Stack) -> Iterator[Client]:
    client = Client(stack.url)
    yield client
    client.close()


def test_a_turn_that_ends_in_time_ends_for_its_reader(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), "tokens=10 delay=100ms")
    with user.say(said) as stream:
        stream.until("text.delta")
        old = stack.kill("app", signal.SIGTERM)
        until(lambda: refused(stack), 10, lambda: "it admits still")
        assert stream.rest().end.event == "turn.completed"
    stack.wait_pid_changed("app", old)
    stack.wait_ready()
    assert len(endpoint.requests(said)) == 2, "the model is asked no more than without the stop"
    assert len(user.get("/tasks")["tasks"]) == 1


def refused(stack: Stack) -> bool:
    """Whether a new message is refused with a clear answer, and not admitted. One that came too early belongs to nobody."""
    answer = httpx.post(f"{stack.url}/chat", json={"message": "[[script: text=ok]]"}, trust_env=False)
    return answer.status_code == 503 and answer.json()["code"] == "stopping" and "Retry-After" in answer.headers


def test_a_turn_that_takes_longer_breaks_off_and_goes_on(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said, next_one = script("tokens=120 delay=100ms"), script('text="next"')
    with user.say(said) as stream:
        stream.until("text.delta")
        queued = user.drop(next_one)
        old = stack.kill("app", signal.SIGTERM)
        with pytest.raises(httpx.TransportError):
            stream.rest()
    assert not stream.seen[-1].event.startswith("turn.")
    stack.wait_pid_changed("app", old)
    stack.wait_ready()
    turn = user.ended(stream.turn_id, 60)
    assert (turn["status"], len(turn["message"]["content"].split())) == ("completed", 120)
    assert user.ended(queued)["message"]["content"] == "next"
    assert [len(endpoint.requests(s)) for s in (said, next_one)] == [2, 1]

"""SIGTERM of the app: nothing new is admitted, what can finish in time does, the rest is handed over, nothing is lost."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held
from tests.integration.profiles import Profile
from tests.integration.replicas import producer
from tests.integration.stack import PATIENCE, TASK_AGENT, Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("handover") / "data", endpoint.env) as running:
        yield running


def test_a_turn_that_ends_in_time_ends_for_its_reader(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), held(30))
    turn = user.drop(said)
    replica = producer(stack, endpoint, said, attempt=2)
    with user.at(replica).follow(turn) as stream:
        stream.until("text.delta")
        old = stack.kill("app", signal.SIGTERM, replica)
        until(lambda: refused(user.urls[replica]), PATIENCE, lambda: "it admits still")
        endpoint.release(said)
        assert stream.rest().end.event == "turn.completed"
    stack.wait_pid_changed("app", old, replica=replica)
    stack.wait_ready()
    assert len(endpoint.requests(said)) == 2, "the model is asked no more than without the stop"
    assert len(user.get("/tasks")["tasks"]) == 1


def refused(url: str) -> bool:
    """Whether a new message is refused with a clear answer, and not admitted. One that came too early belongs to nobody."""
    try:
        answer = httpx.post(f"{url}/chat", json={"message": "[[script: text=ok]]"}, trust_env=False, timeout=30)
    except httpx.TransportError:
        return False
    return answer.status_code == 503 and answer.json()["code"] == "stopping" and "Retry-After" in answer.headers


def test_a_turn_that_takes_longer_breaks_off_and_goes_on(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said, next_one = script(held(120)), script('text="next"')
    turn_id, queued = user.drop(said), user.drop(next_one)
    replica = producer(stack, endpoint, said)
    with user.at(replica).follow(turn_id) as stream:
        stream.until("text.delta")
        old = stack.kill("app", signal.SIGTERM, replica)
        with pytest.raises(httpx.TransportError):
            stream.rest()
    endpoint.wait(said, lambda seen: len(seen) == 2)
    endpoint.release(said)
    assert not stream.seen[-1].event.startswith("turn.")
    stack.wait_pid_changed("app", old, replica=replica)
    stack.wait_ready()
    turn = user.ended(turn_id, 60)
    assert (turn["status"], len(turn["message"]["content"].split())) == ("completed", 120)
    assert user.ended(queued)["message"]["content"] == "next"
    assert [len(endpoint.requests(s)) for s in (said, next_one)] == [2, 1]


def test_a_restart_by_command_replaces_every_process_of_the_service_and_nothing_else(
    stack: Stack, user: Client, endpoint: EndpointThread
) -> None:
    said = script("tokens=120 delay=100ms")
    turn_id = user.drop(said)
    replica = producer(stack, endpoint, said)
    old = [stack.pid("app", number) for number in range(stack.replicas)]
    shared = {name: stack.pid(name) for name in ("placement", "scheduler", "redis")}
    done = subprocess.run(
        [TASK_AGENT[0], "restart", "--data-dir", str(stack.data_dir)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.count("has taken over")) == (0, stack.replicas), done.stdout
    assert all(stack.pid("app", number) not in (None, pid) for number, pid in enumerate(old))
    assert {name: stack.pid(name) for name in shared} == shared
    turn = user.at(replica).ended(turn_id, 60)
    assert (turn["status"], len(turn["message"]["content"].split())) == ("completed", 120)


def test_without_grace_a_turn_breaks_off_that_would_have_ended_in_time(tmp_path: Path, endpoint: EndpointThread) -> None:
    said = script(held(30))
    with Stack(tmp_path / "data", env={**endpoint.env, "TASK_AGENT_SHUTDOWN_GRACE": "0"}) as stack:
        user = Client(stack.urls)
        turn_id = user.drop(said)
        with user.follow(turn_id) as stream:
            stream.until("text.delta")
            old = stack.kill("app", signal.SIGTERM)
            with pytest.raises(httpx.TransportError):
                stream.rest()
        endpoint.wait(said, lambda seen: len(seen) == 2)
        endpoint.release(said)
        stack.wait_pid_changed("app", old)
        stack.wait_ready()
        assert len(user.ended(turn_id, 60)["message"]["content"].split()) == 30
        user.close()

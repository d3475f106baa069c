"""Deploying: every replica restarted, one after the other, again and again, while users talk. Nobody loses anything."""

import asyncio
import signal
from collections.abc import Iterator
from random import SystemRandom

import httpx
import pytest

from tests.chaos.rolling import REPLICAS, roll
from tests.integration.client import TERMINAL, Client
from tests.integration.endpoint import EndpointThread, held
from tests.integration.replicas import others, producer
from tests.integration.stack import Stack
from tests.integration.test_chat import script

ROUNDS, USERS = 2, 5


@pytest.fixture(scope="module")
def model() -> Iterator[EndpointThread]:
    """Of its own: the oracle takes every request it has recorded."""
    with EndpointThread() as running:
        yield running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, model: EndpointThread) -> Iterator[Stack]:
    data = tmp_path_factory.mktemp("rolling") / "data"
    with Stack(data, env=model.env, store="redis", replicas=REPLICAS) as running:
        yield running


def test_a_follower_that_a_stop_cuts_off_goes_on_elsewhere_exactly(stack: Stack, user: Client, model: EndpointThread) -> None:
    said = script(held(100))  # outlasts the grace of a stop
    turn = user.drop(said)
    replica = producer(stack, model, said)
    elsewhere = user.at(others(stack, replica)[0])
    with user.at(replica).follow(turn) as stream:
        stream.until("text.delta")
        old = stack.kill("app", signal.SIGTERM, replica=replica)
        with pytest.raises(httpx.TransportError):
            stream.rest()
    model.wait(said, lambda seen: len(seen) == 2)
    model.release(said)
    seen = [frame for frame in stream.seen if frame.event]
    assert not [frame.event for frame in seen if frame.event in TERMINAL]

    with elsewhere.follow(turn, seen[-1].id) as stream:
        rest = [frame for frame in stream.rest().frames if frame.event]
    with elsewhere.follow(turn) as stream:
        whole = stream.rest()
    assert seen + rest == [frame for frame in whole.frames if frame.event]
    assert whole.end.event == "turn.completed"
    assert whole.text() == whole.end.data["message"]["content"] == " ".join(f"w{n}" for n in range(100))
    assert "step.restarted" in whole.events
    stack.wait_pid_changed("app", old, replica=replica)
    stack.wait_ready()


def test_rolling_restarts_under_load_lose_nothing(stack: Stack, model: EndpointThread) -> None:
    seed = SystemRandom().randrange(2**31)
    rolled = asyncio.run(roll(stack, model, ROUNDS, USERS, seed))
    assert rolled.complaints == [], f"seed {seed}: {rolled.report()}"
    assert len(rolled.restarts) == ROUNDS * REPLICAS
    assert rolled.ends == {"completed": rolled.acknowledged}
    assert rolled.acknowledged > ROUNDS * REPLICAS, "somebody talked all the time"

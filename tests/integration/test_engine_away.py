"""A workflow engine that takes what it is given and does not answer: its scheduler is frozen, and nobody replaces it."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.profiles import Profile
from tests.integration.stack import Stack, until
from tests.integration.test_chat import script

BEHIND = 0.5  # seconds: who waits longer than this for the actor waits behind the message


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile, endpoint: EndpointThread) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("away") / "data", {**endpoint.env, "TASK_AGENT_KILL_FROZEN": "no"}) as running:
        yield running


def waited_for(user: Client) -> float:
    """The seconds until the conversation's actor told its history."""
    asked = time.monotonic()
    assert user.get("/history")["total_turns"] == 0
    return time.monotonic() - asked


def test_who_waits_for_it_keeps_nobody_else_waiting(stack: Stack, user: Client) -> None:
    """Not who reads the conversation meanwhile; and the message is admitted once, when the engine is back."""
    pid = stack.kill("scheduler", signal.SIGSTOP)
    with ThreadPoolExecutor(1) as beside:
        saying = beside.submit(user.drop, script('text="Done."'))
        until(lambda: waited_for(user) > BEHIND or saying.done(), 30, lambda: "nobody waits for the engine")
        still_waiting = not saying.done()
        stack.kill("scheduler", signal.SIGCONT)
        turn = saying.result()
    assert stack.pid("scheduler") == pid
    assert still_waiting

    assert user.ended(turn, 60)["message"]["content"] == "Done."
    assert user.get("/history")["total_turns"] == 1

"""A turn that kills whatever runs it. On a stack of its own: a child that dies so often is started with growing pauses."""

from pathlib import Path

from agent.domain.limits import TURN_ATTEMPTS_MAX
from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread
from tests.integration.profiles import Profile
from tests.integration.replicas import producer
from tests.integration.test_chat import script


def test_a_turn_that_kills_the_app_at_every_attempt_ends(tmp_path: Path, profile: Profile, endpoint: EndpointThread) -> None:
    said = script("tokens=40 delay=100ms")
    with profile.stack(tmp_path / "data", endpoint.env) as stack:
        user = Client(stack.urls)
        turn, behind = user.drop(said), user.drop(script('text="next"'))
        for attempt in range(1, TURN_ATTEMPTS_MAX + 1):
            replica = producer(stack, endpoint, said, attempt)
            stack.wait_pid_changed("app", stack.kill("app", replica=replica), replica=replica)

        ended = user.ended(turn, 90)
        assert (ended["status"], ended["failure"]["code"]) == ("failed", "recovery_exhausted")
        assert user.ended(behind)["message"]["content"] == "next"
        assert len(endpoint.requests(said)) == TURN_ATTEMPTS_MAX
        assert [(a["step"], a["work"]) for a in ended["attempt_history"]] == [(0, "generate")] * TURN_ATTEMPTS_MAX
        user.close()

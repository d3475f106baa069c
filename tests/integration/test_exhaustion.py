"""A turn that kills whatever runs it. On a stack of its own: a child that dies so often is started with growing pauses."""

from pathlib import Path

from agent.domain.limits import TURN_ATTEMPTS_MAX
from tests.integration.client import OUT_OF_REACH, Client
from tests.integration.endpoint import EndpointThread
from tests.integration.profiles import Profile
from tests.integration.replicas import producer
from tests.integration.stack import START_TIMEOUT, until
from tests.integration.test_chat import script


def test_a_turn_that_kills_the_app_at_every_attempt_ends(tmp_path: Path, profile: Profile, endpoint: EndpointThread) -> None:
    said = script("tokens=600 delay=100ms")
    with profile.stack(tmp_path / "data", endpoint.env) as stack:
        user = Client(stack.urls)
        turn, behind = user.drop(said), user.drop(script('text="next"'))
        killed = 0
        while asked_again(user, turn, endpoint, said, killed):
            replica = producer(stack, endpoint, said, killed + 1)
            stack.wait_pid_changed("app", stack.kill("app", replica=replica), replica=replica)
            killed += 1

        ended = user.ended(turn, 90)
        assert (ended["status"], ended["failure"]["code"]) == ("failed", "recovery_exhausted")
        assert user.ended(behind)["message"]["content"] == "next"
        # Replicas that die within a second of each other count as one attempt; all have died before one is back.
        assert TURN_ATTEMPTS_MAX <= killed <= TURN_ATTEMPTS_MAX * stack.replicas
        assert len(endpoint.requests(said)) == killed
        assert {(a["step"], a["work"]) for a in ended["attempt_history"]} == {(0, "generate")}
        user.close()


def asked_again(user: Client, turn: str, endpoint: EndpointThread, said: str, before: int) -> bool:
    """Waits until the model answers once more than ``before``; false when the turn has ended instead."""
    ended: list[bool] = []

    def moved() -> bool:
        seen = endpoint.requests(said)
        try:
            ended.append(user.turn(turn)["status"] != "running")
        except OUT_OF_REACH:  # a replica that is down
            ended.append(False)
        return ended[-1] or (len(seen) > before and seen[-1].sent > 2)

    until(moved, START_TIMEOUT, lambda: f"neither asked again nor ended after {before} kills")
    return not ended[-1]

"""What is refused and done all the same is named; what cannot be read any more is lost."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from tests.chaos import caller as calling
from tests.chaos.caller import Caller
from tests.chaos.evidence import Kind, Message, Times
from tests.chaos.ledger import Ledger
from tests.chaos.oracle_effects import Call, Told
from tests.chaos.oracle_rest import judge_rest, refused_faults, task_faults
from tests.chaos.oracle_saga import Away
from tests.chaos.plan import Request, StepPlan
from tests.chaos.test_oracle import TURN, sound
from tests.chaos.user import User
from tests.fakes.answering import answering
from tests.integration.endpoint import EndpointThread

CREATE = ("create_task", {"title": "Write it"})
REFUSED_AT = 1000.0


def refused(unanswered: int = 0) -> Message:
    message = sound()
    message.said = replace(message.said, policy="reject", steps=(StepPlan(tools=(CREATE,)),))
    message.turn_ids, message.record = set(), {}
    message.refused, message.asked_at, message.unanswered = "turn_running", REFUSED_AT, unanswered
    return message


def turn_at(message: Message, submitted: float) -> dict[str, Any]:
    at = datetime.fromtimestamp(submitted, UTC).isoformat(timespec="milliseconds")
    said = {"role": "user", "content": message.text}
    return {"turn_id": TURN, "status": "completed", "messages": [said], "submitted_at": at}


def faults(message: Message, *submitted: float, calls: int = 0) -> set[Kind]:
    turns = [turn_at(message, at) for at in submitted]
    return {kind for kind, _ in refused_faults(turns, [message], {message.said.mark: calls})}


def test_what_is_refused_has_no_turn_and_no_model_call() -> None:
    assert faults(refused()) == faults(refused(unanswered=1)) == set()
    assert faults(refused(), REFUSED_AT + 1, calls=1) == {"untrue"}, "nothing was under way that could come late"
    assert faults(refused(unanswered=1), REFUSED_AT - 1, calls=1) == {"untrue"}, "its key was stored"
    assert faults(refused(), calls=1) == faults(refused(unanswered=1), calls=1) == {"untrue"}


def test_a_request_that_was_given_up_may_arrive_behind_the_one_that_was_refused() -> None:
    assert faults(refused(unanswered=1), REFUSED_AT + 1, calls=1) == set()


def test_a_message_that_was_acknowledged_is_not_a_refused_one() -> None:
    message = refused()
    message.turn_ids = {TURN}
    assert faults(message, REFUSED_AT + 1, calls=1) == set()


def user_of(*messages: Message, caller: Caller | None = None, requests: tuple[Request, ...] = ()) -> User:
    """Its endpoint is never asked for anything."""
    nobody = Caller("u", [], [], [], cast(Any, None), Random(1))
    ledger = Ledger(cast(EndpointThread, _Silent()), defaultdict(list))
    user = User(caller or nobody, iter(()), ledger, Times(), [], lambda message: None)
    user.messages, user.requests = list(messages), list(requests)
    return user


class _Silent:
    def take(self) -> list[Any]:
        return []


def titles_faults(message: Message, *there: str) -> set[Kind]:
    user = user_of(message, requests=(Request("asked over HTTP", 1),))
    return {kind for kind, _ in task_faults([{"title": title} for title in ("asked over HTTP", *there)], user)}


def test_what_is_refused_makes_no_task() -> None:
    message = refused(unanswered=1)
    assert titles_faults(message) == set()
    assert titles_faults(message, "Write it") == {"untrue"}
    faults(message, REFUSED_AT + 1)  # notes that it came late
    assert titles_faults(message, "Write it") == titles_faults(message) == set()


@pytest.mark.parametrize(
    ("told", "missing", "there"),
    [
        ("done", {"lost"}, set()),
        ("unknown", set(), set()),
        ("refused", set(), {"doubled"}),
        ("never asked", set(), {"doubled"}),
    ],
)
def test_a_task_is_there_when_its_call_says_so(told: Told, missing: set[Kind], there: set[Kind]) -> None:
    message = sound()
    message.record["calls"] = [Call(*CREATE, told)]
    assert titles_faults(message) == missing
    assert titles_faults(message, "Write it") == there
    assert "doubled" in titles_faults(message, "Write it", "Write it")


@asynccontextmanager
async def service(status: int) -> AsyncGenerator[Caller]:
    """A caller of a service that answers everything so."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"code": "out_of_order"}, status=status)

    async with answering(answer) as port, aiohttp.ClientSession() as session:
        yield Caller("u", [f"http://127.0.0.1:{port}"], [], [0], session, Random(1))


@pytest.mark.parametrize("status", [503, 404])
async def test_what_cannot_be_read_when_all_is_quiet_is_lost(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "GIVE_UP", 0.2)
    async with service(status) as caller:
        found = await judge_rest(user_of(sound(), caller=caller), dict, Away())
    assert [complaint.kind for complaint in found] == ["lost"]
    assert "out_of_order" in found[0].why

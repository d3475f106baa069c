"""A context that the endpoint finds too long: less is sent, once per step; then it is said, and remembered for a while."""

import asyncio

import pytest

from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.under_way import CountedWork
from agent.domain.context import ContextView
from agent.domain.conversation import ContextRefused, Meta
from agent.domain.limits import CONTEXT_BUDGET_KEPT_SECONDS, TOKEN_BUDGET
from agent.domain.model import ModelFailed
from agent.domain.refusal import Refusal, refuse
from agent.domain.stored import load
from agent.domain.turn_calls import EndTurn
from agent.domain.turn_record import Failure
from tests.fakes.ports import MemoryPublisher, Said, ScriptedModel, WordTokens
from tests.unit.turns.host import KEY, ChatHost, call, turn_key
from tests.unit.turns.test_generate import until_written
from workflows.activities.generate import Generate

LONG = " ".join(["word"] * 100)
FAILURE = Failure(code="internal_error", message="It broke.", retryable=True)


def too_long(window: int | None = None) -> list[Said]:
    return [ModelFailed("context_too_long", "Too long: it says so.", retryable=False, window=window)]


async def talked(host: ChatHost, turns: int = 4) -> str:
    """A new turn after a few of 102 tokens each."""
    for secret in range(turns):
        await host.answer((await host.submit(LONG, secret, tokens=100)).turn_id)
    return (await host.submit("and now", secret=99, tokens=2)).turn_id


async def refused(host: ChatHost, turn: str, epoch: int, step: int = 0, window: int | None = None) -> Refusal:
    refusal = await host.chats.refuse_context(ContextRefused(ref=host.ref(turn, step), epoch=epoch, window=window))
    assert refusal is not None
    return refusal


async def ignored(host: ChatHost, turn: str, epoch: int) -> bool:
    return await host.chats.refuse_context(ContextRefused(ref=host.ref(turn), epoch=epoch)) is None


async def sent(host: ChatHost, turn: str) -> ContextView:
    return await host.chats.get_turn_context(turn_key(turn))


def test_the_budget_is_half_of_what_was_sent_or_less_when_the_endpoint_names_less() -> None:
    def budget(window: int | None) -> int | None:
        return refuse(None, 0, 2, sent=10_000, window=window, can_shrink=True).budget

    assert budget(None) == 5_000
    assert budget(4_000) == 3_000
    assert budget(999_999_999) == 5_000, "what a stranger says makes nothing larger"


async def test_the_next_attempt_is_sent_less_and_the_ledger_says_why(host: ChatHost) -> None:
    turn = await talked(host)
    first = await host.begin(turn)
    before = await sent(host, turn)
    refusal = await refused(host, turn, first.epoch)
    assert refusal == Refusal(step=0, epoch=first.epoch, budget=before.used // 2, again=True)

    second = await host.begin(turn)
    assert (second.epoch, second.restart) == (first.epoch + 1, True)
    assert second.messages[0] == first.messages[0], "the system prompt stays"
    assert second.messages[-1] == first.messages[-1], "the newest user message stays"
    assert len(first.messages) == 2 + 4 * 2
    after = await sent(host, turn)
    assert (after.budget, after.budget >= after.used) == (refusal.budget, True)
    assert [m.content for m in after.messages if m.included] == [m.content for m in second.messages]
    assert {m.reason for m in after.messages if not m.included} == {"endpoint_limit"}
    assert len(after.messages) == len(before.messages), "what was left out is listed"


async def test_the_decision_survives_a_crash_between_refusal_and_next_attempt(host: ChatHost) -> None:
    turn = await talked(host)
    first = await host.begin(turn)
    refusal = await refused(host, turn, first.epoch)
    host.crash()
    stored = dict(host.store)
    assert await refused(host, turn, first.epoch) == refusal, "delivered twice, decided once"
    assert host.store == stored
    second = await host.begin(turn)
    assert len(second.messages) < len(first.messages)
    assert (await host.commit(turn, second.epoch)).kind == "ended"


async def test_a_refusal_that_comes_late_changes_nothing(host: ChatHost) -> None:
    turn = await talked(host)
    zombie = await host.begin(turn)
    newest = await host.begin(turn)
    assert await ignored(host, turn, zombie.epoch)
    await host.commit(turn, newest.epoch)
    assert await ignored(host, turn, newest.epoch), "the turn has ended"
    assert host.stored("turn-5")["refusal"] is None
    assert host.stored("meta")["budget"] is None


async def test_a_second_refusal_of_the_step_ends_it_and_another_step_has_its_own(host: ChatHost) -> None:
    turn = await talked(host, 8)
    first = await host.begin(turn)
    once = await refused(host, turn, first.epoch)
    second = await host.begin(turn)
    twice = await refused(host, turn, second.epoch)
    assert (once.again, twice.again) == (True, False)
    assert (once.budget or 0) > (twice.budget or 0) > 0
    third = await host.begin(turn)
    assert len(third.messages) < len(second.messages), "the next who asks is sent less all the same"
    await host.commit(turn, third.epoch, calls=(call(0),))
    assert (await refused(host, turn, (await host.begin(turn, step=1)).epoch, step=1)).again


async def test_a_lone_message_leaves_nothing_out_and_teaches_nothing(host: ChatHost) -> None:
    turn = (await host.submit(LONG, tokens=9_000)).turn_id
    refusal = await refused(host, turn, (await host.begin(turn)).epoch, window=100)
    assert (refusal.again, refusal.budget) == (False, None)
    assert host.stored("meta")["budget"] is None


async def test_a_call_and_its_result_stay_together(host: ChatHost) -> None:
    turn = await talked(host, 2)
    begun = await host.begin(turn)
    await host.commit(turn, begun.epoch, calls=(call(0),))
    tools = await host.chats.begin_tools(host.ref(turn))
    assert await host.commit_result(turn, tools.epoch, "c-0")
    step = await host.begin(turn, step=1)
    await refused(host, turn, step.epoch, step=1, window=101)
    kept = (await host.begin(turn, step=1)).messages
    assert [m.role for m in kept] == ["system", "user", "assistant", "tool"], "of this turn nothing is left out"


async def test_later_turns_remember_it_for_a_while(host: ChatHost) -> None:
    turn = await talked(host)
    budget = (await refused(host, turn, (await host.begin(turn)).epoch)).budget
    await host.answer(turn)
    for wait, expected in ((CONTEXT_BUDGET_KEPT_SECONDS - 1, budget), (1, TOKEN_BUDGET)):
        host.clock.advance(wait)
        assert (await host.chats.get_context(KEY, "UTC")).budget == expected
        later = (await host.submit("more", secret=int(200 + wait))).turn_id
        await host.begin(later)
        assert (await sent(host, later)).budget == expected
        await host.answer(later)


def test_what_is_stored_without_a_budget_has_none() -> None:
    assert load(Meta, {"format": 1, "next": 3}).budget is None


class TestTheActivity:
    @pytest.fixture
    def log(self) -> MemoryTurnLog:
        return MemoryTurnLog()

    def activity(self, host: ChatHost, log: MemoryTurnLog, *answers: list[Said]) -> tuple[Generate, ScriptedModel]:
        model = ScriptedModel(*answers)
        return Generate(host.chats, log, model, WordTokens(), host.clock, MemoryPublisher(), CountedWork()), model

    async def test_the_workflow_is_told_to_ask_again_at_once_and_then_no_more(self, host: ChatHost, log: MemoryTurnLog) -> None:
        turn = await talked(host)
        generate, model = self.activity(host, log, too_long(window=240), too_long())
        first, second = await generate(host.ref(turn)), await generate(host.ref(turn))
        assert first.failure and second.failure
        assert (first.kind, first.trimmed, first.failure.retryable) == ("failed", True, True)
        assert (second.kind, second.trimmed, second.failure.retryable) == ("failed", False, False)
        assert first.failure.code == second.failure.code == "context_too_long"
        assert second.failure.message.startswith("Too long: it says so. Leaving out earlier messages was not enough:")
        asked, again = model.requests
        assert len(again.messages) < len(asked.messages)
        assert (again.messages[0], again.messages[-1]) == (asked.messages[0], asked.messages[-1])
        assert (await sent(host, turn)).budget == 180

    async def test_a_lone_message_is_told_at_once(self, host: ChatHost, log: MemoryTurnLog) -> None:
        turn = (await host.submit(LONG, tokens=100)).turn_id
        generate, _ = self.activity(host, log, too_long())
        told = await generate(host.ref(turn))
        assert told.failure
        assert (told.trimmed, told.failure.retryable) == (False, False)
        assert told.failure.message.endswith("write a shorter message, or ask for less at once.")

    async def test_a_turn_that_has_ended_meanwhile_is_no_failure(self, host: ChatHost, log: MemoryTurnLog) -> None:
        turn = await talked(host)
        hold = asyncio.Event()
        generate, _ = self.activity(host, log, [hold, *too_long()])
        running = asyncio.create_task(generate(host.ref(turn)))
        await until_written(log, turn, 2)
        await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=FAILURE))
        hold.set()
        assert (await running).kind == "ended"

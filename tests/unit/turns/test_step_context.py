"""What each step of a turn was sent can be looked at afterwards, as it was, and is not guessed where it was not kept."""

import pytest

from agent.domain.conversation import ContextRefused
from agent.domain.errors import NotFound
from agent.domain.limits import CONTEXT_BUDGET_KEPT_SECONDS, TOKEN_BUDGET, TURN_STEPS_MAX
from agent.domain.messages import Message
from agent.domain.turn_calls import BegunStep, KeepShown
from tests.unit.turns.host import ChatHost, call, turn_key


async def call_tool(host: ChatHost, turn: str, step: int) -> BegunStep:
    """Runs a step that calls a tool, the call included; what it was sent."""
    begun = await host.begin(turn, step)
    asked = call(0).model_copy(update={"call_id": f"c-{step}"})
    await host.commit(turn, begun.epoch, f"step {step}", step, calls=(asked,))
    tools = await host.chats.begin_tools(host.ref(turn, step))
    assert await host.commit_result(turn, tools.epoch, asked.call_id, step, text=f'{{"result": {step}}}')
    return begun


async def shows(host: ChatHost, turn: str, step: int | None, sent: BegunStep) -> bool:
    """Whether the view of ``step`` is what ``sent`` had, and adds up."""
    seen = await host.chats.get_turn_context(turn_key(turn), step)
    included = [m for m in seen.messages if m.included]
    assert seen.sent == seen.used == sum(m.tokens for m in included) + seen.overhead
    return [(m.role, m.content, m.call_id) for m in included] == [(m.role, m.content, m.call_id) for m in sent.messages]


async def test_every_step_is_shown_as_it_was_sent(host: ChatHost) -> None:
    await host.answer((await host.submit("before", secret=1)).turn_id)
    turn = (await host.submit("now", secret=2)).turn_id
    sent = [await call_tool(host, turn, step) for step in range(TURN_STEPS_MAX - 1)]
    sent.append(await host.begin(turn, TURN_STEPS_MAX - 1))
    assert [len(begun.messages) for begun in sent[:3]] == [4, 6, 8]
    await host.commit(turn, sent[-1].epoch, "done", TURN_STEPS_MAX - 1)
    await host.answer((await host.submit("after", secret=3)).turn_id)
    host.crash()
    for step, begun in enumerate(sent):
        assert await shows(host, turn, step, begun)
        seen = await host.chats.get_turn_context(turn_key(turn), step)
        assert (seen.step, seen.steps) == (step, tuple(range(TURN_STEPS_MAX)))
    assert await shows(host, turn, None, sent[-1]), "the newest, if none is named"


async def test_a_step_keeps_its_own_budget_whatever_the_next_one_had(host: ChatHost) -> None:
    for secret in range(1, 5):
        await host.answer((await host.submit("word", secret, tokens=100)).turn_id)
    turn = (await host.submit("now", secret=9)).turn_id
    refused = ContextRefused(ref=host.ref(turn), epoch=(await host.begin(turn)).epoch)
    refusal = await host.chats.refuse_context(refused)
    first = await call_tool(host, turn, 0)
    host.clock.advance(CONTEXT_BUDGET_KEPT_SECONDS)
    second = await host.begin(turn, 1)
    assert len(second.messages) > len(first.messages) + 2, "by now the endpoint may be another one"
    assert await shows(host, turn, 0, first), "of two attempts the newest"
    assert await shows(host, turn, 1, second)
    seen = [await host.chats.get_turn_context(turn_key(turn), step) for step in (0, 1)]
    assert [view.budget for view in seen] == [refusal and refusal.budget, TOKEN_BUDGET]
    assert {m.reason for m in seen[0].messages} == {None, "endpoint_limit"}


async def test_a_step_that_has_not_begun_was_sent_nothing(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await call_tool(host, turn, 0)
    for step in (1, TURN_STEPS_MAX):
        with pytest.raises(NotFound) as refused:
            await host.chats.get_turn_context(turn_key(turn), step)
        assert refused.value.code == "no_context"
        assert f"step {step} " in refused.value.detail
        assert "newest is step 0" in refused.value.detail


async def test_a_turn_of_one_step_stores_nothing_of_others(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.begin(turn)
    await host.answer(turn)
    assert host.stored("turn-1")["ledger"]["earlier"] == []


async def test_what_is_told_otherwise_since_is_seen_by_what_it_was(host: ChatHost) -> None:
    former = (await host.submit("before", secret=1)).turn_id
    await host.begin(former)
    await host.chats.cancel(turn_key(former))
    turn = (await host.submit("now", secret=2)).turn_id
    await host.begin(turn)
    then = await host.chats.get_turn_context(turn_key(turn), 0)
    late = Message(role="assistant", content="Once upon a time", tokens=40, interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(former), shown=late, epoch=2))
    seen = await host.chats.get_turn_context(turn_key(turn), 0)
    assert (then.sent, seen.sent) == (then.used, then.used)
    assert seen.used == sum(m.tokens for m in seen.messages) + seen.overhead != seen.sent

"""Trimming, for any history: nothing parted, nothing lost that must be kept, every token accounted for."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.context import (
    ContextView,
    Exchange,
    Ledger,
    check_fits,
    chosen,
    fit,
    provider_messages,
    view,
)
from agent.domain.errors import TooLarge
from agent.domain.limits import CONTEXT_TURNS_LISTED_MAX, MAX_HISTORY
from agent.domain.messages import Message, ToolCall
from agent.domain.model_messages import paired

# the machine may be busy: slow is no failure here
SEARCH = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SYSTEM = Message(role="system", content="be good", tokens=5)
TEXTS = st.text(max_size=8)
TOKENS = st.integers(0, 60)


def call(call_id: str, provider_id: str = "", name: str = "get_task", arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id=call_id, provider_id=provider_id or f"p-{call_id}", name=name, arguments=arguments)


def user(content: str = "hi", tokens: int = 1) -> Message:
    return Message(role="user", content=content, tokens=tokens)


def says(content: str = "ok", *calls: ToolCall, tokens: int = 1) -> Message:
    return Message(role="assistant", content=content, tool_calls=calls, tokens=tokens)


def returns(call_id: str, content: str = "{}", tokens: int = 1) -> Message:
    return Message(role="tool", content=content, call_id=call_id, ok=True, tokens=tokens)


def exchange(number: int, *messages: Message) -> Exchange:
    return Exchange(number=number, turn_id=f"main.{number}", messages=messages or (user(), says()))


@st.composite
def turns(draw: st.DrawFn, prefix: str = "c") -> tuple[Message, ...]:
    """A turn as it may be stored: some calls without result, as after a cancel, some steps without text."""
    messages = [user(draw(TEXTS), draw(TOKENS))]
    for step in range(draw(st.integers(0, 3))):
        ids = [f"{prefix}-{step}-{index}" for index in range(draw(st.integers(0, 3)))]
        messages.append(says(draw(TEXTS), *(call(i) for i in ids), tokens=draw(TOKENS)))
        returned = draw(st.permutations(ids))[: draw(st.integers(0, len(ids)))]
        messages += [returns(i, draw(TEXTS), draw(TOKENS)) for i in returned]
    return tuple(messages)


@st.composite
def histories(draw: st.DrawFn) -> list[Exchange]:
    count = draw(st.integers(0, 15))
    return [exchange(n, *draw(turns(f"e{n}"))) for n in range(1, count + 1)]


def shown(exchanges: Sequence[Exchange], current: Sequence[Message], budget: int = 300) -> tuple[Ledger, ContextView]:
    ledger = fit(SYSTEM, exchanges, current, schema_tokens=20, budget=budget)
    return ledger, view(ledger, exchanges, current, "main.now")


@SEARCH
@given(histories(), turns(), st.integers(0, 600))
def test_used_is_the_sum_and_within_budget(exchanges: list[Exchange], current: tuple[Message, ...], budget: int) -> None:
    _, seen = shown(exchanges, current, budget)
    included = [m for m in seen.messages if m.included]
    assert seen.overhead == 20 + 3 + 3 * len(included)
    assert seen.used == sum(m.tokens for m in included) + seen.overhead
    alone = shown([], current, budget)[1].used
    assert seen.used <= max(budget, alone)


@SEARCH
@given(histories(), turns(), st.integers(0, 600))
def test_kept_is_the_longest_suffix_within_both_limits(
    exchanges: list[Exchange], current: tuple[Message, ...], budget: int
) -> None:
    ledger, seen = shown(exchanges, current, budget)
    numbers = [e.number for e in exchanges]
    assert [number for number, _ in ledger.excluded] + list(ledger.included) == numbers
    assert len(ledger.included) <= MAX_HISTORY
    for number, reason in ledger.excluded:
        assert reason == ("exchange_limit" if number <= len(exchanges) - MAX_HISTORY else "token_budget")
    over = [number for number, reason in ledger.excluded if reason == "token_budget"]
    if over:  # the newest exchange left out for its tokens really does not fit
        newest = exchanges[over[-1] - 1]
        assert seen.used + sum(m.tokens + 3 for m in paired(newest.messages)) > budget


@SEARCH
@given(histories(), turns(), st.integers(0, 600))
def test_system_and_current_turn_are_always_sent_whole(
    exchanges: list[Exchange], current: tuple[Message, ...], budget: int
) -> None:
    ledger, _ = shown(exchanges, current, budget)
    sent = chosen(ledger, exchanges, current)
    assert sent[0] == SYSTEM
    assert sent[len(sent) - len(paired(current)) :] == list(paired(current))
    assert {m.content for m in current if m.role == "user"} <= {m.content for m in sent}


@SEARCH
@given(histories(), turns(), st.integers(0, 600))
def test_view_and_chosen_tell_the_same_and_nothing_is_parted(
    exchanges: list[Exchange], current: tuple[Message, ...], budget: int
) -> None:
    ledger, seen = shown(exchanges, current, budget)
    sent = chosen(ledger, exchanges, current)
    assert [(m.role, m.content, m.call_id) for m in seen.messages if m.included] == [
        (m.role, m.content, m.call_id) for m in sent
    ]
    assert paired(sent) == tuple(sent)
    for e in exchanges:
        assert len({m.included for m in seen.messages if m.turn_id == e.turn_id}) == 1
    assert provider_messages(sent) == provider_messages(paired(sent))


@SEARCH
@given(histories(), turns(), st.integers(0, 600))
def test_fitting_what_was_kept_keeps_it(exchanges: list[Exchange], current: tuple[Message, ...], budget: int) -> None:
    ledger, _ = shown(exchanges, current, budget)
    kept = [e for e in exchanges if e.number in ledger.included]
    again, _ = shown(kept, current, budget)
    assert again.included == ledger.included
    assert again.excluded == ()


@SEARCH
@given(histories(), turns(), st.integers(0, 600), st.sets(st.integers(1, 15)))
def test_regenerated_exchanges_are_listed_and_otherwise_not_there(
    exchanges: list[Exchange], current: tuple[Message, ...], budget: int, former: set[int]
) -> None:
    marked = [e.model_copy(update={"regenerated": e.number in former}) for e in exchanges]
    without = [e for e in exchanges if e.number not in former]
    ledger, seen = shown(marked, current, budget)
    plain, same = shown(without, current, budget)
    assert ledger.included == plain.included
    assert sorted(ledger.excluded) == sorted([*plain.excluded, *((e.number, "regenerated") for e in marked if e.regenerated)])
    assert (seen.used, seen.overhead) == (same.used, same.overhead)
    assert chosen(ledger, marked, current) == chosen(plain, without, current)


def test_exchange_limit_and_budget_give_their_reasons() -> None:
    exchanges = [exchange(n, user(tokens=10), says(tokens=10)) for n in range(1, 13)]
    ledger = fit(SYSTEM, exchanges, [user(tokens=4)], schema_tokens=0, budget=3 + 8 + 7 + 3 * 26)
    assert ledger.included == (10, 11, 12)
    assert ledger.excluded[:3] == ((1, "exchange_limit"), (2, "exchange_limit"), (3, "token_budget"))
    assert view(ledger, exchanges, [user(tokens=4)]).used == ledger.budget
    tighter = fit(SYSTEM, exchanges, [user(tokens=4)], schema_tokens=0, budget=ledger.budget - 1)
    assert tighter.included == (11, 12)


def test_an_older_exchange_is_not_let_in_past_one_that_did_not_fit() -> None:
    exchanges = [exchange(1), exchange(2, user(tokens=1000)), exchange(3)]
    assert fit(SYSTEM, exchanges, [user()], schema_tokens=0, budget=100).included == (3,)


def test_a_current_turn_over_budget_is_sent_alone() -> None:
    current = [user(), says("", call("c1")), returns("c1", "much", tokens=900)]
    ledger, seen = shown([exchange(1)], current, budget=100)
    assert ledger.included == ()
    assert chosen(ledger, [exchange(1)], current) == [SYSTEM, *current]
    assert seen.used > seen.budget


def test_no_history_at_all_when_the_limit_is_zero() -> None:
    ledger = fit(SYSTEM, [exchange(1)], [user()], schema_tokens=0, max_exchanges=0)
    assert ledger.excluded == ((1, "exchange_limit"),)


def test_the_ledger_is_bounded() -> None:
    exchanges = [exchange(n) for n in range(1, 301)]
    ledger = fit(SYSTEM, exchanges, [user()], schema_tokens=0, omitted_turns=7)
    assert len(ledger.included) + len(ledger.excluded) == CONTEXT_TURNS_LISTED_MAX
    assert ledger.omitted_turns == 7 + 200
    assert view(ledger, exchanges, [user()]).omitted_turns == 207
    assert Ledger.model_validate_json(ledger.model_dump_json()) == ledger


def test_a_stored_ledger_tells_later_what_was_sent_then() -> None:
    exchanges = [exchange(1), exchange(2)]
    current = [user("do")]
    ledger = fit(SYSTEM, exchanges, current, schema_tokens=0)
    then = view(ledger, exchanges, current, "main.3")
    grown = [*current, says("done")]
    assert view(ledger, [*exchanges, exchange(3), exchange(4)], grown, "main.3") == then
    assert chosen(ledger, [*exchanges, exchange(3)], grown) == chosen(ledger, exchanges, current)


def test_what_was_cleared_since_is_absent_and_the_sum_still_holds() -> None:
    exchanges = [exchange(1), exchange(2)]
    ledger, _ = shown(exchanges, [user()])
    seen = view(ledger, exchanges[1:], [user()])
    assert [m.turn_id for m in seen.messages] == [None, "main.2", "main.2", None]
    assert seen.used == sum(m.tokens for m in seen.messages) + seen.overhead


def test_the_view_marks_estimates_of_what_is_included_only() -> None:
    guess = Message(role="user", content="?", tokens=900, estimated=True)
    assert not shown([exchange(1, guess)], [user()])[1].estimated
    assert shown([], [guess])[1].estimated


def test_the_view_shows_calls_without_the_providers_ids() -> None:
    current = [user(), says("", call("c1", "secret-id")), returns("c1")]
    seen = shown([], current)[1]
    assert seen.messages[2].tool_calls[0].call_id == "c1"
    assert "secret-id" not in seen.model_dump_json()


def test_check_fits_agrees_with_fit() -> None:
    check_fits(5, 20, 100 - 5 - 20 - 9, 100)
    assert shown([], [user(tokens=66)], budget=100)[1].used == 100
    with pytest.raises(TooLarge) as refused:
        check_fits(5, 20, 67, 100)
    assert refused.value.code == "message_over_budget"
    assert refused.value.extra == {"tokens": 67, "budget": 100, "available": 66}
    assert "67" in refused.value.detail

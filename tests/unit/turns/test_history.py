"""What is kept, shown, cleared and dropped; and that a refusal or a crash in a method changes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from actors import chat_store
from agent.domain import conversation
from agent.domain.errors import Conflict, NotFound, Unavailable
from agent.domain.limits import TURN_STALE_AFTER
from agent.domain.messages import TokenCount
from tests.fakes.ports import WordTokens
from tests.unit.turns.host import KEY, ChatHost, call, turn_key


async def converse(host: ChatHost, first: int, last: int) -> list[str]:
    """Turns numbered ``first`` to ``last``, answered."""
    turns: list[str] = []
    for n in range(first, last + 1):
        turns.append((await host.submit(f"q{n}", secret=n)).turn_id)
        await host.answer(turns[-1], f"a{n}")
    return turns


async def test_history_pages_backwards_without_gap_or_overlap(host: ChatHost) -> None:
    turns = await converse(host, 1, 5)
    seen: list[str] = []
    before: int | None = None
    while True:
        page = await host.chats.get_history(KEY, 2, before)
        seen = [t.turn_id for t in page.turns] + seen
        assert (page.total_turns, page.total_tokens) == (5, 5 * 3)
        if page.next is None:
            break
        before = page.next
    assert seen == turns


async def test_history_shows_what_runs_and_waits(host: ChatHost) -> None:
    await converse(host, 1, 1)
    await host.submit("runs", secret=2)
    await host.submit("waits", secret=3)
    page = await host.chats.get_history(KEY, 20, None)
    assert [t.status for t in page.turns] == ["completed", "running", "queued"]
    assert page.total_turns == 3
    assert [m.content for m in page.turns[0].messages] == ["q1", "a1"]


async def test_history_of_nothing_is_empty(host: ChatHost) -> None:
    page = await host.chats.get_history(KEY, 20, None)
    assert (page.turns, page.total_turns, page.next) == ((), 0, None)
    assert (await host.chats.get_history(KEY, 20, 1)).turns == ()
    assert host.store == {}


async def test_clearing_is_refused_while_a_turn_runs_and_changes_nothing(host: ChatHost) -> None:
    await host.submit()
    before = dict(host.store)
    with pytest.raises(Conflict) as refused:
        await host.chats.clear_history(KEY, "first")
    assert refused.value.code == "turn_running"
    assert host.store == before


async def test_clearing_hides_at_once_and_deletes_in_batches(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_store, "CLEAR_BATCH", 2)
    turns = await converse(host, 1, 5)
    cleared = await host.chats.clear_history(KEY, "first")
    assert (cleared.cleared_turns, cleared.cleared_tokens) == (5, 15)
    for turn in turns:
        with pytest.raises(NotFound):
            await host.chats.get_turn(turn_key(turn))
    assert (await host.chats.get_history(KEY, 20, None)).turns == ()
    assert max(len(w) for w in host.writes) <= 3, "never more than a batch and the bookkeeping"
    assert [k for _, k in host.store] == ["meta"], "also when nobody ever writes here again"
    fresh = await host.submit("new", secret=9)
    assert fresh.turn_id.startswith("main.6."), "numbers never restart"
    assert [m.content for m in (await host.begin(fresh.turn_id)).messages[1:]] == ["new"]
    await host.commit(fresh.turn_id, 2)
    assert sorted(k for _, k in host.store) == ["meta", "turn-6"]
    assert (await host.chats.clear_history(KEY, "second")).cleared_turns == 1


async def test_a_clearing_that_is_brought_twice_takes_nothing_that_came_in_between(host: ChatHost) -> None:
    await converse(host, 1, 2)
    cleared = await host.chats.clear_history(KEY, "first")
    kept = await host.submit("new", secret=9)
    assert await host.chats.clear_history(KEY, "first") == cleared, "also while it runs"
    await host.begin(kept.turn_id)
    await host.commit(kept.turn_id, 2)
    assert await host.chats.clear_history(KEY, "first") == cleared
    assert [turn.turn_id for turn in (await host.chats.get_history(KEY, 20, None)).turns] == [kept.turn_id]


async def test_clearing_nothing_says_so(host: ChatHost) -> None:
    assert (await host.chats.clear_history(KEY, "first")).cleared_turns == 0


async def test_the_store_keeps_a_bounded_number_of_turns(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "TURNS_KEPT_MAX", 3)
    turns = await converse(host, 1, 6)
    page = await host.chats.get_history(KEY, 20, None)
    assert [t.turn_id for t in page.turns] == turns[3:]
    assert (page.total_turns, page.total_tokens, page.next) == (3, 9, None)
    assert sorted(k for _, k in host.store) == ["meta", "turn-4", "turn-5", "turn-6"]


async def test_a_turn_that_has_not_ended_is_kept_whatever_the_bound(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "TURNS_KEPT_MAX", 2)
    running = (await host.submit(secret=1)).turn_id
    begun = await host.begin(running)
    for n in range(2, 6):
        await host.chats.cancel(turn_key((await host.submit(secret=n)).turn_id))
    assert (await host.commit(running, begun.epoch)).status == "completed"
    assert (await host.submit(secret=6)).status == "running"
    assert [t.number for t in (await host.chats.get_history(KEY, 20, None)).turns] == [4, 5, 6]


async def test_the_context_is_shown_for_now_and_for_a_turn(host: ChatHost) -> None:
    [first] = await converse(host, 1, 1)
    now = await host.chats.get_context(KEY, "Europe/Berlin")
    assert [m.role for m in now.messages] == ["system", "user", "assistant"]
    assert "Europe/Berlin" in now.messages[0].content
    sent = await host.chats.get_turn_context(turn_key(first))
    assert [m.content for m in sent.messages[1:]] == ["q1"], "the answer was not sent: it came back"
    waiting = (await host.submit(secret=2)).turn_id
    with pytest.raises(NotFound):
        await host.chats.get_turn_context(turn_key(waiting))
    begun = await host.begin(waiting)
    running = await host.chats.get_context(KEY, "UTC")
    assert running.used == sum(m.tokens for m in running.messages) + running.overhead
    assert [m.content for m in running.messages] == [m.content for m in begun.messages]


class StumblingTokens(WordTokens):
    """Raises once, in the middle of a method that has begun to change things."""

    def __init__(self) -> None:
        self.stumble = False

    async def count(self, texts: Sequence[str]) -> list[TokenCount]:
        if self.stumble:
            self.stumble = False
            raise RuntimeError("a bug")
        return await super().count(texts)


async def test_a_method_that_raised_leaves_nothing_for_the_next_one(host: ChatHost) -> None:
    [first, second] = [(await host.submit(secret=n)).turn_id for n in (1, 2)]
    begun = await host.begin(first)
    before = dict(host.store)
    host.fail_saves = 1
    with pytest.raises(Unavailable):
        await host.commit(first, begun.epoch)
    assert (await host.chats.get_history(KEY, 5, None)).turns[0].status == "running", "a read saves nothing of it"
    assert host.store == before
    await host.commit(first, begun.epoch)
    assert (await host.chats.get_turn(turn_key(second))).status == "running"


async def test_an_answer_is_kept_when_the_engine_cannot_start_the_next_turn(host: ChatHost) -> None:
    [first, second] = [(await host.submit(secret=n)).turn_id for n in (1, 2)]
    begun = await host.begin(first)
    host.workflows.unreachable = True
    await host.commit(first, begun.epoch)
    assert (await host.chats.get_turn(turn_key(first))).status == "completed"
    host.workflows.unreachable = False
    host.clock.advance(TURN_STALE_AFTER)
    healed = await host.chats.heal(turn_key(second))
    assert (healed.status, healed.attempts) == ("running", 2), "whoever looks at the next turn starts it"
    assert (await host.begin(second)).kind == "go"


async def test_a_bug_in_a_method_is_not_saved_by_the_next_one(host: ChatHost) -> None:
    tokens = StumblingTokens()
    host.deps = replace(host.deps, tokens=tokens)
    host.crash()
    turn = (await host.submit()).turn_id
    before = dict(host.store)
    tokens.stumble = True
    with pytest.raises(Unavailable) as failed:
        await host.begin(turn)
    assert failed.value.code == "runtime_failed"
    assert host.store == before
    assert (await host.begin(turn)).epoch == 2, "the epoch that was never given is given now"


async def test_methods_of_one_actor_never_overlap(host: ChatHost) -> None:
    admitted = await asyncio.gather(*(host.submit(f"m{n}", secret=n) for n in range(1, 6)))
    assert sorted(a.position for a in admitted) == [0, 1, 2, 3, 4]
    epochs = await asyncio.gather(*(host.begin(min(a.turn_id for a in admitted if a.position == 0)) for _ in range(4)))
    assert sorted(b.epoch for b in epochs) == [2, 3, 4, 5]


async def test_a_turn_with_tools_reads_back_whole(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.commit(turn, (await host.begin(turn)).epoch, calls=(call(0),))
    await host.commit_result(turn, (await host.chats.begin_tools(host.ref(turn))).epoch, "c-0")
    host.crash()
    await host.commit(turn, (await host.begin(turn, step=1)).epoch, "done", step=1)
    [shown] = (await host.chats.get_history(KEY, 5, None)).turns
    assert [m.role for m in shown.messages] == ["user", "assistant", "tool", "assistant"]
    assert shown.messages[1].tool_calls[0].call_id == shown.messages[2].call_id == "c-0"

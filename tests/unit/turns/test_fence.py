"""A zombie: a replica whose sidecar was frozen, and which saves what it made of state that others have changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.domain.conversation import Submission
from agent.domain.errors import Unavailable
from agent.domain.limits import TURN_STALE_AFTER
from agent.domain.messages import Message
from agent.domain.turn_calls import KeepShown
from agent.domain.undo import EndUndo
from tests.unit.turns.host import KEY, ChatHost, turn_key
from tests.unit.turns.test_undo_order import cancelled, end, lose, outcomes, undo_ref, with_tools


@pytest.fixture
def both() -> tuple[ChatHost, ChatHost]:
    """The zombie and the replica that took over, on one store and one engine."""
    zombie, other = ChatHost(), ChatHost()
    other.store, other.writes_of = zombie.store, zombie.writes_of
    other.deps, other.clock = zombie.deps, zombie.clock
    other.workflows = zombie.workflows
    other.crash()
    return zombie, other


def keyed(text: str, secret: int) -> Submission:
    message = Message(role="user", content=text, tokens=1, created_at="2030-01-01T00:00:00+00:00")
    return Submission(secret=f"{secret:032x}", message=message, time_zone="UTC", key=f"key-of-{text}", fingerprint=text)


async def test_a_message_admitted_meanwhile_is_not_overwritten(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    zombie.before_save = lambda: other.chats.process_message(KEY, keyed("one", 1))
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("two", 2))

    again = await other.chats.process_message(KEY, keyed("two", 3))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["one", "two"]
    assert (again.status, again.position) == ("queued", 1)
    assert (await other.chats.process_message(KEY, keyed("one", 4))).turn_id == history.turns[0].turn_id


async def test_a_turn_of_a_refused_admission_is_unknown_and_makes_room(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first = await other.submit("first", secret=1)
    zombie.before_save = lambda: other.chats.cancel(turn_key(first.turn_id))
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("two", 2))

    assert (await other.chats.process_message(KEY, keyed("two", 3))).status == "running"
    history = await other.chats.get_history(KEY, 10, None)
    assert [(turn.messages[0].content, turn.status) for turn in history.turns] == [("first", "cancelled"), ("two", "running")]


async def test_a_conversation_that_missed_the_end_of_its_turn_goes_on(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first = await other.submit("first", secret=1)
    zombie.before_save = lambda: other.submit("second", secret=2)
    with pytest.raises(Unavailable):
        await zombie.chats.cancel(turn_key(first.turn_id))

    assert (await other.chats.get_turn(turn_key(first.turn_id))).status == "cancelled", "this key had not changed"
    await other.submit("third", secret=3)
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.status for turn in history.turns] == ["cancelled", "running", "queued"]
    assert history.total_turns == 3


async def test_an_end_that_is_refused_starts_nothing_beside_it(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first = await other.submit("first", secret=1)
    await other.submit("second", secret=2)
    zombie.before_save = lambda: other.begin(first.turn_id)
    with pytest.raises(Unavailable):
        await zombie.chats.cancel(turn_key(first.turn_id))

    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.status for turn in history.turns] == ["running", "queued"]
    await other.submit("third", secret=3)
    await other.chats.cancel(turn_key(first.turn_id))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.status for turn in history.turns] == ["cancelled", "running", "queued"]


async def test_an_interrupt_that_finds_the_turn_moved_runs_nothing_beside_it(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first = await other.submit("first", secret=1)
    zombie.before_save = lambda: other.begin(first.turn_id)
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("two", 2).model_copy(update={"on_busy": "interrupt"}))

    history = await other.chats.get_history(KEY, 10, None)
    assert [(turn.messages[0].content, turn.status) for turn in history.turns] == [("first", "running")]


async def test_a_turn_that_has_ended_with_its_end_all_that_was_saved_is_gone_on_from(host: ChatHost) -> None:
    first, second = (await host.submit(secret=1)).turn_id, (await host.submit(secret=2)).turn_id
    host.effects_left = 1
    with pytest.raises(Unavailable):
        await host.chats.cancel(turn_key(first))
    host.effects_left = None
    assert (await host.chats.get_turn(turn_key(first))).status == "cancelled"
    shown = Message(role="assistant", content="half", tokens=2, interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(first), shown=shown, epoch=2))
    assert (await host.chats.heal(turn_key(second))).status == "running"
    history = await host.chats.get_history(KEY, 10, None)
    assert (history.total_turns, history.total_tokens) == (2, sum(turn.tokens for turn in history.turns[:1]))


async def test_one_that_was_cancelled_while_it_waited_is_passed_over_and_counted(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first, second = await other.submit("first", secret=1), await other.submit("second", secret=2)
    zombie.before_save = lambda: other.submit("third", secret=3)
    with pytest.raises(Unavailable):
        await zombie.chats.cancel(turn_key(second.turn_id))

    await other.answer(first.turn_id)
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.status for turn in history.turns] == ["completed", "cancelled", "running"]
    assert history.total_turns == 3


async def test_an_undo_whose_cancel_was_refused_is_not_meant(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    turn = await with_tools(other)
    zombie.before_save = lambda: other.begin(turn, 1)
    with pytest.raises(Unavailable):
        await zombie.chats.cancel(turn_key(turn), "undo")

    assert (await other.chats.begin_undo(undo_ref(other, turn))).kind == "void", "the turn runs"
    await other.commit(turn, (await other.begin(turn, 1)).epoch, step=1)
    assert (await other.chats.get_turn(turn_key(turn))).status == "completed"
    other.workflows.dead.add(other.instance(f"undo {turn}"))
    zombie.clock.advance(TURN_STALE_AFTER)
    await other.chats.heal(turn_key(turn))
    assert [name for name, _ in other.workflows.started].count(f"undo {turn}") == 1
    assert other.stored("undo-1") is None, "what was left of the order is gone"


async def test_a_zombie_between_turn_and_meta_finds_that_another_has_taken_its_place(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    other.effects_left = 2  # saves meta as it is, saves turn and key, and dies

    async def takes_its_place() -> None:
        with pytest.raises(Unavailable):
            await other.chats.process_message(KEY, keyed("two", 2))

    async def then() -> None:
        zombie.before_save = takes_its_place

    zombie.before_save = then  # the first save is turn and key, the second meta
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("one", 1))
    other.effects_left = None

    assert (await other.chats.get_history(KEY, 10, None)).turns == (), "nobody was told of either"
    assert (await other.chats.process_message(KEY, keyed("one", 3))).status == "running"


async def test_what_is_read_after_meta_may_be_newer_and_is_not_overwritten(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    await other.submit("first", secret=1)
    zombie.after_meta = lambda: other.chats.process_message(KEY, keyed("one", 2))
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("two", 3))

    await other.chats.process_message(KEY, keyed("two", 4))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["first", "one", "two"]


async def test_a_repeat_that_reads_an_old_meta_admits_nothing_twice(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    await other.submit("first", secret=1)
    zombie.after_meta = lambda: other.chats.process_message(KEY, keyed("one", 2))
    with pytest.raises(Unavailable):
        await zombie.chats.process_message(KEY, keyed("one", 3))

    await other.chats.process_message(KEY, keyed("one", 4))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["first", "one"]


async def hanging(zombie: ChatHost, request: Submission) -> Callable[[], Awaitable[None]]:
    """Freezes the zombie just before its first save of an admission. The result wakes it, and its admission is refused."""
    frozen, woken = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        frozen.set()
        await woken.wait()

    zombie.before_save = freeze
    admission = asyncio.ensure_future(zombie.chats.process_message(KEY, request))
    await frozen.wait()

    async def wake() -> None:
        woken.set()
        with pytest.raises(Unavailable):
            await admission

    return wake


async def test_a_key_that_a_zombie_leaves_behind_during_an_admission_doubles_nothing(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    await other.submit("first", secret=1)
    wake = await hanging(zombie, keyed("one", 2))
    await other.submit("second", secret=3)
    other.before_save = wake
    with pytest.raises(Unavailable):
        await other.chats.process_message(KEY, keyed("one", 4))

    admitted = await other.chats.process_message(KEY, keyed("one", 5))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["first", "second", "one"]
    assert (await other.chats.process_message(KEY, keyed("one", 6))).turn_id == admitted.turn_id == history.turns[2].turn_id


async def test_a_turn_that_a_zombie_leaves_behind_during_an_admission_takes_no_place(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    first = await other.submit("first", secret=1)
    wake = await hanging(zombie, keyed("two", 2))
    await other.chats.cancel(turn_key(first.turn_id))
    other.before_save = wake
    with pytest.raises(Unavailable):
        await other.chats.process_message(KEY, keyed("one", 3))

    one = await other.chats.process_message(KEY, keyed("one", 3))  # the same delivery again
    two = await other.chats.process_message(KEY, keyed("two", 4))
    history = await other.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["first", "one", "two"]
    assert [one.turn_id, two.turn_id] == [turn.turn_id for turn in history.turns[1:]]
    assert (await other.begin(one.turn_id)).kind == "go", "the workflow of the newest admission is the one recorded"


async def test_an_undo_that_was_started_anew_is_not_removed_by_who_had_it_before(both: tuple[ChatHost, ChatHost]) -> None:
    zombie, other = both
    turn = await cancelled(other)
    order = undo_ref(other, turn)
    zombie.before_save = lambda: lose(other, turn)
    with pytest.raises(Unavailable):
        await zombie.chats.end_undo(EndUndo(ref=order, tasks=outcomes(other, turn)))

    assert (await other.chats.begin_undo(undo_ref(other, turn))).kind == "go"
    assert (await end(other, turn)) == (await other.chats.get_turn(turn_key(turn))).undo


async def test_a_key_of_which_nothing_else_was_saved_is_free_for_another_message(host: ChatHost) -> None:
    first = keyed("one", 1)
    host.effects_left = 2  # its workflow is scheduled, turn and key are saved; meta is not
    with pytest.raises(Unavailable):
        await host.chats.process_message(KEY, first)
    host.effects_left = None
    host.crash()

    other = keyed("two", 2).model_copy(update={"key": first.key})
    assert (await host.chats.process_message(KEY, other)).status == "running"
    assert [t.messages[0].content for t in (await host.chats.get_history(KEY, 10, None)).turns] == ["two"]


@pytest.mark.parametrize("read", [1, 2], ids=["while it plans", "just before it saves"])
async def test_a_method_that_outlives_its_activation_saves_nothing(host: ChatHost, read: int) -> None:
    """Without all of it: the SDK drops what is cached, and meta, written after that, would name a turn that is not there."""
    await host.submit("first", secret=1)

    async def deactivate() -> None:
        nonlocal read
        read -= 1
        if read == 0:
            await host.deactivate()
        else:
            host.after_meta = deactivate

    host.after_meta = deactivate
    before = dict(host.store)
    with pytest.raises(Unavailable):
        await host.chats.process_message(KEY, keyed("one", 2))
    assert host.store == before

    admitted = await host.chats.process_message(KEY, keyed("one", 2))
    history = await host.chats.get_history(KEY, 10, None)
    assert [turn.messages[0].content for turn in history.turns] == ["first", "one"]
    assert admitted.turn_id == history.turns[1].turn_id

"""A turn that kills whatever runs it ends; one that makes progress, or whose failures are told, may go on."""

import pytest

from agent.domain.limits import ATTEMPTS_APART, ATTEMPTS_KEPT_MAX, HANDED_OVER_EPOCHS_MAX, TURN_ATTEMPTS_MAX
from agent.domain.turn_calls import BegunStep, HandedOver
from tests.unit.turns.host import ChatHost, call, turn_key


async def begin_and_die(host: ChatHost, turn: str, times: int, step: int = 0, retry: int = 0) -> BegunStep:
    """``times`` attempts that are never heard of again; what the last was told."""
    begun = BegunStep(kind="void")
    for _ in range(times):
        ref = host.ref(turn, step).model_copy(update={"retry": retry})
        begun = await host.chats.begin_step(ref)
        host.crash()
        host.clock.advance(ATTEMPTS_APART)
    return begun


async def test_a_turn_that_dies_at_every_attempt_fails_and_the_next_one_starts(host: ChatHost) -> None:
    turn = (await host.submit(secret=1)).turn_id
    waiting = (await host.submit(secret=2)).turn_id
    assert (await begin_and_die(host, turn, TURN_ATTEMPTS_MAX)).kind == "go"
    told = await begin_and_die(host, turn, 1)
    seen = await host.chats.get_turn(turn_key(turn))
    assert (told.kind, told.status, told.terminal) == ("ended", "failed", seen.terminal)
    assert seen.failure is not None
    assert (seen.failure.code, seen.epoch) == ("recovery_exhausted", 1 + TURN_ATTEMPTS_MAX)
    assert (await host.begin(waiting)).kind == "go"
    assert await begin_and_die(host, turn, 1) == told, "asked again, it tells the same"


async def test_attempts_that_take_each_others_place_count_as_one(host: ChatHost) -> None:
    """While actors move, the engine hands an activity out again and again, to hosts that live."""
    turn = (await host.submit()).turn_id
    for _ in range(2 * TURN_ATTEMPTS_MAX):
        assert (await host.begin(turn)).kind == "go"
        host.clock.advance(ATTEMPTS_APART / 2)
    host.clock.advance(ATTEMPTS_APART)
    assert (await begin_and_die(host, turn, TURN_ATTEMPTS_MAX)).kind == "ended"


async def test_tools_that_die_at_every_attempt_fail_the_turn(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.commit(turn, (await host.begin(turn)).epoch, calls=(call(0),))
    for _ in range(TURN_ATTEMPTS_MAX):
        assert (await host.chats.begin_tools(host.ref(turn))).kind == "go"
        host.crash()
        host.clock.advance(ATTEMPTS_APART)
    assert (await host.chats.begin_tools(host.ref(turn))).kind == "ended"
    assert (await host.begin(turn, step=1)).status == "failed", "the next step finds the end and tells it"


async def test_progress_counts_anew(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    for step in range(3):
        begun = await begin_and_die(host, turn, TURN_ATTEMPTS_MAX, step)
        await host.commit(turn, begun.epoch, step=step, calls=(call(0), call(1)))
        for index in (0, 1):
            tools = [await host.chats.begin_tools(host.ref(turn, step)) for _ in range(TURN_ATTEMPTS_MAX)][-1]
            assert await host.commit_result(turn, tools.epoch, f"c-{index}", step)
    assert (await host.begin(turn, step=3)).kind == "go"


async def test_a_failure_of_the_model_that_was_told_counts_anew(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    for retry in range(3):
        assert (await begin_and_die(host, turn, TURN_ATTEMPTS_MAX, retry=retry)).kind == "go"
    assert (await begin_and_die(host, turn, 1, retry=2)).kind == "ended", "the third died for good"


async def test_attempts_that_were_handed_over_died_of_nothing(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    for _ in range(3):
        begun = await begin_and_die(host, turn, TURN_ATTEMPTS_MAX)
        assert begun.kind == "go"
        await host.chats.hand_over(HandedOver(ref=host.ref(turn), epoch=begun.epoch))
    assert (await begin_and_die(host, turn, TURN_ATTEMPTS_MAX + 1)).status == "failed", "these told nothing"


async def test_what_is_told_late_says_nothing_of_those_that_came_after(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    early = await begin_and_die(host, turn, 2)
    late = await begin_and_die(host, turn, TURN_ATTEMPTS_MAX - 2)
    await host.chats.hand_over(HandedOver(ref=host.ref(turn), epoch=early.epoch))
    assert (await begin_and_die(host, turn, 2)).kind == "go", "two are out of it"
    assert (late.kind, (await begin_and_die(host, turn, 1)).kind) == ("go", "ended")


async def test_a_turn_that_is_why_its_processes_are_stopped_ends_too(host: ChatHost) -> None:
    """Such as one that takes all memory: it is handed over, in good order, for ever."""
    turn = (await host.submit()).turn_id
    for attempt in range(HANDED_OVER_EPOCHS_MAX + TURN_ATTEMPTS_MAX):
        begun = await begin_and_die(host, turn, 1)
        if begun.kind != "go":
            assert (begun.status, attempt) == ("failed", HANDED_OVER_EPOCHS_MAX + TURN_ATTEMPTS_MAX - 2)
            return
        await host.chats.hand_over(HandedOver(ref=host.ref(turn), epoch=begun.epoch))
    raise AssertionError("it is handed over for ever")


@pytest.mark.parametrize("who", ["another instance", "an ended turn"])
async def test_what_is_handed_over_by_others_or_too_late_changes_nothing(host: ChatHost, who: str) -> None:
    turn = (await host.submit()).turn_id
    begun = await begin_and_die(host, turn, 2)
    ref = host.ref(turn, instance="nobody") if who == "another instance" else host.ref(turn)
    if who == "an ended turn":
        await host.commit(turn, begun.epoch)
    before = host.stored("turn-1")
    await host.chats.hand_over(HandedOver(ref=ref, epoch=begun.epoch))
    assert host.stored("turn-1") == before


async def test_a_new_instance_that_starts_over_has_told_nothing(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await begin_and_die(host, turn, 1, retry=3)
    assert (await begin_and_die(host, turn, TURN_ATTEMPTS_MAX)).kind == "ended"


async def test_the_attempts_are_told_newest_last(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await begin_and_die(host, turn, 2)
    await host.commit(turn, begun.epoch, calls=(call(0),))
    await host.chats.begin_tools(host.ref(turn))
    told = (await host.chats.get_turn(turn_key(turn))).attempt_history
    assert [(a.epoch, a.step, a.work) for a in told] == [(2, 0, "generate"), (3, 0, "generate"), (4, 0, "tools")]
    for retry in range(1, ATTEMPTS_KEPT_MAX + 1):
        await begin_and_die(host, turn, 1, step=1, retry=retry)
    told = (await host.chats.get_turn(turn_key(turn))).attempt_history
    assert (len(told), told[-1].epoch) == (ATTEMPTS_KEPT_MAX, 4 + ATTEMPTS_KEPT_MAX)

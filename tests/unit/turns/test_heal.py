"""A turn whose workflow is gone comes back when somebody looks, so many times; nothing waits behind it for ever."""

import pytest

from agent.domain.errors import Busy, NotFound
from agent.domain.events import TurnFailed
from agent.domain.limits import (
    BEAT_KEPT,
    QUEUE_MAX,
    TURN_ATTEMPTS_MAX,
    TURN_FORGOTTEN_AFTER,
    TURN_STALE_AFTER,
    TURN_UNBEGUN_AFTER,
)
from tests.unit.turns.host import ChatHost, turn_key


def lose_workflow(host: ChatHost, turn_id: str) -> str:
    """The engine forgets the turn's instance, and time goes by."""
    instance = host.instance(turn_id)
    host.workflows.dead.add(instance)
    host.clock.advance(TURN_STALE_AFTER)
    return instance


async def test_a_lost_workflow_is_replaced_and_the_old_one_is_void(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.begin(turn)
    old = lose_workflow(host, turn)
    host.trace.clear()
    seen = await host.chats.heal(turn_key(turn))
    assert (seen.status, seen.attempts) == ("running", 2)
    assert host.trace == ["schedule", "save"]
    assert host.instance(turn) != old
    assert (await host.begin(turn, instance=old)).kind == "void"
    again = await host.begin(turn)
    assert (again.kind, again.epoch, again.restart) == ("go", 3, True)


async def test_who_makes_progress_or_lives_is_left_alone(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    host.workflows.dead.add(host.instance(turn))
    assert (await host.chats.heal(turn_key(turn))).attempts == 1, "it has just begun"
    host.workflows.dead.clear()
    host.clock.advance(3600)
    assert (await host.chats.heal(turn_key(turn))).attempts == 1, "slow is not dead"
    await host.answer(turn)
    lose_workflow(host, turn)
    assert (await host.chats.heal(turn_key(turn))).attempts == 1, "it has ended"
    assert len(host.workflows.started) == 1


async def test_a_turn_that_the_engine_has_and_forgot_is_replaced_once_two_looks_found_nobody_at_it(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.begin(turn)
    old = host.instance(turn)
    host.pulse.alive = False
    host.clock.advance(TURN_FORGOTTEN_AFTER - 1)
    assert (await host.chats.heal(turn_key(turn))).attempts == 1, "it may wait between two attempts"
    host.clock.advance(1)
    assert (await host.chats.heal(turn_key(turn))).attempts == 1, "one look is none"
    host.clock.advance(BEAT_KEPT)
    assert (await host.chats.heal(turn_key(turn))).attempts == 2
    assert (host.workflows.abandoned, host.instance(turn) != old) == ([old], True)
    assert (await host.begin(turn, instance=old)).kind == "void", "should the engine remember"
    assert (await host.begin(turn)).kind == "go"


async def test_a_turn_of_which_no_attempt_ever_began_is_missed_sooner_but_less_soon_each_time(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    host.pulse.alive = False
    for starts, wait in enumerate((TURN_UNBEGUN_AFTER, 2 * TURN_UNBEGUN_AFTER, TURN_FORGOTTEN_AFTER, TURN_FORGOTTEN_AFTER), 1):
        host.clock.advance(wait - 1)
        await host.chats.heal(turn_key(turn))
        host.clock.advance(BEAT_KEPT)
        assert (await host.chats.heal(turn_key(turn))).attempts == starts, "an engine with too much to do"
        host.clock.advance(BEAT_KEPT)
        assert (await host.chats.heal(turn_key(turn))).attempts == starts + 1


@pytest.mark.parametrize("seen", [True, None])
async def test_a_beat_or_a_log_that_cannot_tell_begins_the_looks_anew(host: ChatHost, seen: bool | None) -> None:
    turn = (await host.submit()).turn_id
    host.clock.advance(TURN_FORGOTTEN_AFTER)
    for alive in (False, seen, False):
        host.pulse.alive = alive
        assert (await host.chats.heal(turn_key(turn))).attempts == 1
        host.clock.advance(BEAT_KEPT)
    assert (await host.chats.heal(turn_key(turn))).attempts == 2


async def test_silence_before_and_behind_some_progress_is_seen_by_one_look_each(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    for _ in range(2):
        host.pulse.alive = False
        host.clock.advance(TURN_FORGOTTEN_AFTER)
        assert (await host.chats.heal(turn_key(turn))).attempts == 1
        await host.begin(turn)  # with nobody looking


async def test_looking_works_while_the_engine_is_out_of_reach(host: ChatHost) -> None:
    turn = (await host.submit(secret=1)).turn_id
    lose_workflow(host, turn)
    host.workflows.unreachable = True
    assert (await host.chats.heal(turn_key(turn))).status == "running"
    assert (await host.submit(secret=2)).status == "queued"


async def test_the_same_look_twice_starts_one_workflow(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    lose_workflow(host, turn)
    await host.chats.heal(turn_key(turn))
    await host.chats.heal(turn_key(turn))
    assert len(host.workflows.started) == 2


async def test_a_turn_that_never_gets_through_fails_and_the_next_one_starts(host: ChatHost) -> None:
    turn = (await host.submit(secret=1)).turn_id
    waiting = (await host.submit(secret=2)).turn_id
    for attempt in range(2, TURN_ATTEMPTS_MAX + 1):
        lose_workflow(host, turn)
        assert (await host.chats.heal(turn_key(turn))).attempts == attempt
    lose_workflow(host, turn)
    seen = await host.chats.heal(turn_key(turn))
    assert isinstance(seen.terminal, TurnFailed)
    assert (seen.status, seen.terminal.code) == ("failed", "recovery_exhausted")
    assert (await host.chats.get_turn(turn_key(waiting))).status == "running"
    told = await host.begin(turn)
    assert (told.kind, told.terminal) == ("ended", seen.terminal), "a last workflow tells the world"
    assert [t for t, _ in host.workflows.started].count(turn) == TURN_ATTEMPTS_MAX + 1


async def test_looking_at_a_waiting_turn_heals_the_one_it_waits_for(host: ChatHost) -> None:
    running = (await host.submit(secret=1)).turn_id
    waiting = (await host.submit(secret=2)).turn_id
    lose_workflow(host, running)
    assert (await host.chats.heal(turn_key(waiting))).status == "queued"
    assert (await host.chats.get_turn(turn_key(running))).attempts == 2


async def test_admission_heals_what_it_would_wait_for(host: ChatHost) -> None:
    running = (await host.submit(secret=1)).turn_id
    lose_workflow(host, running)
    admitted = await host.submit(secret=2)
    assert (admitted.status, admitted.position) == ("queued", 1)
    assert (await host.chats.get_turn(turn_key(running))).attempts == 2


async def test_a_refused_message_heals_for_good(host: ChatHost) -> None:
    for n in range(QUEUE_MAX + 1):
        await host.submit(secret=n + 1)
    running = host.workflows.started[0][0]
    lose_workflow(host, running)
    with pytest.raises(Busy):
        await host.submit(secret=99)
    host.crash()
    assert (await host.chats.get_turn(turn_key(running))).attempts == 2
    assert (await host.begin(running)).kind == "go"


async def test_admission_behind_a_turn_beyond_saving_runs_at_once(host: ChatHost) -> None:
    running = (await host.submit(secret=1)).turn_id
    for _ in range(2, TURN_ATTEMPTS_MAX + 1):
        lose_workflow(host, running)
        await host.chats.heal(turn_key(running))
    lose_workflow(host, running)
    assert (await host.submit(secret=2)).status == "running"
    assert (await host.chats.get_turn(turn_key(running))).status == "failed"


async def test_a_failed_save_of_a_revival_leaves_the_new_workflow_void(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    lose_workflow(host, turn)
    host.fail_saves = 1
    with pytest.raises(Exception, match="could not store"):
        await host.chats.heal(turn_key(turn))
    assert (await host.begin(turn)).kind == "void"
    assert (await host.chats.heal(turn_key(turn))).attempts == 2


async def test_an_unknown_turn_is_not_found(host: ChatHost) -> None:
    await host.submit()
    for unknown in ("main.1." + "b" * 26, "main.2." + "a" * 26, "other.1." + "a" * 26, "nonsense", "a/b", "."):
        with pytest.raises(NotFound) as refused:
            await host.chats.heal(turn_key(unknown))
        assert (refused.value.code, refused.value.detail) == ("turn_not_found", "Turn not found")

"""ChatActor admits: schedule first, save second; queue, order and bounds; a repeated delivery is the same message."""

import pytest

from agent.domain.errors import Busy, Gone, TooLarge, Unavailable
from agent.domain.ids import ConversationKey
from agent.domain.limits import QUEUE_MAX, TOKEN_BUDGET
from tests.unit.turns.host import KEY, ChatHost, turn_key


async def test_an_idle_conversation_schedules_first_and_saves_second(host: ChatHost) -> None:
    admitted = await host.submit()
    assert (admitted.status, admitted.position) == ("running", 0)
    assert host.trace == ["schedule", "save", "save"]
    assert host.writes == [{"turn-1"}, {"meta"}], "what makes it an admission comes last"
    assert host.stored("meta")["running"] == 1
    assert host.stored("turn-1")["instance"] == host.instance(admitted.turn_id)


async def test_a_crash_between_schedule_and_save_leaves_a_workflow_that_is_void(host: ChatHost) -> None:
    host.fail_saves = 1
    with pytest.raises(Unavailable) as refused:
        await host.submit()
    assert refused.value.code == "runtime_failed"
    assert host.store == {}
    [(turn_id, instance)] = host.workflows.started
    assert (await host.begin(turn_id, instance=instance)).kind == "void"
    again = await host.submit(secret=2)
    assert again.status == "running", "the unsaved turn does not keep the conversation busy"
    assert (await host.begin(turn_id, instance=instance)).kind == "void"
    assert (await host.begin(again.turn_id)).kind == "go"


async def test_the_same_submission_after_a_failed_save_runs_once(host: ChatHost) -> None:
    host.fail_saves = 1
    with pytest.raises(Unavailable):
        await host.submit(secret=1)
    host.crash()
    first = await host.submit(secret=1)
    orphan, started = host.workflows.started
    assert orphan[0] == started[0] == first.turn_id
    assert (await host.begin(first.turn_id, instance=orphan[1])).kind == "void", "the start that was not saved ends at once"
    assert (await host.begin(first.turn_id, instance=started[1])).kind == "go"


async def test_an_engine_out_of_reach_admits_nothing(host: ChatHost) -> None:
    host.workflows.unreachable = True
    with pytest.raises(Unavailable):
        await host.submit()
    assert host.store == {}


async def test_a_repeated_delivery_gets_the_same_admission(host: ChatHost) -> None:
    first = await host.submit(secret=1)
    assert await host.submit(secret=1) == first
    second = await host.submit(secret=2)
    host.crash()
    assert await host.submit(secret=2) == second
    assert second.position == 1
    assert len(host.workflows.started) == 1
    assert host.stored("meta")["next"] == 3


async def test_a_repeated_delivery_is_recognised_behind_later_messages(host: ChatHost) -> None:
    first = await host.submit(secret=1)
    await host.submit(secret=2)
    assert (await host.submit(secret=1)).turn_id == first.turn_id
    await host.answer(first.turn_id)
    await host.submit(secret=3)
    host.crash()
    repeated = await host.submit(secret=1)
    assert (repeated.turn_id, repeated.status) == (first.turn_id, "completed")
    assert host.stored("meta")["next"] == 4


async def test_a_busy_conversation_queues_in_order_and_starts_the_next_when_one_ends(host: ChatHost) -> None:
    admitted = [await host.submit(f"m{n}", secret=n) for n in range(1, 4)]
    assert [(a.status, a.position) for a in admitted] == [("running", 0), ("queued", 1), ("queued", 2)]
    host.trace.clear()
    for running, waiting in zip(admitted, admitted[1:], strict=False):
        assert (await host.chats.get_turn(turn_key(waiting.turn_id))).status == "queued"
        await host.answer(running.turn_id)
        assert (await host.chats.get_turn(turn_key(waiting.turn_id))).status == "running"
    assert host.trace == ["save", "save", "schedule", "save"] * 2, (
        "an epoch handed out; one ended for good; then the next one scheduled before it is saved"
    )
    await host.answer(admitted[2].turn_id)
    assert host.stored("meta") | {"running": None, "queue": []} == host.stored("meta")


async def test_a_full_queue_refuses_and_changes_nothing(host: ChatHost) -> None:
    for n in range(QUEUE_MAX + 1):
        await host.submit(secret=n + 1)
    before = dict(host.store)
    with pytest.raises(Busy) as full:
        await host.submit(secret=99)
    assert full.value.code == "queue_full"
    assert host.store == before
    assert (await host.submit(secret=QUEUE_MAX + 1)).position == QUEUE_MAX, "a repeat is no new message"


async def test_a_message_beyond_the_budget_is_refused_with_the_numbers(host: ChatHost) -> None:
    with pytest.raises(TooLarge) as refused:
        await host.submit(tokens=TOKEN_BUDGET)
    assert refused.value.extra["tokens"] == TOKEN_BUDGET
    assert host.store == {}
    assert host.workflows.started == []


async def test_conversations_do_not_know_each_other(host: ChatHost) -> None:
    other = ConversationKey("default", "local", "other")
    neighbour = ConversationKey("default", "eve", "main")
    for key in (KEY, other, neighbour):
        assert (await host.submit(secret=1, key=key)).status == "running"
    assert host.stored("meta", other) == host.stored("meta", neighbour) == host.stored("meta")


@pytest.mark.parametrize(
    "text", ["2024-01-15 was the day", "5m", "PT5M", "\0 NUL", "שלום ‮ abc", "🤝🏽", "x" * 30_000, '{"a": 1}', "null", "1e5"]
)
async def test_text_survives_the_round_trip_through_state(host: ChatHost, text: str) -> None:
    admitted = await host.submit(text)
    host.crash()
    assert (await host.chats.get_turn(turn_key(admitted.turn_id))).user_message.content == text
    assert (await host.begin(admitted.turn_id)).messages[-1].content == text


async def test_an_actor_that_comes_back_sees_what_others_wrote(host: ChatHost) -> None:
    """Its sidecar died or its app was frozen, it lived elsewhere meanwhile, and the SDK still has the old object."""
    await host.answer((await host.submit(secret=1)).turn_id)
    here = host.manager
    host.crash()  # a second process on the same store
    there = (await host.submit("said elsewhere", secret=2)).turn_id
    host.manager = here
    third = await host.submit("said here again", secret=3)
    assert (third.status, third.position) == ("queued", 1)
    assert (await host.chats.get_turn(turn_key(there))).user_message.content == "said elsewhere"


async def test_a_delivery_repeated_after_a_clear_runs_nothing(host: ChatHost) -> None:
    await host.answer((await host.submit(secret=1)).turn_id)
    await host.chats.clear_history(KEY, "first")
    with pytest.raises(Gone):
        await host.submit(secret=1)
    assert len(host.workflows.started) == 1


async def test_an_instance_that_was_scheduled_and_not_saved_is_never_used_again(host: ChatHost) -> None:
    host.fail_saves = 1
    with pytest.raises(Unavailable):
        await host.submit(secret=1)
    await host.submit(secret=1)
    assert len({instance for _, instance in host.workflows.started}) == 2

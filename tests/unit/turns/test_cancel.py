"""ChatActor: cancelling, the policies for a busy conversation, and idempotency keys."""

import asyncio
from typing import Any

import pytest

from actors import chat_store
from agent.adapters.memory_log import MemoryTurnLog
from agent.domain.conversation import Admission, Submission
from agent.domain.errors import Busy, Conflict, Gone, Unavailable, Unprocessable
from agent.domain.events import TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.limits import IDEMPOTENCY_KEY_SECONDS, IDEMPOTENCY_KEYS_MAX, TURNS_KEPT_MAX
from agent.domain.messages import Message
from agent.domain.model import TextPart
from agent.domain.turn_calls import KeepShown
from tests.fakes.ports import FragileLog
from tests.unit.turns.generating import ANSWER, PATIENCE, activity, names, until_written
from tests.unit.turns.host import KEY, ChatHost, turn_key
from workflows.activities import rival


async def submit(host: ChatHost, number: int, **more: Any) -> Admission:
    message = Message(role="user", content=f"q{number}", tokens=1, created_at=host.clock.now().isoformat())
    return await host.chats.process_message(KEY, Submission(secret=f"{number:032x}", message=message, time_zone="UTC", **more))


def shown(text: str) -> Message:
    return Message(role="assistant", content=text, tokens=2, interrupted=True)


async def test_a_cancelled_turn_refuses_its_commit_and_the_next_one_runs(host: ChatHost) -> None:
    [first, second] = [(await submit(host, n)).turn_id for n in (1, 2)]
    begun = await host.begin(first)
    assert (await host.chats.cancel(turn_key(first))).status == "cancelled"
    refused = await host.commit(first, begun.epoch)
    assert (refused.kind, refused.status) == ("ended", "cancelled")
    assert (await host.chats.get_turn(turn_key(second))).status == "running"
    assert (await host.chats.cancel(turn_key(first))).status == "cancelled", "again, and nothing more happens"
    assert (await host.chats.get_turn(turn_key(second))).status == "running"


async def test_a_cancelled_waiting_turn_leaves_the_queue(host: ChatHost) -> None:
    [first, second, third] = [(await submit(host, n)).turn_id for n in (1, 2, 3)]
    await host.chats.cancel(turn_key(second))
    await host.answer(first)
    assert (await host.chats.get_turn(turn_key(third))).status == "running"
    assert not [t for t, _ in host.workflows.started if t == second]


async def test_a_turn_that_has_ended_stays_what_it_is(host: ChatHost) -> None:
    turn = (await submit(host, 1)).turn_id
    await host.answer(turn)
    before = dict(host.store)
    assert (await host.chats.cancel(turn_key(turn))).status == "completed"
    assert host.store == before


async def test_what_was_shown_is_stored_once_and_told_to_the_model(host: ChatHost) -> None:
    turn = (await submit(host, 1)).turn_id
    ref = host.ref(turn)
    await host.begin(turn)
    await host.chats.keep_shown(KeepShown(ref=ref, shown=shown("too early"), epoch=2))
    await host.chats.cancel(turn_key(turn))
    for epoch, text in ((2, "half an ans"), (3, "another")):
        await host.chats.keep_shown(KeepShown(ref=ref, shown=shown(text), epoch=epoch))
    view = await host.chats.get_turn(turn_key(turn))
    assert view.message is not None
    assert (view.message.content, view.message.interrupted, view.interrupted_epoch) == ("half an ans", True, 2)
    page = await host.chats.get_history(KEY, 5, None)
    assert page.total_tokens == sum(m.tokens for m in page.turns[0].messages) == 3
    begun = await host.begin((await submit(host, 2)).turn_id)
    assert [m.content for m in begun.messages[1:]] == ["q1", "half an ans", "q2"]


async def test_reject_changes_nothing_and_names_the_turn(host: ChatHost) -> None:
    running = (await submit(host, 1, on_busy="reject")).turn_id
    before = dict(host.store)
    with pytest.raises(Conflict) as refused:
        await submit(host, 2, on_busy="reject")
    assert (refused.value.code, refused.value.extra["turn_id"]) == ("turn_running", running)
    assert host.store == before


async def test_interrupt_goes_before_those_who_wait(host: ChatHost) -> None:
    [first, second] = [(await submit(host, n)).turn_id for n in (1, 2)]
    third = await submit(host, 3, on_busy="interrupt")
    assert (third.status, third.position, third.interrupted) == ("running", 0, first)
    assert (await host.chats.get_turn(turn_key(first))).status == "cancelled"
    await host.answer(third.turn_id)
    assert (await host.chats.get_turn(turn_key(second))).status == "running"


async def test_who_is_overtaken_is_told_what_was_said_meanwhile_and_who_overtakes_what_was_cut_off(host: ChatHost) -> None:
    ids = [(await submit(host, n)).turn_id for n in (1, 2, 3)]
    await host.begin(ids[0])
    ids.append((await submit(host, 4, on_busy="interrupt")).turn_id)
    begun = await host.begin(ids[3])
    assert begun.cut_off == (ids[0],), "those that wait are none that were cut off"
    told = {3: [m.content for m in begun.messages[1:]]}
    await host.commit(ids[3], begun.epoch, "a4")
    for number in (1, 2):
        begun = await host.begin(ids[number])
        told[number] = [m.content for m in begun.messages[1:]]
        await host.commit(ids[number], begun.epoch, f"a{number + 1}")
    cut = ["q1", "(No answer: cancelled.)"]
    assert told == {3: [*cut, "q4"], 1: [*cut, "q4", "a4", "q2"], 2: [*cut, "q2", "a2", "q4", "a4", "q3"]}
    for number in (1, 2, 3):
        seen = await host.chats.get_turn_context(turn_key(ids[number]), None)
        assert [m.content for m in seen.messages[1:]] == told[number], "also when it is looked at later"


@pytest.mark.parametrize(("left", "fingerprint"), [("key-k", "b"), ("key-k", "a"), ("key-m", "a")])
async def test_a_key_of_which_nothing_else_was_saved_stands_for_the_next_request(
    host: ChatHost, left: str, fingerprint: str
) -> None:
    await submit(host, 1, key="k", also="m", fingerprint="a")
    for stored in [stored for stored in host.store if stored[1] != left]:
        del host.store[stored], host.writes_of[stored]
    host.crash()
    admitted = await submit(host, 2, key="k", also="m", fingerprint=fingerprint)
    host.crash()
    assert (await submit(host, 3, key="k", fingerprint=fingerprint)).turn_id == admitted.turn_id


async def test_a_second_key_counts_for_the_same_words_alone(host: ChatHost) -> None:
    first = await submit(host, 1, key="run-1", also="message-1", fingerprint="a")
    again = await submit(host, 2, key="run-2", also="message-1", fingerprint="a")
    assert again.turn_id == first.turn_id, "the same message, whatever the run"
    assert (await submit(host, 3, key="run-1", also="message-2", fingerprint="a")).turn_id == first.turn_id, "the same run"
    with pytest.raises(Unprocessable):
        await submit(host, 4, key="run-1", also="message-3", fingerprint="b")
    other = await submit(host, 5, key="run-5", also="message-1", fingerprint="b")
    assert other.turn_id != first.turn_id, "who numbers messages anew says something else"
    host.crash()
    assert (await submit(host, 6, key="run-6", also="message-1", fingerprint="a")).turn_id == first.turn_id
    assert (await submit(host, 7, key="run-5", fingerprint="b")).turn_id == other.turn_id


async def test_an_interrupt_that_cannot_be_scheduled_cancels_nothing(host: ChatHost) -> None:
    first = (await submit(host, 1)).turn_id
    before = dict(host.store)
    host.workflows.unreachable = True
    with pytest.raises(Unavailable):
        await submit(host, 2, on_busy="interrupt")
    host.workflows.unreachable = False
    assert host.store == before
    assert (await host.chats.get_turn(turn_key(first))).status == "running"


async def test_a_key_is_one_turn_for_ever(host: ChatHost) -> None:
    first = await submit(host, 1, key="k", fingerprint="a")
    host.crash()
    assert (await submit(host, 2, key="k", fingerprint="a")).turn_id == first.turn_id
    with pytest.raises(Unprocessable):
        await submit(host, 3, key="k", fingerprint="b")
    await host.answer(first.turn_id)
    await host.chats.clear_history(KEY, "first")
    with pytest.raises(Gone):
        await submit(host, 4, key="k", fingerprint="a")
    assert len(host.workflows.started) == 1


async def test_keys_have_a_bound_and_none_of_this_day_is_forgotten(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_store, "IDEMPOTENCY_KEYS_MAX", 3)
    for n in range(3):
        await host.answer((await submit(host, n, key=f"k{n}", fingerprint="a")).turn_id)
    with pytest.raises(Busy) as refused:
        await submit(host, 8, key="k8", fingerprint="a")
    assert refused.value.code == "too_many_keys"
    assert len(host.workflows.started) == 3, "what is refused schedules nothing"
    host.clock.advance(IDEMPOTENCY_KEY_SECONDS)
    await host.answer((await submit(host, 9, key="k9", fingerprint="a")).turn_id)
    assert host.stored("key-k0") is None
    assert host.stored("key-at-1") is None
    assert (await submit(host, 10, key="k1", fingerprint="a")).status == "completed", "the others are still known"


def test_a_day_takes_as_many_messages_with_two_keys_as_turns_are_kept() -> None:
    assert IDEMPOTENCY_KEYS_MAX >= 2 * TURNS_KEPT_MAX


async def test_the_next_turn_is_asked_with_what_readers_saw_of_the_one_it_interrupts(
    host: ChatHost, log: MemoryTurnLog
) -> None:
    """Also when the workflow of the interrupted one has not got round to storing it: what was sent stays what is shown."""
    first = (await submit(host, 1)).turn_id
    generate, model = activity(host, log, [TextPart("half an "), asyncio.Event()], ANSWER)
    interrupted = asyncio.create_task(generate(host.ref(first)))
    await until_written(log, first, 3)
    second = (await submit(host, 2, on_busy="interrupt")).turn_id
    assert (await generate(host.ref(second))).kind == "answered"
    assert (await asyncio.wait_for(interrupted, PATIENCE)).kind == "ended"
    sent = [m["content"] for m in model.requests[1].messages[1:]]
    assert [said.strip() for said in sent] == ["q1", "half an", "q2"]
    shown = await host.chats.get_turn_context(turn_key(second))
    assert [m.content for m in shown.messages[1:4]] == sent
    assert (await names(log, second))[:2] == ["turn.started", "step.started"]


async def test_who_cancels_and_dies_before_telling_the_log_is_found_out_by_the_attempt(
    host: ChatHost, log: MemoryTurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rival, "ATTEMPT_LOOK_INTERVAL", 0.02)
    turn = (await submit(host, 1)).turn_id
    generate, model = activity(host, log, [TextPart("on and on "), asyncio.Event()])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    await host.chats.cancel(turn_key(turn))
    assert (await asyncio.wait_for(running, PATIENCE)).kind == "ended"
    assert model.closed == 1
    assert (await names(log, turn))[-1] == "turn.cancelled"


async def test_and_also_when_the_log_was_out_of_reach_at_the_first_look(
    host: ChatHost, log: MemoryTurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(FragileLog):
        tried = asyncio.Event()

        async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
            self.tried.set()
            await super().close(turn, event)

    monkeypatch.setattr(rival, "ATTEMPT_LOOK_INTERVAL", 0.02)
    turn, away = (await submit(host, 1)).turn_id, Away(log)
    generate, _ = activity(host, away, [TextPart("on and on "), asyncio.Event()])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    away.broken = True
    await host.chats.cancel(turn_key(turn))
    await asyncio.wait_for(away.tried.wait(), PATIENCE)
    away.broken = False
    assert (await asyncio.wait_for(running, PATIENCE)).kind == "ended"

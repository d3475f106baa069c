"""The last acts of a turn's workflow: ending it whatever happens, and telling the world."""

import json
from typing import Any

import pytest

from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.under_way import CountedWork
from agent.domain.errors import LogUnavailable
from agent.domain.events import ConversationUpdated, EntryId, LogEntry, StepStarted, TextDelta, TurnCancelled
from agent.domain.model import Finished, TextPart
from agent.domain.turn_record import Failure
from agent.domain.turn_view import TurnView
from tests.fakes.ports import OUT_OF_REACH, FragileLog, MemoryPublisher, ScriptedModel, WordTokens
from tests.unit.turns.host import KEY, USAGE, ChatHost, call, turn_key
from workflows.activities.generate import Generate
from workflows.activities.turn_end import FailTurnActivity, PublishEvents
from workflows.turn_contracts import FailTurn, TurnInput

FAILURE = Failure(code="model_error", message="It broke.", retryable=True)
UNKNOWN = "main.9." + "a" * 26


@pytest.fixture
def log() -> FragileLog:
    return FragileLog(MemoryTurnLog())


def order(host: ChatHost, turn: str, instance: str | None = None) -> FailTurn:
    return FailTurn(ref=host.ref(turn, instance=instance), failure=FAILURE)


def told_input(host: ChatHost, turn: str, instance: str = "") -> TurnInput:
    return TurnInput(**KEY._asdict(), turn_id=turn, instance=instance or host.instance(turn))


async def closing(log: FragileLog, turn: str) -> dict[str, Any]:
    last: LogEntry = [e async for batch in log.follow(turn_key(turn), None) for e in batch][-1]
    return json.loads(last.data)


async def test_failing_ends_the_turn_and_closes_its_log_once(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit()).turn_id
    fail = FailTurnActivity(host.chats, log)
    await fail(order(host, turn))
    await fail(order(host, turn))
    assert await closing(log, turn) == {"turn_id": turn, "type": "turn.failed", **FAILURE.model_dump()}
    assert (await host.chats.get_turn(turn_key(turn))).status == "failed"


async def test_failing_an_answered_turn_closes_with_the_answer(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "said")
    await FailTurnActivity(host.chats, log)(order(host, turn))
    assert (await closing(log, turn))["message"]["content"] == "said"


async def test_another_workflow_ends_nothing(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit()).turn_id
    await FailTurnActivity(host.chats, log)(order(host, turn, "another"))
    assert (await host.chats.get_turn(turn_key(turn))).status == "running"
    assert log.written == []


async def test_a_turn_that_nobody_knows_is_not_tried_for_ever(host: ChatHost, log: FragileLog) -> None:
    await FailTurnActivity(host.chats, log)(order(host, UNKNOWN, "i"))
    publisher = MemoryPublisher()
    await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), publisher)(told_input(host, UNKNOWN, "i"))
    assert (log.written, publisher.published) == ([], [])


async def test_a_log_out_of_reach_holds_up_nothing(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit()).turn_id
    log.broken = True
    await FailTurnActivity(host.chats, log)(order(host, turn))
    assert (await host.chats.get_turn(turn_key(turn))).status == "failed"


async def test_an_answered_turn_is_told_with_its_words(host: ChatHost) -> None:
    turn = (await host.submit("question")).turn_id
    await host.answer(turn, "answer")
    publisher = MemoryPublisher()
    await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), publisher)(told_input(host, turn))
    [event] = publisher.published
    assert isinstance(event, ConversationUpdated)
    assert (event.user_message, event.assistant_message, event.status) == ("question", "answer", "completed")
    assert (event.tenant_id, event.user_id, event.conversation, event.turn_id) == (*KEY, turn)


async def test_a_failed_turn_is_told_with_what_it_had_said(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit("question")).turn_id
    await host.commit(turn, (await host.begin(turn)).epoch, "let me see", calls=(call(0),))
    await FailTurnActivity(host.chats, log)(order(host, turn))
    publisher = MemoryPublisher()
    await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), publisher)(told_input(host, turn))
    [event] = publisher.published
    assert isinstance(event, ConversationUpdated)
    assert (event.assistant_message, event.status) == ("let me see", "failed")


async def test_a_turn_that_runs_is_no_news(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    publisher = MemoryPublisher()
    await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), publisher)(told_input(host, turn))
    assert publisher.published == []


async def test_told_from_the_last_step_or_by_the_workflow_it_is_the_same_event(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit("question")).turn_id
    publisher = MemoryPublisher()
    model = ScriptedModel([TextPart("answer"), Finished("stop", USAGE)])
    done = await Generate(host.chats, log, model, WordTokens(), host.clock, publisher, CountedWork())(host.ref(turn))
    assert done.told
    await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), publisher)(told_input(host, turn))
    first, second = publisher.published
    assert first == second
    assert first.event_id == f"{turn}-ended"


async def test_a_broker_out_of_reach_leaves_the_telling_to_the_workflow(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit("question")).turn_id

    class NoBroker:
        async def publish(self, event: Any) -> None:
            raise OUT_OF_REACH

    model = ScriptedModel([TextPart("answer"), Finished("stop", USAGE)])
    done = await Generate(host.chats, log, model, WordTokens(), host.clock, NoBroker(), CountedWork())(host.ref(turn))
    assert (done.kind, done.told) == ("answered", False)
    with pytest.raises(type(OUT_OF_REACH)):
        await PublishEvents(host.chats, MemoryTurnLog(), WordTokens(), NoBroker())(told_input(host, turn))


async def test_what_was_shown_is_stored_once_the_log_is_back(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit("question")).turn_id
    begun = await host.begin(turn)
    shown = [StepStarted(turn_id=turn, step=0), TextDelta(turn_id=turn, step=0, delta="half an ans")]
    await log.append(turn_key(turn), EntryId(begun.epoch, 0), shown)
    await host.chats.cancel(turn_key(turn))
    publish = PublishEvents(host.chats, log, WordTokens(), MemoryPublisher())
    log.broken = True
    with pytest.raises(LogUnavailable):  # which makes the engine repeat it
        await publish(told_input(host, turn))

    model = ScriptedModel([TextPart("answer"), Finished("stop", USAGE)])
    following = (await host.submit("next", secret=2)).turn_id
    done = await Generate(host.chats, log, model, WordTokens(), host.clock, MemoryPublisher(), CountedWork())(
        host.ref(following)
    )
    assert done.kind == "answered", "the turn behind it does not wait"

    log.broken = False
    await publish(told_input(host, turn))
    message = (await host.chats.get_turn(turn_key(turn))).message
    assert message is not None
    assert (message.content, message.interrupted) == ("half an ans", True)


async def test_a_follower_that_closed_first_changes_nothing(host: ChatHost, log: FragileLog) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "said")
    seen: TurnView = await host.chats.get_turn(turn_key(turn))
    assert seen.terminal is not None
    await log.close(turn_key(turn), seen.terminal)
    await FailTurnActivity(host.chats, log)(order(host, turn))
    await log.close(turn_key(turn), TurnCancelled(turn_id=turn))
    assert (await closing(log, turn))["type"] == "turn.completed"

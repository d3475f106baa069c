"""A log that was out of reach while a step was written: each reader gets that step from the record, in its place."""

import asyncio

import pytest
from hypothesis import given

from agent.adapters.memory_log import MemoryTurnLog
from agent.api import following
from agent.api.following import open_turn, turn_entries
from agent.domain.errors import Unavailable
from agent.domain.events import (
    EntryId,
    LogEntry,
    StepCommitted,
    StepRestarted,
    StepStarted,
    TerminalEvent,
    TextDelta,
    ToolReturned,
)
from agent.domain.ids import TurnKey
from agent.domain.messages import Message, ToolCall
from agent.domain.replay import RECORD_SEQ, SHOWN_SEQ
from agent.domain.turn_calls import CommitStep, KeepShown
from agent.domain.turn_view import TurnView
from tests.unit.turns.host import USAGE, ChatHost, call, turn_key
from tests.wire.fold import fold
from tests.wire.logs import Logged, logged_turns

RETOLD = ["step.restarted", "text.delta", "tool.called"]
LAST = ["step.started", "text.delta", "step.committed"]


async def commit(host: ChatHost, turn: str, step: int, text: str, calls: tuple[ToolCall, ...], *, incomplete: bool) -> None:
    begun = await host.begin(turn, step)
    message = Message(role="assistant", content=text, tokens=2, tool_calls=calls, created_at=host.clock.now().isoformat())
    ref = host.ref(turn, step)
    await host.chats.commit_step(
        CommitStep(ref=ref, epoch=begun.epoch, message=message, usage=USAGE, log_incomplete=incomplete)
    )


async def two_steps(host: ChatHost, log: MemoryTurnLog, lost: int) -> str:
    """A turn of two steps; of the step ``lost`` the log has little or nothing."""
    turn = (await host.submit()).turn_id
    key = turn_key(turn)
    await commit(host, turn, 0, "Hello", (call(0),), incomplete=lost == 0)
    opening = [StepStarted(turn_id=turn, step=0), TextDelta(turn_id=turn, step=0, delta="Hel")]
    rest = [TextDelta(turn_id=turn, step=0, delta="lo"), StepCommitted(turn_id=turn, step=0, usage=USAGE)]
    await log.append(key, EntryId(2, 0), opening + ([] if lost == 0 else rest))
    assert (await host.chats.begin_tools(host.ref(turn))).epoch == 3
    await host.commit_result(turn, 3, "c-0")
    await log.append(key, EntryId(3, 0), [ToolReturned(turn_id=turn, step=0, call_id="c-0", ok=True, result={})])
    await commit(host, turn, 1, "Bye", (), incomplete=lost == 1)
    if lost != 1:
        said = TextDelta(turn_id=turn, step=1, delta="Bye")
        await log.append(
            key, EntryId(4, 0), [StepStarted(turn_id=turn, step=1), said, StepCommitted(turn_id=turn, step=1, usage=USAGE)]
        )
    await log.close(key, await terminal(host, turn))
    return turn


async def read(log: MemoryTurnLog, chats: object, turn: str, after: EntryId | None = None) -> list[LogEntry]:
    async with asyncio.timeout(10):
        batches = [batch async for batch in turn_entries(log, chats, turn_key(turn), after)]  # type: ignore[arg-type]
    entries = [entry for batch in batches for entry in batch]
    assert [e.id for e in entries] == sorted({e.id for e in entries}), "ids only grow"
    return entries


@pytest.mark.parametrize("after", [None, EntryId(2, 0), EntryId(2, 1)])
async def test_a_step_in_the_middle_is_told_whole_before_its_results(host: ChatHost, after: EntryId | None) -> None:
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=0)
    names = [entry.name for entry in await read(log, host.chats, turn, after)]
    assert names == [
        *["step.started", "text.delta"][after.seq + 1 if after else 0 :],
        *RETOLD,
        "tool.returned",
        *LAST,
        "turn.completed",
    ]


async def test_a_reader_who_has_it_already_is_not_told_again(host: ChatHost) -> None:
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=0)
    names = [entry.name for entry in await read(log, host.chats, turn, EntryId(2, RECORD_SEQ + 2))]
    assert names == ["tool.returned", *LAST, "turn.completed"]


async def test_a_last_step_that_never_reached_the_log_is_told_before_the_end(host: ChatHost) -> None:
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=1)
    entries = await read(log, host.chats, turn)
    assert [entry.name for entry in entries][-4:] == ["tool.returned", "step.restarted", "text.delta", "turn.completed"]


class LateRecord:
    """A runtime that is out of reach when the record is needed, and back a moment later."""

    def __init__(self, host: ChatHost) -> None:
        self.asked, self._host = 0, host

    async def heal(self, turn: TurnKey) -> TurnView:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("runtime_failed", "Not now.")
        return await self._host.chats.heal(turn)


async def test_the_end_waits_for_the_record(host: ChatHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "RECORD_RETRY", 0.01)
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=1)
    entries = await read(log, LateRecord(host), turn)
    assert [entry.name for entry in entries][-3:] == ["step.restarted", "text.delta", "turn.completed"]


async def test_a_whole_log_needs_no_record(host: ChatHost) -> None:
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=2)
    chats = LateRecord(host)
    names = [entry.name for entry in await read(log, chats, turn)]
    assert names == [*LAST[:2], *LAST[1:], "tool.returned", *LAST, "turn.completed"]
    assert chats.asked == 0


async def begun_again(host: ChatHost) -> tuple[str, MemoryTurnLog]:
    """A turn of two steps whose log, with all of the first one in it, was lost before the second."""
    turn = await two_steps(host, MemoryTurnLog(), lost=-1)
    log = MemoryTurnLog()
    said = [StepRestarted(turn_id=turn, step=1, reason="retry"), TextDelta(turn_id=turn, step=1, delta="Bye")]
    await log.append(turn_key(turn), EntryId(4, 0), [*said, StepCommitted(turn_id=turn, step=1, usage=USAGE)])
    return turn, log


@pytest.mark.parametrize("after", [None, EntryId(2, 1)])
async def test_a_log_that_was_lost_and_begun_again_lacks_nothing(host: ChatHost, after: EntryId | None) -> None:
    turn, log = await begun_again(host)
    await log.close(turn_key(turn), await terminal(host, turn))
    names = [entry.name for entry in await read(log, host.chats, turn, after)]
    assert names == [*RETOLD, "tool.returned", "step.restarted", *LAST[1:], "turn.completed"]


async def test_one_that_has_nothing_but_the_end_lacks_nothing_either(host: ChatHost) -> None:
    turn, log = (await begun_again(host))[0], MemoryTurnLog()
    await log.close(turn_key(turn), await terminal(host, turn))
    names = [entry.name for entry in await read(log, host.chats, turn)]
    assert names == [*RETOLD, "tool.returned", "step.restarted", "text.delta", "turn.completed"]


async def test_who_comes_back_between_two_steps_is_told_none_of_them_again(host: ChatHost) -> None:
    log = MemoryTurnLog()
    turn = await two_steps(host, log, lost=-1)
    names = [entry.name for entry in await read(log, host.chats, turn, EntryId(3, 0))]
    assert names == [*LAST, "turn.completed"]


async def terminal(host: ChatHost, turn: str) -> TerminalEvent:
    end = (await host.chats.get_turn(turn_key(turn))).terminal
    assert end is not None
    return end


@given(logged_turns(("start", "attempts")))
def test_whatever_the_log_lacks_readers_are_told_what_every_step_said(turn: Logged) -> None:
    told = fold(turn.entries)
    assert {step: told.texts.get(step) for step in range(len(turn.view.steps))} == {
        step: said.message.content for step, said in enumerate(turn.view.steps)
    }
    stored = {call.call_id for said in turn.view.steps for call in said.message.tool_calls}
    assert stored <= told.calls.keys()


async def cancelled(host: ChatHost, log: MemoryTurnLog, *, incomplete: bool = False) -> str:
    """A turn that was cancelled in its second step, whose text so far is in the log and in the record."""
    turn = (await host.submit()).turn_id
    await commit(host, turn, 0, "Hello", (call(0),), incomplete=incomplete)
    await log.append(turn_key(turn), EntryId(2, 0), [StepStarted(turn_id=turn, step=0)])
    await host.commit_result(turn, (await host.chats.begin_tools(host.ref(turn))).epoch, "c-0")
    epoch = (await host.begin(turn, 1)).epoch
    said = [TextDelta(turn_id=turn, step=1, delta=text) for text in ("half ", "an ", "ans")]
    await log.append(turn_key(turn), EntryId(epoch, 0), [StepStarted(turn_id=turn, step=1), *said])
    await host.chats.cancel(turn_key(turn))
    await log.close(turn_key(turn), await terminal(host, turn))
    shown = Message(role="assistant", content="half an ans", interrupted=True)
    await host.chats.keep_shown(KeepShown(ref=host.ref(turn, 1), shown=shown, epoch=epoch))
    return turn


WHOLE = ["step.restarted", "text.delta"]


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (None, [*RETOLD, "tool.returned", *WHOLE]),
        (EntryId(4, 2), WHOLE),  # in the middle of what is lost: who has some of it is told all of it
        (EntryId(4, SHOWN_SEQ), WHOLE[1:]),
        (EntryId(4, SHOWN_SEQ + 1), []),
    ],
)
async def test_what_a_cancelled_turn_had_shown_is_told_when_its_log_is_gone(
    host: ChatHost, after: EntryId | None, left: list[str]
) -> None:
    turn = await cancelled(host, MemoryTurnLog())
    entries = [entry async for batch in await open_turn(MemoryTurnLog(), host.chats, turn_key(turn), after) for entry in batch]
    assert [entry.name for entry in entries] == [*left, "turn.cancelled"]
    assert [entry.id for entry in entries] == sorted({entry.id for entry in entries})
    assert fold(entries).texts.get(1) == ("half an ans" if left else None)


async def test_a_log_that_has_it_is_not_told_it_again_though_it_lacks_another_step(host: ChatHost) -> None:
    log = MemoryTurnLog()
    turn = await cancelled(host, log, incomplete=True)
    names = [entry.name for entry in await read(log, host.chats, turn)]
    assert names == ["step.started", *RETOLD, "tool.returned", "step.started", *["text.delta"] * 3, "turn.cancelled"]


@given(logged_turns(("start", "rest"), cancelled=True))
def test_whatever_the_log_has_lost_readers_are_told_what_a_cancelled_turn_had_shown(turn: Logged) -> None:
    if turn.record.interrupted is not None:
        assert fold(turn.entries).texts[len(turn.record.steps)] == turn.record.interrupted.content

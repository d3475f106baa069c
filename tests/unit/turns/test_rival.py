"""Two attempts at one step: the older one writes nothing more, and stands by for the newer one while that lives."""

import asyncio

import pytest

from agent.adapters.memory_log import MemoryTurnLog
from agent.domain.events import EntryId, StepRestarted
from agent.domain.ids import TurnKey
from agent.domain.model import Finished, TextPart
from tests.fakes.ports import FragileLog
from tests.unit.turns.generating import ANSWER, PATIENCE, activity, until_written
from tests.unit.turns.host import USAGE, ChatHost, turn_key
from workflows.activities import rival
from workflows.activities.rival import Superseded
from workflows.turn_contracts import Generated

SURE = 1.0  # seconds, by which one that does not beat is known to be dead


async def test_a_zombie_of_an_answered_turn_lets_go_of_the_provider(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log, [TextPart("zombie"), asyncio.Event()], ANSWER)
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    assert (await generate(host.ref(turn))).kind == "answered"
    [done] = await asyncio.wait_for(asyncio.gather(zombie, return_exceptions=True), PATIENCE)
    assert done == Generated(kind="answered"), "it stands by and reports what the newer attempt came to"
    assert model.closed == 1
    seen = await host.chats.get_turn(turn_key(turn))
    assert seen.message is not None
    assert seen.message.content == "Hello world"


async def test_a_zombie_is_fenced_by_the_first_entry_of_the_next_attempt(
    host: ChatHost, log: MemoryTurnLog, impatient: None
) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log, [asyncio.Event()])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 2)
    newer = await host.begin(turn)
    await log.append(turn_key(turn), EntryId(newer.epoch, 0), [StepRestarted(turn_id=turn, step=0, reason="new_attempt")])
    with pytest.raises(Superseded):
        await asyncio.wait_for(zombie, PATIENCE)
    assert model.closed == 1
    assert (await host.chats.get_turn(turn_key(turn))).steps == ()


async def test_a_zombie_that_finds_out_only_at_the_commit_reports_nothing(
    host: ChatHost, log: MemoryTurnLog, impatient: None
) -> None:
    turn = (await host.submit()).turn_id
    hold = asyncio.Event()
    generate, _ = activity(host, log, [TextPart("zombie"), hold, Finished("stop", USAGE)])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    await host.begin(turn)  # a newer attempt, which has not written yet
    hold.set()
    with pytest.raises(Superseded):
        await asyncio.wait_for(zombie, PATIENCE)
    assert (await host.chats.get_turn(turn_key(turn))).steps == ()


async def test_a_zombie_stands_by_for_as_long_as_the_newer_attempt_waits_for_its_model(
    host: ChatHost, log: MemoryTurnLog, impatient: None
) -> None:
    turn = (await host.submit()).turn_id
    slow = asyncio.Event()
    generate, model = activity(host, log, [TextPart("zombie"), asyncio.Event()], [slow, *ANSWER])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    newer = asyncio.create_task(generate(host.ref(turn)))
    await asyncio.wait({zombie}, timeout=2 * SURE)
    assert not zombie.done(), "the newer attempt has said nothing yet, but it beats"
    slow.set()
    done = await asyncio.wait_for(asyncio.gather(zombie, newer), PATIENCE)
    assert [one.kind for one in done] == ["answered", "answered"]
    assert len(model.requests) == 2


async def test_a_zombie_whose_newer_attempt_dies_in_silence_has_the_step_done_again(
    host: ChatHost, log: MemoryTurnLog, impatient: None
) -> None:
    turn = (await host.submit()).turn_id
    generate, _ = activity(host, log, [TextPart("zombie"), asyncio.Event()], [asyncio.Event()])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    newer = asyncio.create_task(generate(host.ref(turn)))
    await asyncio.wait({zombie}, timeout=SURE)
    assert not zombie.done()
    newer.cancel()  # as a process that dies: nothing more is heard of it
    with pytest.raises(Superseded):
        await asyncio.wait_for(zombie, PATIENCE)


async def test_a_log_out_of_reach_is_no_proof_of_a_death_until_it_lasts(
    host: ChatHost, log: MemoryTurnLog, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rival, "MODEL_STALL_TIMEOUT", 1.5 * SURE)
    turn = (await host.submit()).turn_id
    fragile, hold = FragileLog(log), asyncio.Event()
    generate, _ = activity(host, fragile, [TextPart("zombie"), hold, Finished("stop", USAGE)])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    await host.begin(turn)
    fragile.broken = True
    hold.set()
    await asyncio.wait({zombie}, timeout=SURE)
    assert not zombie.done()
    with pytest.raises(Superseded):
        await asyncio.wait_for(zombie, PATIENCE)


async def test_a_fault_of_the_log_is_told_as_what_it_is(host: ChatHost, log: MemoryTurnLog, impatient: None) -> None:
    class Faulty(FragileLog):
        async def beats(self, turn: TurnKey) -> bool:
            raise RuntimeError("a bug")

    turn = (await host.submit()).turn_id
    hold = asyncio.Event()
    generate, _ = activity(host, Faulty(log), [TextPart("zombie"), hold, Finished("stop", USAGE)])
    zombie = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    await host.begin(turn)
    hold.set()
    with pytest.raises(RuntimeError, match="a bug"):
        await asyncio.wait_for(zombie, PATIENCE)

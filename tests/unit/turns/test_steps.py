"""ChatActor hands out epochs and takes commits: only the newest epoch commits, a committed step is never paid for twice."""

import pytest

from agent.domain.errors import NotFound
from agent.domain.turn_calls import EndTurn
from agent.domain.turn_record import Failure
from tests.unit.turns.host import ChatHost, call, turn_key

FAILURE = Failure(code="model_error", message="It broke.", retryable=True)


async def test_the_first_epoch_opens_the_turn_and_a_second_one_restarts_the_step(host: ChatHost) -> None:
    turn = (await host.submit("hello there")).turn_id
    first = await host.begin(turn)
    assert (first.kind, first.epoch, first.first, first.restart) == ("go", 2, True, False)
    assert [m.role for m in first.messages] == ["system", "user"]
    assert first.messages[-1].content == "hello there"
    assert first.schema_tokens == 10
    host.crash()
    second = await host.begin(turn)
    assert (second.kind, second.epoch, second.first, second.restart) == ("go", 3, False, True)


async def test_only_the_newest_epoch_commits(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    zombie = await host.begin(turn)
    newest = await host.begin(turn)
    before = dict(host.store)
    assert (await host.commit(turn, zombie.epoch, "zombie")).kind == "superseded"
    assert host.store == before
    assert (await host.commit(turn, newest.epoch, "true")).kind == "ended"
    late = await host.commit(turn, zombie.epoch, "zombie")
    assert (late.kind, late.status) == ("ended", "completed")
    seen = await host.chats.get_turn(turn_key(turn))
    assert seen.message is not None
    assert seen.message.content == "true"


async def test_an_epoch_from_before_it_was_handed_out_cannot_commit(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.begin(turn)
    assert (await host.commit(turn, 3)).kind == "superseded"


async def test_a_repeated_commit_gets_the_first_answer_and_changes_nothing(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await host.begin(turn)
    first = await host.commit(turn, begun.epoch, calls=(call(0), call(1)))
    before = dict(host.store)
    host.crash()
    assert await host.commit(turn, begun.epoch, calls=(call(0), call(1))) == first
    assert (first.kind, first.tool_calls) == ("committed", 2)
    assert host.store == before


async def test_a_committed_step_is_given_back_not_run_again(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await host.begin(turn)
    await host.commit(turn, begun.epoch, calls=(call(0),))
    again = await host.begin(turn)
    assert (again.kind, again.tool_calls, again.epoch) == ("committed", 1, 0)
    assert host.stored("turn-1")["epoch"] == begun.epoch


async def test_the_end_is_told_to_whoever_asks_again(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await host.begin(turn)
    ended = await host.commit(turn, begun.epoch, "the answer")
    assert ended.terminal is not None
    assert await host.begin(turn) == ended
    assert await host.commit(turn, begun.epoch, "the answer") == ended
    assert (await host.chats.get_turn(turn_key(turn))).terminal == ended.terminal


async def test_a_workflow_that_is_not_the_recorded_one_is_void(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    before = dict(host.store)
    assert (await host.begin(turn, instance="default.local.turn-x.9")).kind == "void"
    assert (await host.begin("main.7." + "a" * 26, instance="i")).kind == "void"
    assert (await host.begin("nonsense", instance="i")).kind == "void"
    assert (await host.chats.begin_tools(host.ref(turn, instance="other"))).kind == "void"
    assert host.store == before


async def test_a_queued_turn_cannot_begin(host: ChatHost) -> None:
    await host.submit(secret=1)
    queued = (await host.submit(secret=2)).turn_id
    assert (await host.begin(queued, instance=host.instance(host.workflows.started[0][0]))).kind == "void"


async def test_a_later_turn_sees_the_earlier_one_and_not_the_waiting_ones(host: ChatHost) -> None:
    first = (await host.submit("one", secret=1)).turn_id
    second = (await host.submit("two", secret=2)).turn_id
    await host.submit("three", secret=3)
    await host.answer(first, "answer one")
    said = [m.content for m in (await host.begin(second)).messages[1:]]
    assert said == ["one", "answer one", "two"]


async def test_all_steps_of_a_turn_share_one_system_prompt(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    first = await host.begin(turn)
    await host.commit(turn, first.epoch, calls=(call(0),))
    host.clock.advance(3600)
    second = await host.begin(turn, step=1)
    assert second.messages[0] == first.messages[0]
    assert [m.role for m in second.messages] == ["system", "user", "assistant", "tool"], "a missing result is made up"
    assert not second.restart


async def test_a_save_of_a_step_writes_only_that_turn(host: ChatHost) -> None:
    first = (await host.submit(secret=1)).turn_id
    await host.answer(first)
    second = (await host.submit(secret=2)).turn_id
    begun = await host.begin(second)
    await host.commit(second, begun.epoch, calls=(call(0),))
    await host.commit(second, (await host.begin(second, step=1)).epoch, step=1)
    meta, one, two = {"meta"}, {"turn-1"}, {"turn-2"}
    assert host.writes == [one, meta, one, one, meta, two, meta, two, two, two, two, meta], "admissions and ends in two"


async def test_tools_get_an_epoch_and_only_the_open_calls(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await host.begin(turn)
    host.clock.advance(1)
    await host.commit(turn, begun.epoch, calls=(call(0), call(1), call(2)))
    asked_at = host.clock.now().isoformat()
    host.clock.advance(60)
    tools = await host.chats.begin_tools(host.ref(turn))
    assert (tools.kind, tools.epoch, [c.index for c in tools.calls]) == ("go", begun.epoch + 1, [0, 1, 2])
    assert tools.asked_at == asked_at, "now, for a tool, is when the model asked"
    assert await host.commit_result(turn, tools.epoch, "c-1")
    host.crash()
    again = await host.chats.begin_tools(host.ref(turn))
    assert (again.epoch, [c.index for c in again.calls]) == (tools.epoch + 1, [0, 2])
    assert again.asked_at == asked_at
    assert not await host.commit_result(turn, tools.epoch, "c-0"), "the epoch before is a zombie's"
    assert await host.commit_result(turn, again.epoch, "c-0")
    assert await host.commit_result(turn, tools.epoch, "c-0"), "committed already: the repeat of a delivery is good"
    assert await host.commit_result(turn, again.epoch, "c-2")
    done = await host.chats.begin_tools(host.ref(turn))
    assert (done.kind, done.calls) == ("go", ())
    step = (await host.chats.get_turn(turn_key(turn))).steps[0]
    assert [r.call_id for r in step.results] == ["c-0", "c-1", "c-2"]


async def test_a_result_of_an_ended_turn_is_refused(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    begun = await host.begin(turn)
    await host.commit(turn, begun.epoch, calls=(call(0),))
    tools = await host.chats.begin_tools(host.ref(turn))
    await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=FAILURE))
    assert not await host.commit_result(turn, tools.epoch, "c-0")
    assert (await host.chats.begin_tools(host.ref(turn))).kind == "ended"


async def test_ending_is_done_once_and_by_the_recorded_workflow(host: ChatHost) -> None:
    turn = (await host.submit(secret=1)).turn_id
    queued = (await host.submit(secret=2)).turn_id
    assert (await host.chats.end_turn(EndTurn(ref=host.ref(turn, instance="other"), failure=FAILURE))).status == "running"
    ended = await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=FAILURE))
    assert (ended.status, ended.failure) == ("failed", FAILURE)
    assert (await host.chats.get_turn(turn_key(queued))).status == "running"
    before = dict(host.store)
    other = FAILURE.model_copy(update={"code": "later"})
    assert await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=other)) == ended
    assert host.store == before
    assert host.stored("meta")["turns"] == 1
    with pytest.raises(NotFound):
        await host.chats.end_turn(
            EndTurn(ref=host.ref(turn).model_copy(update={"turn_id": "main.9." + "a" * 26}), failure=FAILURE)
        )


async def test_an_answer_that_came_first_is_not_failed_after(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "done")
    assert (await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=FAILURE))).status == "completed"


async def test_the_end_is_saved_and_then_the_next_start_after_its_schedule(host: ChatHost) -> None:
    first = (await host.submit(secret=1)).turn_id
    second = (await host.submit(secret=2)).turn_id
    begun = await host.begin(first)
    host.effects_left = 2
    with pytest.raises(Exception, match="could not store"):
        await host.commit(first, begun.epoch)
    host.effects_left = None
    assert (await host.chats.get_turn(turn_key(first))).status == "completed"
    assert (await host.begin(second)).kind == "void", "scheduled, never recorded"
    assert (await host.commit(first, begun.epoch)).kind == "ended"
    await host.chats.heal(turn_key(second))
    assert (await host.begin(second)).kind == "go"
    assert host.writes[-2] == {"meta", "turn-2"}
    assert len(host.workflows.started) == 3, "the start that was not saved has an instance of its own, which ends as void"

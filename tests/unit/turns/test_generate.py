"""The activity ``generate`` between a real ChatActor and the real memory log: log first, commit second, zombies stop."""

import asyncio
import json

import pytest

from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.under_way import CountedWork
from agent.domain.events import StepRestarted, TextDelta, TurnCancelled
from agent.domain.messages import Usage
from agent.domain.model import Finished, ModelFailed, TextPart, ToolCallPart
from agent.domain.turn_calls import EndTurn
from agent.domain.turn_record import Failure
from tests.fakes.ports import FragileLog, Said
from tests.unit.turns.generating import ANSWER, PATIENCE, activity, entries, names, until_written
from tests.unit.turns.host import USAGE, ChatHost, turn_key
from workflows.turn_contracts import Generated

TOOLS: list[Said] = [
    TextPart("Let me see."),
    ToolCallPart(0, "p-a", "get_task", '{"task_id": "t-1"}'),
    ToolCallPart(1, "p-b", "list_tasks", ""),
    Finished("tool_calls", None),
]
FAILURE = Failure(code="internal_error", message="It broke.", retryable=True)


async def test_an_answer_is_in_the_log_word_by_word_stored_and_closed(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit("hi there")).turn_id
    generate, model = activity(host, log, ANSWER)
    assert (await generate(host.ref(turn))).kind == "answered"
    written = await entries(log, turn)
    deltas = ["text.delta", "text.delta"]
    assert [e.name for e in written] == ["turn.started", "step.started", *deltas, "step.committed", "turn.completed"]
    assert [str(e.id) for e in written[:4]] == ["2-0", "2-1", "2-2", "2-3"]
    seen = await host.chats.get_turn(turn_key(turn))
    assert seen.message is not None
    said = [TextDelta.model_validate_json(e.data).delta for e in written if e.name == "text.delta"]
    assert "".join(said) == seen.message.content == "Hello world"
    assert seen.message.tokens == 2
    assert seen.usage == USAGE
    assert json.loads(written[-1].data)["message"]["content"] == "Hello world"
    [request] = model.requests
    assert [m["role"] for m in request.messages] == ["system", "user"]
    assert {t["function"]["name"] for t in request.tools} >= {"create_task", "get_workflow_status"}


async def test_every_entry_is_in_the_log_before_the_step_is_stored(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    hold = asyncio.Event()
    generate, _ = activity(host, log, [*ANSWER[:2], hold, ANSWER[2]])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 4)
    assert (await host.chats.get_turn(turn_key(turn))).steps == ()
    host.fail_saves = 1
    hold.set()
    with pytest.raises(Exception, match="could not store"):
        await running
    assert await names(log, turn) == ["turn.started", "step.started", "text.delta", "text.delta"], "not committed, not closed"


async def test_calls_are_shown_under_our_ids_and_stored_with_the_providers(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit("one two three")).turn_id
    generate, _ = activity(host, log, TOOLS)
    assert await generate(host.ref(turn)) == Generated(kind="tools")
    shown = [json.loads(e.data) for e in await entries(log, turn) if e.name == "tool.called"]
    assert [(s["name"], s["arguments"]) for s in shown] == [("get_task", {"task_id": "t-1"}), ("list_tasks", {})]
    assert "p-a" not in str([e.data for e in await entries(log, turn)])
    stored = host.stored("turn-1")["steps"][0]["message"]
    assert [c["provider_id"] for c in stored["tool_calls"]] == ["p-a", "p-b"]
    assert [c["call_id"] for c in stored["tool_calls"]] == [s["call_id"] for s in shown]
    usage = (await host.chats.get_turn(turn_key(turn))).usage
    assert usage.estimated, "the endpoint told none: it was counted"
    assert usage.prompt_tokens >= 10 + 3
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


@pytest.mark.parametrize(
    "arguments",
    ["not json", "[1]", '"text"', '{"title": "\\ud800"}', '{"a":' * 300 + "1" + "}" * 300, '{"a": NaN}', "{" * 5_000],
    ids=["text", "array", "string", "half a surrogate pair", "deep", "nan", "broken"],
)
async def test_arguments_that_do_not_behave_break_nothing(host: ChatHost, log: MemoryTurnLog, arguments: str) -> None:
    turn = (await host.submit()).turn_id
    generate, _ = activity(host, log, [ToolCallPart(0, "p", "get_task", arguments), Finished("tool_calls", USAGE)])
    assert (await generate(host.ref(turn))).kind == "tools"
    [called] = [json.loads(e.data) for e in await entries(log, turn) if e.name == "tool.called"]
    assert called["arguments"] == arguments or isinstance(called["arguments"], dict)
    assert host.stored("turn-1")["steps"][0]["message"]["tool_calls"][0]["arguments"] == arguments


async def test_a_second_attempt_tells_readers_to_forget_the_first(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    broken = ModelFailed("model_cut_off", "It stopped.", retryable=True, retry_after=3.0)
    generate, _ = activity(host, log, [TextPart("Hel"), broken], ANSWER)
    failed = await generate(host.ref(turn))
    assert (failed.kind, failed.retry_after) == ("failed", 3.0)
    assert failed.failure == Failure(code="model_cut_off", message="It stopped.", retryable=True)
    assert (await host.chats.get_turn(turn_key(turn))).status == "running", "the workflow decides, not the attempt"
    assert (await generate(host.ref(turn))).kind == "answered"
    written = await entries(log, turn)
    assert [e.name for e in written[2:5]] == ["text.delta", "step.restarted", "text.delta"]
    assert str(written[3].id) == "3-0"
    assert StepRestarted.model_validate_json(written[3].data).step == 0


async def test_an_attempt_that_a_stop_cuts_off_is_told_of(host: ChatHost, log: MemoryTurnLog) -> None:
    turn, work, hold = (await host.submit()).turn_id, CountedWork(), asyncio.Event()
    generate, _ = activity(host, log, [*ANSWER[:2], hold, ANSWER[2]], ANSWER, under_way=work)
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 4)
    assert host.stored("turn-1")["silent_epochs"] == 1
    await work.finish(0.01, asyncio.Event())
    assert host.stored("turn-1")["silent_epochs"] == 0
    hold.set()
    assert (await running).kind == "answered", "it need not be cut off before the process has ended"


async def test_a_committed_step_costs_nothing_again(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log, ANSWER)
    assert (await generate(host.ref(turn))).kind == "answered"
    before = await entries(log, turn)
    assert (await generate(host.ref(turn))).kind == "answered"
    assert len(model.requests) == 1
    assert await entries(log, turn) == before


async def test_a_crash_after_the_commit_still_closes_the_log(host: ChatHost) -> None:
    turn = (await host.submit()).turn_id
    await host.answer(turn, "said before the crash")
    after = MemoryTurnLog()
    generate, model = activity(host, after)
    assert (await generate(host.ref(turn))).kind == "answered"
    assert await names(after, turn) == ["turn.completed"]
    assert model.requests == []


async def test_a_workflow_that_is_not_this_turns_asks_nobody(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log)
    assert (await generate(host.ref(turn, instance="another"))).kind == "void"
    assert (await generate(host.ref("main.9." + "a" * 26, instance="i"))).kind == "void"
    assert model.requests == []


async def test_an_end_from_outside_stops_the_provider_before_its_first_token(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log, [asyncio.Event()])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 2)
    await host.chats.end_turn(EndTurn(ref=host.ref(turn), failure=FAILURE))
    await log.close(turn_key(turn), TurnCancelled(turn_id=turn))
    assert (await asyncio.wait_for(running, PATIENCE)).kind == "ended"
    assert model.closed == 1


async def test_an_activity_that_is_cancelled_lets_go_of_the_provider(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    generate, model = activity(host, log, [asyncio.Event()])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert model.closed == 1


async def test_without_the_log_the_turn_goes_on_and_says_so(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    fragile = FragileLog(log)
    hold = asyncio.Event()
    generate, _ = activity(host, fragile, [TextPart("Hello "), hold, TextPart("world"), Finished("stop", None)])
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    fragile.broken = True
    hold.set()
    assert (await asyncio.wait_for(running, PATIENCE)).kind == "answered", "a log that cannot be closed fails no turn"
    seen = await host.chats.get_turn(turn_key(turn))
    assert seen.message is not None
    assert (seen.status, seen.message.content, seen.log_incomplete) == ("completed", "Hello world", True)
    assert fragile.written == ["turn.started", "step.started", "text.delta"]


async def test_a_log_that_comes_back_gets_no_gap_within_an_attempt(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    fragile = FragileLog(log)
    hold, hold_more = asyncio.Event(), asyncio.Event()
    answer: list[Said] = [TextPart("a"), hold, TextPart("b"), hold_more, TextPart("c"), Finished("stop", USAGE)]
    generate, _ = activity(host, fragile, answer)
    running = asyncio.create_task(generate(host.ref(turn)))
    await until_written(log, turn, 3)
    fragile.broken = True
    hold.set()
    for _ in range(20):
        await asyncio.sleep(0)
    fragile.broken = False
    hold_more.set()
    await asyncio.wait_for(running, PATIENCE)
    assert fragile.written == ["turn.started", "step.started", "text.delta", "turn.completed"]
    assert (await host.chats.get_turn(turn_key(turn))).log_incomplete


async def test_usage_is_what_the_endpoint_says(host: ChatHost, log: MemoryTurnLog) -> None:
    turn = (await host.submit()).turn_id
    told = Usage(prompt_tokens=100, completion_tokens=7, total_tokens=107)
    generate, _ = activity(host, log, [TextPart("x"), Finished("stop", told)])
    await generate(host.ref(turn))
    assert (await host.chats.get_turn(turn_key(turn))).usage == told


@pytest.mark.parametrize("calls", [0, 1])
async def test_an_answer_that_the_endpoint_cut_off_says_so_to_everybody(host: ChatHost, log: MemoryTurnLog, calls: int) -> None:
    turn = (await host.submit()).turn_id
    asked = [ToolCallPart(0, "p", "get_task", '{"task_')][:calls]  # whose arguments tell it already
    generate, _ = activity(host, log, [TextPart("Half a"), *asked, Finished("length", USAGE)])
    await generate(host.ref(turn))
    text = "Half a" if calls else "Half a\n\n(The answer ends here: the model reached its limit of length.)"
    told = [TextDelta.model_validate_json(e.data).delta for e in await entries(log, turn) if e.name == "text.delta"]
    seen = await host.chats.get_turn(turn_key(turn))
    assert "".join(told) == seen.steps[0].message.content == text

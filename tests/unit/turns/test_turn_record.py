"""The pure functions of a turn: each returns a new record, and the record alone tells how the turn ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import limits
from agent.domain import turn as turns
from agent.domain.conversation import Meta
from agent.domain.errors import Busy
from agent.domain.events import TurnCancelled, TurnCompleted, TurnFailed
from agent.domain.exchanges import exchange_messages
from agent.domain.messages import Message
from agent.domain.retry import model_retry_delay
from agent.domain.terminal import terminal_event
from agent.domain.turn_calls import CommitStep, CommitTool, StepRef
from agent.domain.turn_record import Failure, TurnRecord
from agent.domain.turn_view import view
from tests.unit.turns.host import USAGE, call

REF = StepRef(tenant="default", user="local", conversation="main", turn_id="main.1.x", instance="i-1", step=0)
FAILURE = Failure(code="model_error", message="It broke.", retryable=True)


def record() -> TurnRecord:
    user = Message(role="user", content="hi", tokens=4)
    return TurnRecord(
        number=1, turn_id="main.1.x", status="queued", user=user, time_zone="UTC", submitted_at="t0", progress_at="t0"
    )


def commit(text: str, *calls: int, log_incomplete: bool = False) -> CommitStep:
    message = Message(role="assistant", content=text, tokens=2, tool_calls=tuple(map(call, calls)))
    return CommitStep(ref=REF, epoch=2, message=message, usage=USAGE, log_incomplete=log_incomplete)


def result(index: int) -> Message:
    return Message(role="tool", content="{}", tokens=1, call_id=f"c-{index}", ok=True)


def test_starting_and_beginning_count_and_change_nothing_before() -> None:
    before = record()
    started = turns.start(before, "i-1", "2030-01-01T00:00:01+00:00")
    begun = turns.begin_step(started, REF, "2030-01-01T00:00:02+00:00")
    assert before == record()
    assert (started.status, started.instance, started.starts, started.progress_at) == (
        "running",
        "i-1",
        1,
        "2030-01-01T00:00:01+00:00",
    )
    assert (begun.epoch, begun.attempted_step, begun.progress_at) == (2, 0, "2030-01-01T00:00:02+00:00")
    assert turns.begin_step(begun, REF, "2030-01-01T00:00:03+00:00").epoch == 3
    tools = turns.begin_tools(begun, REF, "2030-01-01T00:00:04+00:00")
    assert (tools.epoch, tools.attempted_step, tools.progress_at) == (3, 0, "2030-01-01T00:00:04+00:00")
    assert started.is_run_by("i-1")
    assert not started.is_run_by("i-2")


def test_a_step_without_calls_is_the_last() -> None:
    done = turns.commit_step(record(), commit("hello"), "2030-01-01T00:00:03+00:00")
    assert (done.status, done.ended, done.ended_at) == ("completed", True, "2030-01-01T00:00:03+00:00")
    terminal = terminal_event(done)
    assert isinstance(terminal, TurnCompleted)
    assert (terminal.message.content, terminal.usage) == ("hello", USAGE)


def test_a_step_with_calls_goes_on_and_results_stand_in_the_order_of_the_calls() -> None:
    turn = turns.commit_step(record(), commit("", 0, 1, 2), "2030-01-01T00:00:03+00:00")
    assert (turn.status, turn.ended_at) == ("queued", None)
    for index in (2, 0):
        turn = turns.commit_tool(turn, CommitTool(ref=REF, epoch=3, result=result(index)), "2030-01-01T00:00:04+00:00")
    assert [c.index for c in turn.steps[0].open_calls()] == [1]
    assert [r.call_id for r in turn.steps[0].results] == ["c-0", "c-2"]
    turn = turns.commit_step(turn, commit("done"), "2030-01-01T00:00:05+00:00")
    assert [m.role for m in turn.messages()] == ["user", "assistant", "tool", "tool", "assistant"]
    assert turn.tokens() == 4 + 2 + 1 + 1 + 2
    assert turn.usage().total_tokens == 2 * USAGE.total_tokens


def test_a_log_that_was_incomplete_once_stays_so() -> None:
    turn = turns.commit_step(record(), commit("", 0, log_incomplete=True), "2030-01-01T00:00:03+00:00")
    assert turns.commit_step(turn, commit("done"), "2030-01-01T00:00:04+00:00").log_incomplete


def test_a_failed_turn_keeps_what_was_committed() -> None:
    failed = turns.fail(
        turns.commit_step(record(), commit("", 0), "2030-01-01T00:00:03+00:00"), FAILURE, "2030-01-01T00:00:04+00:00"
    )
    terminal = terminal_event(failed)
    assert isinstance(terminal, TurnFailed)
    assert (terminal.code, terminal.retryable, len(failed.steps)) == ("model_error", True, 1)
    assert "model_error" in exchange_messages(failed)[-1].content, "the model is told that it gave no answer"


def test_a_cancelled_turn_says_so_and_one_that_runs_has_no_end() -> None:
    assert isinstance(terminal_event(record().model_copy(update={"status": "cancelled"})), TurnCancelled)
    with pytest.raises(ValueError, match="has not ended"):
        terminal_event(record())
    assert view(record(), "main").terminal is None


def test_what_is_shown_never_holds_the_providers_ids() -> None:
    turn = turns.commit_step(record(), commit("", 0), "2030-01-01T00:00:03+00:00")
    assert "p-0" not in view(turn, "main").model_dump_json()
    assert "c-0" in view(turn, "main").model_dump_json()


def test_the_queue_is_first_in_first_out_and_bounded() -> None:
    meta = Meta().begin()
    for _ in range(limits.QUEUE_MAX):
        meta = meta.enqueue()
    with pytest.raises(Busy) as full:
        meta.enqueue()
    assert (full.value.code, full.value.extra) == ("queue_full", {"queued": limits.QUEUE_MAX})
    order: list[int | None] = []
    while meta.running is not None:
        order.append(meta.running)
        meta = meta.pop()
    assert order == list(range(1, limits.QUEUE_MAX + 2))
    assert meta.next == limits.QUEUE_MAX + 2, "numbers never restart"


@given(st.text(max_size=30), st.integers(0, limits.MODEL_ATTEMPTS_MAX - 2), st.none() | st.floats(0, 1e6))
def test_a_retry_waits_within_its_bounds_and_always_the_same(turn: str, attempt: int, asked: float | None) -> None:
    delay = model_retry_delay(turn, attempt, True, asked)
    assert delay == model_retry_delay(turn, attempt, True, asked)
    backoff = min(limits.MODEL_BACKOFF_FIRST * limits.MODEL_BACKOFF_FACTOR**attempt, limits.MODEL_BACKOFF_MAX)
    wanted = min(asked or 0, limits.MODEL_RETRY_AFTER_MAX)
    assert delay is not None
    assert max(backoff, wanted) <= delay <= max(backoff, wanted) * 1.25


def test_retries_end() -> None:
    assert model_retry_delay("t", limits.MODEL_ATTEMPTS_MAX - 1, True, None) is None
    assert model_retry_delay("t", 0, False, 1.0) is None


def test_turns_that_failed_together_do_not_return_together() -> None:
    assert len({model_retry_delay(f"main.{n}", 0, True, None) for n in range(50)}) > 20

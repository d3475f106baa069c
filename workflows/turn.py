"""TurnWorkflow: generate, run tools, generate again, until the model answers; then tell the world, unless that is done.

This file is the whole process of a turn and nothing else. The engine remembers how far it came and dispatches a lost activity
again; activities make every repeat harmless. Deterministic: no clock, no randomness, no I/O.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from dapr.ext.workflow import DaprWorkflowContext

from agent.domain.limits import TURN_STEPS_MAX
from agent.domain.retry import given_up, model_retry_delay
from agent.domain.turn_record import Failure
from workflows import names
from workflows.retry import STEP, UNTIL_DONE
from workflows.turn_contracts import FailTurn, Generated, TurnInput

Run = Generator[Any, Any, Any]

STEPS_EXHAUSTED = Failure(
    code="steps_exhausted", message=f"The model asked for tools {TURN_STEPS_MAX} times and never answered.", retryable=False
)
INTERNAL = Failure(code="internal_error", message="Something broke inside the service; it has been logged.", retryable=True)


def turn_workflow(ctx: DaprWorkflowContext, wf_input: TurnInput) -> Run:
    """One instance of one turn."""
    try:
        last = yield from _converse(ctx, wf_input)
    except Exception:  # noqa: BLE001 -- whatever an activity died of, the turn must end
        last = Generated(kind="failed", failure=INTERNAL)
    if last.kind == "void" or last.told:
        return
    if last.failure:
        order = FailTurn(ref=wf_input.step(0), failure=last.failure)
        yield ctx.call_activity(names.FAIL_TURN, input=order.model_dump(mode="json"), retry_policy=UNTIL_DONE)
    yield ctx.call_activity(names.PUBLISH_EVENTS, input=wf_input.model_dump(mode="json"), retry_policy=UNTIL_DONE)


def _converse(ctx: DaprWorkflowContext, turn: TurnInput) -> Run:
    """Steps until one of them is the last; returns what that one came to."""
    for step in range(TURN_STEPS_MAX):
        done = yield from _generate(ctx, turn, step)
        if done.kind != "tools":
            return done
        ref = turn.step(step).model_dump(mode="json")
        yield ctx.call_activity(names.RUN_TOOLS, input=ref, retry_policy=STEP)
    return Generated(kind="failed", failure=STEPS_EXHAUSTED)


def _generate(ctx: DaprWorkflowContext, turn: TurnInput, step: int) -> Run:
    """One committed step: attempts at the endpoint with backoff between them. The only owner of model retries."""
    attempt = 0
    while True:
        ref = turn.step(step, attempt).model_dump(mode="json")
        done = Generated.model_validate((yield ctx.call_activity(names.GENERATE, input=ref, retry_policy=STEP)))
        if done.kind != "failed" or done.failure is None:
            return done
        delay = model_retry_delay(turn.turn_id, attempt, done.failure.retryable, done.retry_after)
        attempt += 1
        if delay is None:
            return done.model_copy(update={"failure": given_up(done.failure, attempt)})
        if not done.trimmed:
            yield ctx.create_timer(timedelta(seconds=delay))

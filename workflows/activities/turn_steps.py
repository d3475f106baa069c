"""The activities of TurnWorkflow by name, each on the main loop and in plain JSON."""

from collections.abc import Awaitable, Callable
from typing import Any

from dapr.ext.workflow import WorkflowActivityContext

from agent.domain.turn_calls import StepRef
from workflows import names
from workflows.activities.generate import Generate
from workflows.activities.hop import OnMainLoop
from workflows.activities.run_tools import RunTools
from workflows.activities.turn_end import FailTurnActivity, PublishEvents
from workflows.turn_contracts import FailTurn, TurnInput

Activity = Callable[..., Awaitable[dict[str, Any]]]


def turn_activities(
    generate: Generate, run_tools: RunTools, fail_turn: FailTurnActivity, publish: PublishEvents, on_main_loop: OnMainLoop
) -> dict[str, Activity]:
    """The activities by the name they are registered under."""

    async def do_generate(ctx: WorkflowActivityContext, ref: StepRef) -> dict[str, Any]:
        return await on_main_loop(_json(generate(ref)))

    async def do_run_tools(ctx: WorkflowActivityContext, ref: StepRef) -> dict[str, Any]:
        return await on_main_loop(_nothing(run_tools(ref)))

    async def do_fail(ctx: WorkflowActivityContext, order: FailTurn) -> dict[str, Any]:
        return await on_main_loop(_nothing(fail_turn(order)))

    async def do_publish(ctx: WorkflowActivityContext, turn: TurnInput) -> dict[str, Any]:
        return await on_main_loop(_nothing(publish(turn)))

    return {
        names.GENERATE: do_generate,
        names.RUN_TOOLS: do_run_tools,
        names.FAIL_TURN: do_fail,
        names.PUBLISH_EVENTS: do_publish,
    }


async def _json(work: Awaitable[Any]) -> dict[str, Any]:
    return (await work).model_dump(mode="json")


async def _nothing(work: Awaitable[None]) -> dict[str, Any]:
    await work
    return {}

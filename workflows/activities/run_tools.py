"""The activity ``run_tools``: all calls of a step at once, each committed as it returns.

A call's key makes its effect happen once however often this runs; a re-run does only the calls that have no committed result.
"""

import asyncio
import json
from collections.abc import Callable

from agent.domain import ids
from agent.domain.errors import Closed, Fenced
from agent.domain.events import ToolProgressed, ToolReturned
from agent.domain.limits import TOOL_PROGRESS_MAX
from agent.domain.messages import Message, ToolCall, ToolResult
from agent.domain.processing import WorkflowView
from agent.domain.tools import shorten_result
from agent.domain.turn_calls import BegunTools, CommitTool, StepRef
from agent.domain.turn_view import TurnView
from agent.ports import Chats, Clock, Tokens, TurnLog, UnderWay
from workflows.activities.counting import counted
from workflows.activities.rival import living, stand_by
from workflows.activities.step_writer import StepWriter
from workflows.toolbox import CallContext, ToolBox
from workflows.watched import stop, unless


class RunTools:
    """The activity with its ports."""

    def __init__(self, chats: Chats, log: TurnLog, toolbox: ToolBox, tokens: Tokens, clock: Clock, under_way: UnderWay) -> None:
        self._chats, self._log, self._toolbox, self._tokens, self._clock = chats, log, toolbox, tokens, clock
        self._under_way = under_way

    async def __call__(self, ref: StepRef) -> None:
        """Runs what is open of the step, or stands by while a newer attempt does. Raises Superseded."""
        begun = await self._chats.begin_tools(ref)
        if begun.kind != "go" or not begun.calls:
            return
        writer = StepWriter(self._log, ref.key, begun.epoch)
        try:
            async with living(self._chats, self._log, self._under_way, ref, begun.epoch):
                await unless(writer.refused(), self._run_all(ref, begun, writer))
        except Closed:
            return  # the turn was ended from outside
        except Fenced:
            await stand_by(self._chats, self._log, ref, lambda turn: _all_returned(turn, ref.step))

    async def _run_all(self, ref: StepRef, begun: BegunTools, writer: StepWriter) -> None:
        """Every call reports here what it has to tell, in its order: one writer, and no call waits for the log."""
        told: asyncio.Queue[ToolProgressed | asyncio.Future[ToolResult]] = asyncio.Queue()
        running = [asyncio.ensure_future(self._run(ref, begun, call, told.put_nowait)) for call in begun.calls]
        for call in running:
            call.add_done_callback(told.put_nowait)
        open_calls = len(running)
        try:
            while open_calls:
                news = await told.get()
                if isinstance(news, ToolProgressed):
                    await writer.write(news)
                else:
                    await self._record(ref, begun.epoch, writer, news.result())
                    open_calls -= 1
        finally:
            await stop(*running)

    async def _run(self, ref: StepRef, begun: BegunTools, call: ToolCall, tell: Callable[[ToolProgressed], None]) -> ToolResult:
        key = ids.tool_call_key(ref.turn_id, ref.step, call.index)
        context = CallContext(
            tenant=ref.tenant, user=ref.user, turn_id=ref.turn_id, key=key, time_zone=begun.time_zone, asked_at=begun.asked_at
        )
        ok, result = await self._toolbox.run(call.name, call.arguments, context, _Progress(ref, call.call_id, tell))
        return ToolResult(call_id=call.call_id, ok=ok, result=shorten_result(result))

    async def _record(self, ref: StepRef, epoch: int, writer: StepWriter, done: ToolResult) -> None:
        """Log first, commit second, as with a step."""
        await writer.write(
            ToolReturned(turn_id=ref.turn_id, step=ref.step, call_id=done.call_id, ok=done.ok, result=done.result)
        )
        message = Message(
            role="tool",
            content=json.dumps(done.result, ensure_ascii=False, separators=(",", ":")),
            created_at=self._clock.now().isoformat(timespec="milliseconds"),
            call_id=done.call_id,
            ok=done.ok,
        )
        message = await counted(self._tokens, message)
        if not await self._chats.commit_tool(
            CommitTool(ref=ref, epoch=epoch, result=message, log_incomplete=writer.incomplete)
        ):
            raise Fenced


class _Progress:
    """Tells what a call's workflow has come to: only what is new, and TOOL_PROGRESS_MAX times at most."""

    def __init__(self, ref: StepRef, call_id: str, tell: Callable[[ToolProgressed], None]) -> None:
        self._ref, self._call_id, self._tell = ref, call_id, tell
        self._last: ToolProgressed | None = None
        self._left = TOOL_PROGRESS_MAX

    def __call__(self, view: WorkflowView) -> None:
        event = ToolProgressed(
            turn_id=self._ref.turn_id,
            step=self._ref.step,
            call_id=self._call_id,
            task_id=view.task_id,
            status=view.status,
            steps=view.steps,
        )
        if event != self._last and self._left:
            self._last, self._left = event, self._left - 1
            self._tell(event)


def _all_returned(turn: TurnView, step: int) -> bool:
    return len(turn.steps[step].results) == len(turn.steps[step].message.tool_calls)

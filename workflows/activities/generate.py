"""The activity ``generate``: one model call, streamed to the log, then committed.

Order is the promise: every entry is in the log before CommitStep; CommitStep is refused for any epoch but the newest. An
attempt that was superseded stands by for the newer one; a failing endpoint is reported as data, for the workflow to decide.
"""

from contextlib import aclosing
from dataclasses import dataclass, field

from agent.domain import ids
from agent.domain.context import provider_messages
from agent.domain.conversation import ContextRefused
from agent.domain.errors import Closed, Fenced, LogUnavailable, Unavailable
from agent.domain.events import StepCommitted, StepRestarted, StepStarted, TextDelta, ToolCalled, TurnStarted
from agent.domain.messages import Message, ToolCall, Usage
from agent.domain.model import (
    CONTEXT_TOO_LONG,
    CUT_OFF_NOTE,
    LENGTH,
    Finished,
    ModelFailed,
    ModelRequest,
    TextPart,
    ToolCallPart,
)
from agent.domain.tools import arguments_shown, tool_schemas
from agent.domain.turn_calls import BegunStep, CommitStep, StepRef
from agent.domain.turn_record import Failure
from agent.ports import Chats, Clock, EventPublisher, Model, Tokens, TurnLog, UnderWay
from workflows.activities.counting import counted
from workflows.activities.rival import living, stand_by
from workflows.activities.shown import keep_shown
from workflows.activities.step_writer import StepWriter, close_log
from workflows.activities.turn_end import turn_told
from workflows.turn_contracts import Generated
from workflows.watched import unless


@dataclass
class _Answer:
    """What the model has said so far."""

    text: list[str] = field(default_factory=list[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    usage: Usage | None = None


class Generate:
    """The activity with its ports."""

    def __init__(
        self,
        chats: Chats,
        log: TurnLog,
        model: Model,
        tokens: Tokens,
        clock: Clock,
        publisher: EventPublisher,
        under_way: UnderWay,
    ) -> None:
        self._chats, self._log, self._model, self._tokens, self._clock = chats, log, model, tokens, clock
        self._publisher, self._under_way = publisher, under_way
        self._tools = tool_schemas()

    async def __call__(self, ref: StepRef) -> Generated:
        """Runs ``ref`` unless it is committed or ended. Raises Superseded."""
        begun = await self._begin(ref)
        if begun.kind != "go":
            return await self._settle(ref, begun)
        writer = StepWriter(self._log, ref.key, begun.epoch)
        try:
            async with living(self._chats, self._log, self._under_way, ref, begun.epoch):
                answer = await unless(writer.refused(), self._stream(ref, begun, writer))
                return await self._commit(ref, begun, writer, answer)
        except ModelFailed as e:
            if failed := await self._failed(ref, begun, e):
                return failed
        except Closed:
            return Generated(kind="ended")
        except Fenced:
            pass
        await stand_by(self._chats, self._log, ref, lambda turn: len(turn.steps) > ref.step)
        return await self._settle(ref, await self._chats.begin_step(ref))

    async def _begin(self, ref: StepRef) -> BegunStep:
        """What the model is to be told includes what readers saw of the answers that were cut off just before this one."""
        begun = await self._chats.begin_step(ref)
        kept = [await self._keep_shown(ref.model_copy(update={"turn_id": turn_id})) for turn_id in begun.cut_off]
        if not any(kept):
            return begun
        again = await self._chats.begin_step(ref)
        return again.model_copy(update={"first": begun.first, "restart": begun.restart}) if again.kind == "go" else again

    async def _keep_shown(self, ref: StepRef) -> bool:
        told = await self._chats.get_turn(ref.key)
        try:
            return await keep_shown(self._chats, self._log, self._tokens, ref, told)
        except LogUnavailable:
            return False  # nobody waits for it here: the turn's own workflow does

    async def _failed(self, ref: StepRef, begun: BegunStep, error: ModelFailed) -> Generated | None:
        """What the workflow is told of it; None when a newer attempt has the step."""
        if error.code == CONTEXT_TOO_LONG:
            refused = ContextRefused(ref=ref, epoch=begun.epoch, window=error.window)
            refusal = await self._chats.refuse_context(refused)
            if refusal is None:
                return None
            message = f"{error.detail.rstrip('.')}. {refusal.advice}"
            failure = Failure(code=error.code, message=message, retryable=refusal.again)
            return Generated(kind="failed", failure=failure, trimmed=refusal.again)
        if (await self._chats.get_turn(ref.key)).epoch != begun.epoch:
            return None
        failure = Failure(code=error.code, message=error.detail, retryable=error.retryable)
        return Generated(kind="failed", failure=failure, retry_after=error.retry_after)

    async def _stream(self, ref: StepRef, begun: BegunStep, writer: StepWriter) -> _Answer:
        answer = _Answer()
        await writer.write(*_opening(ref, begun))
        request = ModelRequest(messages=provider_messages(begun.messages), tools=self._tools)
        async with aclosing(self._model.stream(request)) as events:
            async for event in events:
                match event:
                    case TextPart(text):
                        await self._say(ref, writer, answer, text)
                    case ToolCallPart(index, provider_id, name, arguments):
                        call_id = ids.call_id_from_key(ids.tool_call_key(ref.turn_id, ref.step, index))
                        call = ToolCall(call_id=call_id, provider_id=provider_id, index=index, name=name, arguments=arguments)
                        answer.calls.append(call)
                        await writer.write(_called(ref, call))
                    case Finished(reason, usage):
                        answer.usage = usage
                        if reason == LENGTH and not answer.calls:  # said on every wire, and to the model later
                            await self._say(ref, writer, answer, CUT_OFF_NOTE)
        return answer

    async def _say(self, ref: StepRef, writer: StepWriter, answer: _Answer, text: str) -> None:
        answer.text.append(text)
        await writer.write(TextDelta(turn_id=ref.turn_id, step=ref.step, delta=text))

    async def _commit(self, ref: StepRef, begun: BegunStep, writer: StepWriter, answer: _Answer) -> Generated:
        message = Message(
            role="assistant",
            content="".join(answer.text),
            tool_calls=tuple(answer.calls),
            created_at=self._clock.now().isoformat(timespec="milliseconds"),
        )
        message = await counted(self._tokens, message)
        usage = answer.usage or _counted(begun, message)
        commit = CommitStep(ref=ref, epoch=begun.epoch, message=message, usage=usage, log_incomplete=writer.incomplete)
        done = await self._chats.commit_step(commit)
        if done.kind == "superseded":
            raise Fenced
        try:
            await writer.write(StepCommitted(turn_id=ref.turn_id, step=ref.step, usage=usage))
        except Closed:
            pass  # a follower's fallback was quicker to close it
        settled = await self._settle(ref, done)
        return await self._tell(ref, begun, message, settled) if settled.kind == "answered" else settled

    async def _tell(self, ref: StepRef, begun: BegunStep, message: Message, settled: Generated) -> Generated:
        """Tells the world at once, which spares an activity; the workflow has one that goes on until it is acknowledged."""
        asked = next(m.content for m in reversed(begun.messages) if m.role == "user")
        try:
            await self._publisher.publish(turn_told(ref, "completed", asked, message.content, message.created_at))
        except Unavailable:
            return settled
        return settled.model_copy(update={"told": True})

    async def _settle(self, ref: StepRef, begun: BegunStep) -> Generated:
        if begun.kind == "void":
            return Generated(kind="void")
        if begun.terminal is None:
            return Generated(kind="tools")
        await close_log(self._log, ref.key, begun.terminal)
        return Generated(kind="answered" if begun.status == "completed" else "ended")


def _opening(ref: StepRef, begun: BegunStep) -> list[TurnStarted | StepStarted | StepRestarted]:
    """The first entries of an epoch: a restarted step tells readers to forget what they saw of it."""
    if begun.restart:
        return [StepRestarted(turn_id=ref.turn_id, step=ref.step, reason="new_attempt")]
    started = StepStarted(turn_id=ref.turn_id, step=ref.step)
    return [TurnStarted(turn_id=ref.turn_id), started] if begun.first else [started]


def _called(ref: StepRef, call: ToolCall) -> ToolCalled:
    shown = arguments_shown(call.arguments)
    return ToolCalled(turn_id=ref.turn_id, step=ref.step, call_id=call.call_id, name=call.name, arguments=shown)


def _counted(begun: BegunStep, message: Message) -> Usage:
    """Usage by our own count, when the endpoint tells none."""
    prompt = sum(m.tokens for m in begun.messages) + begun.schema_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=message.tokens, total_tokens=prompt + message.tokens, estimated=True)

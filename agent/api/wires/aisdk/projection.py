"""A turn's entries as chunks of the AI SDK's UI message stream, version 1. Pure: the same entries give the same chunks.

One turn is one assistant message whose id is the turn's. The client's parser is strict: a delta needs its text's start, a
result its call, and ``reset-step`` drops what stands behind the newest ``start-step``; nothing else can be taken back.
Tools run here, so their parts are dynamic and marked as executed by the provider: the client waits for none and runs none.
"""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from agent.api.wires.aisdk import parts
from agent.domain.events import (
    LogEntry,
    StepCommitted,
    StepRestarted,
    StepStarted,
    TextDelta,
    ToolCalled,
    ToolProgressed,
    ToolReturned,
    TurnCancelled,
    TurnCompleted,
    TurnEvent,
    TurnFailed,
    TurnQueued,
    TurnStarted,
)

Chunk = dict[str, Any]
Chunks = Iterator[Chunk]
Told = dict[str, Any]


class Projection:
    """What the client has been told of one turn."""

    def __init__(self, turn_id: str) -> None:
        self._turn_id = turn_id
        self._begun = self._queued = False
        self._step = -1
        self._text_id: str | None = None  # of the text that is open
        self._texts = 0
        self._shown = ""  # all text of the newest step
        self._step_calls: set[str] = set()
        self._open: dict[str, None] = {}  # calls without a result, in their order
        self._known: set[str] = set()
        self._tasks: dict[str, Told] = {}

    def feed(self, entry: LogEntry) -> list[Chunk]:
        """The chunks that ``entry`` adds."""
        chunks: list[Chunk] = []
        if not self._begun:
            self._begun = True
            chunks.append({"type": "start", "messageId": self._turn_id, "messageMetadata": parts.metadata(self._turn_id)})
        if handler := _HANDLERS.get(entry.name):
            chunks += handler(self, orjson.loads(entry.data))
        return chunks

    # --- before the first step -------------------------------------------------------------------------------------------

    def queued(self, told: Told) -> Chunks:
        self._queued = True
        yield {"type": "data-queue", "data": {"position": told["position"]}, "transient": True}

    def started(self, told: Told) -> Chunks:
        if self._queued:
            self._queued = False
            yield {"type": "data-queue", "data": {"position": 0}, "transient": True}

    # --- a step ----------------------------------------------------------------------------------------------------------

    def begin(self, told: Told) -> Chunks:
        """A step begins, or begins again."""
        if told["step"] == self._step:
            yield from self._reset()
        else:
            yield from self._reach(told["step"])

    def delta(self, told: Told) -> Chunks:
        yield from self._reach(told["step"])
        if told["step"] == self._step:
            yield from self._say(told["delta"])

    def called(self, told: Told) -> Chunks:
        yield from self._reach(told["step"])
        if told["step"] == self._step:
            yield from self._call(told["call_id"], told["name"], told["arguments"])

    def progressed(self, told: Told) -> Chunks:
        yield from self._reach(told["step"])
        yield self._task(told["call_id"], parts.progress(told))

    def returned(self, told: Told) -> Chunks:
        yield from self._reach(told["step"])
        call_id = told["call_id"]
        if call_id not in self._known:  # a part of the log was lost, and the client refuses a result without its call
            yield from self._call(call_id, parts.UNKNOWN_TOOL, {})
        self._open.pop(call_id, None)
        yield parts.output_chunk(call_id, told["ok"], told["result"])
        if task := parts.task_of(told["result"], self._tasks.get(call_id)):
            yield self._task(call_id, task)

    def committed(self, told: Told) -> Chunks:
        return self._end_text()

    # --- the end ---------------------------------------------------------------------------------------------------------

    def completed(self, told: Told) -> Chunks:
        text = told["message"]["content"]
        yield from self.started(told)
        if self._step < 0 or self._step_calls:
            yield from self._reach(self._step + 1)  # the log of the last step was lost: a step with calls is never the last
        if text != self._shown:
            if self._shown:
                yield from self._reset()
            yield from self._say(text)
        yield from self._end_text()
        yield from self._close_calls(parts.LOST)
        yield from self._end_step()
        yield {"type": "finish", "finishReason": "stop", "messageMetadata": {"status": "completed", "usage": told["usage"]}}

    def failed(self, told: Told) -> Chunks:
        error = {"code": told["code"], "message": told["message"], "retryable": told["retryable"]}
        yield from self._cut_off({"status": "failed", "error": error})
        yield {"type": "error", "errorText": parts.sentence(told["code"], told["message"])}

    def cancelled(self, told: Told) -> Chunks:
        yield from self._cut_off({"status": "cancelled", "undo_ordered": told["undo_ordered"]})
        yield {"type": "abort", "reason": "cancelled"}

    # --- pieces ----------------------------------------------------------------------------------------------------------

    def _reach(self, step: int) -> Chunks:
        if step <= self._step:
            return
        yield from self.started({})
        yield from self._end_step()
        self._step, self._shown = step, ""
        self._step_calls.clear()
        yield {"type": "start-step"}

    def _reset(self) -> Chunks:
        self._text_id, self._shown = None, ""
        for call_id in self._step_calls:
            self._known.discard(call_id)
            self._open.pop(call_id, None)
            self._tasks.pop(call_id, None)
        self._step_calls.clear()
        yield {"type": "reset-step"}

    def _say(self, text: str) -> Chunks:
        if not text:
            return
        if self._text_id is None:
            self._text_id = f"text-{self._texts}"
            self._texts += 1
            yield {"type": "text-start", "id": self._text_id}
        self._shown += text
        yield {"type": "text-delta", "id": self._text_id, "delta": text}

    def _call(self, call_id: str, name: str, arguments: Any) -> Chunks:
        yield from self._end_text()
        self._step_calls.add(call_id)
        self._known.add(call_id)
        self._open[call_id] = None
        yield parts.input_chunk(call_id, name, arguments)

    def _task(self, call_id: str, task: Told) -> Chunk:
        self._tasks[call_id] = task
        return {"type": parts.TASK, "id": call_id, "data": task}

    def _end_text(self) -> Chunks:
        if self._text_id is not None:
            yield {"type": "text-end", "id": self._text_id}
            self._text_id = None

    def _end_step(self) -> Chunks:
        yield from self._end_text()
        if self._step >= 0:
            yield {"type": "finish-step"}

    def _cut_off(self, metadata: Told) -> Chunks:
        yield from self.started({})
        yield from self._end_text()
        yield from self._close_calls(parts.NO_RESULT)
        yield from self._end_step()
        yield {"type": "message-metadata", "messageMetadata": metadata}

    def _close_calls(self, why: str) -> Chunks:
        """The client would show a call without a result as running for ever."""
        yield from (parts.no_result_chunk(call_id, why) for call_id in self._open)
        self._open.clear()


Handler = Callable[[Projection, Told], Chunks]
_OF: dict[type[TurnEvent], Handler] = {
    TurnQueued: Projection.queued,
    TurnStarted: Projection.started,
    StepStarted: Projection.begin,
    StepRestarted: Projection.begin,
    TextDelta: Projection.delta,
    ToolCalled: Projection.called,
    ToolProgressed: Projection.progressed,
    ToolReturned: Projection.returned,
    StepCommitted: Projection.committed,
    TurnCompleted: Projection.completed,
    TurnFailed: Projection.failed,
    TurnCancelled: Projection.cancelled,
}
_HANDLERS: dict[str, Handler] = {event.model_fields["type"].default: handler for event, handler in _OF.items()}

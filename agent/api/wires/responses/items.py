"""Output items of a response as they grow: what each is at the moment, and the events that tell of a change.

A tool that the service runs is an ``mcp_call``: of the items that the clients' own types know, it is the one that carries its
output with it and that nobody answers. A ``function_call`` asks the client to run something: the Agents SDK, for one, fails on
a name it does not know.
Knows shapes only. Refuses to know entries, steps and sequence numbers.
"""

from typing import Any, Literal

import orjson

Json = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete", "failed"]
Phase = Literal["commentary", "final_answer"]
SERVER_LABEL = "task-agent"


class MessageItem:
    """What the model said in one attempt at one step."""

    def __init__(self, item_id: str, index: int, step: int) -> None:
        self.id, self.index, self.step = item_id, index, step
        self.status: Status = "in_progress"
        self._phase: Phase | None = None  # not known before the step is stored
        self._text: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"

    def shown(self) -> Json:
        """The item as it is now; its part is there once something was said."""
        content = [_part(self.text)] if self._text else []
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "status": self.status,
            "content": content,
            "phase": self._phase,
        }

    def opened(self) -> list[Json]:
        return [_added(self.index, self.shown()), {"type": "response.content_part.added", **self._place(), "part": _part("")}]

    def said(self, delta: str) -> list[Json]:
        self._text.append(delta)
        return [{"type": "response.output_text.delta", **self._place(), "delta": delta, "logprobs": []}]

    def completed(self, phase: Phase) -> list[Json]:
        """Its step is stored; ``phase`` tells what is said beside tool calls from the answer."""
        self._phase = phase
        return self.closed("completed")

    def closed(self, status: Status) -> list[Json]:
        """Ends the item; once more for one that has ended otherwise, and nothing for one that has ended so."""
        if self.status == status:
            return []
        parts: list[Json] = []
        if not self.ended:
            text = self.text
            parts = [
                {"type": "response.output_text.done", **self._place(), "text": text, "logprobs": []},
                {"type": "response.content_part.done", **self._place(), "part": _part(text)},
            ]
        self.status = status
        return [*parts, _done(self.index, self.shown())]

    def _place(self) -> Json:
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}


class CallItem:
    """One tool call: asked for, run, answered."""

    def __init__(self, item_id: str, index: int, step: int, name: str, arguments: Json | str) -> None:
        self.id, self.index, self.step, self.name = item_id, index, step, name
        self.status: Status = "in_progress"
        self._arguments = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
        self._result: Json | None = None

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"

    def shown(self) -> Json:
        """The item as it is now. The output of a call that failed is told as its error too."""
        error = {"type": "mcp_tool_execution_error", "content": self._result} if self.status == "failed" else None
        return {
            "id": self.id,
            "type": "mcp_call",
            "server_label": SERVER_LABEL,
            "name": self.name,
            "arguments": self._arguments,
            "status": self.status,
            "output": None if self._result is None else orjson.dumps(self._result).decode(),
            "error": error,
            "approval_request_id": None,
        }

    def opened(self) -> list[Json]:
        return [
            _added(self.index, {**self.shown(), "arguments": ""}),
            {"type": "response.mcp_call.in_progress", **self._place()},
            {"type": "response.mcp_call_arguments.delta", **self._place(), "delta": self._arguments},
            {"type": "response.mcp_call_arguments.done", **self._place(), "arguments": self._arguments},
        ]

    def returned(self, ok: bool, result: Json) -> list[Json]:
        """Its result; told again when another one takes its place, as after a crash: the last is the one that is stored."""
        if self._result == result and self.ended:
            return []
        self.status, self._result = "completed" if ok else "failed", result
        how = "completed" if ok else "failed"
        return [{"type": f"response.mcp_call.{how}", **self._place()}, _done(self.index, self.shown())]

    def closed(self, status: Status) -> list[Json]:
        """Ends a call that brought nothing, or whose step is told again."""
        if self.status == status:
            return []
        self.status = status
        return [_done(self.index, self.shown())]

    def _place(self) -> Json:
        return {"item_id": self.id, "output_index": self.index}


Item = MessageItem | CallItem


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _added(index: int, item: Json) -> Json:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _done(index: int, item: Json) -> Json:
    return {"type": "response.output_item.done", "output_index": index, "item": item}

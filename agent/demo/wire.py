"""The OpenAI wire format: completions, chunks and errors as dictionaries. Knows shapes, no meaning.

Ids are hashes of the request, so the same request gets the same answer to the byte.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.demo.brain import Reply
from agent.demo.desk import Wanted

_CHARS_PER_TOKEN = 4  # usage is an estimate, and always the same one


@dataclass(frozen=True)
class Envelope:
    """What every part of one answer repeats."""

    id: str
    created: int
    model: str


def digest(*parts: Any) -> str:
    """A hash of JSON values, for ids."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def usage(messages: Any, reply: Reply) -> dict[str, int]:
    """Estimated tokens."""
    asked = len(json.dumps(messages, ensure_ascii=False, default=str)) // _CHARS_PER_TOKEN + 1
    said = (len(reply.text) + sum(len(call.name) + len(_arguments(call)) for call in reply.calls)) // _CHARS_PER_TOKEN + 1
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def completion(envelope: Envelope, reply: Reply, used: dict[str, int]) -> dict[str, Any]:
    """The answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [_tool_call(envelope, index, call) for index, call in enumerate(reply.calls)]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reply)}
    return {**_head(envelope, "chat.completion"), "choices": [choice], "usage": used}


def chunks(envelope: Envelope, reply: Reply, used: dict[str, int] | None) -> Iterator[tuple[dict[str, Any], bool]]:
    """The answer in pieces, each with whether it is a word (words are what a reader waits between)."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**_head(envelope, "chat.completion.chunk"), "choices": [choice], **({"usage": None} if used else {})}

    yield chunk({"role": "assistant", "content": "" if reply.text else None, "refusal": None}), False
    for word in words(reply.text):
        yield chunk({"content": word}), True
    for index, call in enumerate(reply.calls):
        opened = _tool_call(envelope, index, call)
        arguments = opened["function"]["arguments"]
        middle = len(arguments) // 2
        opened["function"]["arguments"] = ""
        yield chunk({"tool_calls": [{"index": index, **opened}]}), False
        for piece in (arguments[:middle], arguments[middle:]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}), False
    yield chunk({}, finish_reason(reply)), False
    if used:
        yield {**_head(envelope, "chat.completion.chunk"), "choices": [], "usage": used}, False


def words(text: str) -> list[str]:
    """The text cut in front of every word; joined it is the text again."""
    return re.findall(r"\s*\S+|\s+$", text)


def finish_reason(reply: Reply) -> str:
    """Why the answer ends."""
    return "tool_calls" if reply.calls else "stop"


def models(model: str) -> dict[str, Any]:
    """The list of the one model."""
    return {"object": "list", "data": [{"id": model, "object": "model", "created": 0, "owned_by": "task-agent"}]}


def error(message: str, *, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI words it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def _head(envelope: Envelope, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{envelope.id}",
        "object": kind,
        "created": envelope.created,
        "model": envelope.model,
        "system_fingerprint": "task-agent-rules",
    }


def _tool_call(envelope: Envelope, index: int, call: Wanted) -> dict[str, Any]:
    call_id = f"call_{digest(envelope.id, index)}"
    return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}


def _arguments(call: Wanted) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)

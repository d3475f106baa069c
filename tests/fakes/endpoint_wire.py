"""The bytes of a chat-completions stream, as the big endpoints write them."""

import json
from functools import lru_cache
from typing import Any

from tests.fakes.endpoint_script import Step

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def sse(*chunks: Any) -> bytes:
    """Chunks as one event stream, ``[DONE]`` included; bytes are taken as they are."""
    events = [chunk if isinstance(chunk, bytes) else json.dumps(chunk, separators=(",", ":")).encode() for chunk in chunks]
    return b"".join(b"data: " + event + b"\n\n" for event in [*events, b"[DONE]"])


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **extra: Any) -> dict[str, Any]:
    """One chat-completion chunk, as the big endpoints send it."""
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1700000000, "model": "scripted"}
    return head | {"choices": [choice]} | extra


@lru_cache(maxsize=4096)
def token(word: str) -> bytes:
    return framed(_event(chunk({"content": word})))


def tool(index: int, name: str | None, arguments: str) -> bytes:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    call: dict[str, Any] = {"index": index, "function": function}
    if name:
        call |= {"id": f"call_scripted_{index}", "type": "function"}
    return framed(_event(chunk({"tool_calls": [call]})))


def last(step: Step, words: int) -> bytes:
    odd = {"odd_finish": "tired", "length": "length", "content_filter": "content_filter"}
    reason = odd.get(step.fault) or ("tool_calls" if step.tools else "stop")
    events = [_event(chunk(finish=reason))]
    if step.usage:
        usage = {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": 10 + words}
        events.append(_event(chunk() | {"choices": [], "usage": usage}))
    return framed(b"".join([*events, b"data: [DONE]\n\n"]))


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


NOTHING = framed(_event(chunk()))


def error(code: str, message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "scripted_error", "code": code}}).encode()


def too_long(window: int) -> bytes:
    limit = f"maximum context length is {window} tokens" if window else "context length is exceeded"
    return error("context_length_exceeded", f"This model's {limit}.")

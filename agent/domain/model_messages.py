"""Stored messages as a chat-completions endpoint takes them, and the text whose tokens are counted for them.

Knows the wire shape of messages and tool calls and what strict servers refuse. Refuses to know which messages are sent.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from agent.domain.limits import WIRE_NAME_CHARS_MAX
from agent.domain.messages import Message, ToolCall

CANCELLED_RESULT = '{"error":{"code":"cancelled","detail":"cancelled; effect unknown"}}'
CANCELLED_TOKENS = 16  # of CANCELLED_RESULT in o200k_base; 14 in cl100k_base, so it is marked as an estimate


def paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """``messages`` with every tool call followed by exactly one result, in the order of the calls.

    A call without result gets CANCELLED_RESULT; a result without its call, or a second one, is dropped, and so is an
    assistant message that says and calls nothing: strict servers refuse all of these. Does nothing to its own output.
    """
    return tuple(_paired(messages))


def provider_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The wire shape of ``messages``, paired first: no orphan is ever sent, whatever the history looks like."""
    wire: list[dict[str, Any]] = []
    ids: dict[str, str] = {}
    for message in _paired(messages):
        if message.tool_calls:
            ids = _wire_ids(message.tool_calls)
            calls = [_wire_call(call, ids[call.call_id]) for call in message.tool_calls]
            # None, not "": servers that turn content into text blocks refuse an empty block, and all accept null beside calls
            wire.append({"role": "assistant", "content": message.content or None, "tool_calls": calls})
        elif message.role == "tool":
            wire.append({"role": "tool", "tool_call_id": ids[message.call_id or ""], "content": message.content})
        else:
            wire.append({"role": message.role, "content": message.content})
    return wire


def token_text(message: Message) -> str:
    """The text whose tokens are the message's: its content, then name and arguments of each call, one per line."""
    if not message.tool_calls:
        return message.content
    parts = [message.content, *(part for call in message.tool_calls for part in (call.name, wire_arguments(call.arguments)))]
    return "\n".join(part for part in parts if part)


def schema_text(tools: Sequence[dict[str, Any]]) -> str:
    """The text whose tokens are ``schema_tokens``: the tools as compact JSON, nothing when there are none."""
    return json.dumps(list(tools), ensure_ascii=False, separators=(",", ":")) if tools else ""


def wire_arguments(arguments: str) -> str:
    """``arguments`` when it is a JSON object, else an object around it: many servers parse it and fail on anything else."""
    if not arguments.strip():
        return "{}"
    try:
        parsed = json.loads(arguments, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        parsed = None
    return arguments if isinstance(parsed, dict) else json.dumps({"unparsed": arguments}, ensure_ascii=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _paired(messages: Sequence[Message]) -> Iterator[Message]:
    for position, message in enumerate(messages):
        if message.role == "tool" or (message.role == "assistant" and not message.content and not message.tool_calls):
            continue
        yield message
        if not message.tool_calls:
            continue
        results = _results_after(messages, position)
        for call in message.tool_calls:
            yield results.get(call.call_id) or _cancelled(call, message.created_at)


def _results_after(messages: Sequence[Message], position: int) -> dict[str, Message]:
    """The first result of each call, up to the next assistant message: a step's results come before the next step."""
    results: dict[str, Message] = {}
    for message in messages[position + 1 :]:
        if message.role == "assistant":
            break
        if message.role == "tool" and message.call_id is not None:
            results.setdefault(message.call_id, message)
    return results


def _cancelled(call: ToolCall, created_at: str) -> Message:
    return Message(
        role="tool",
        content=CANCELLED_RESULT,
        tokens=CANCELLED_TOKENS,
        estimated=True,
        created_at=created_at,
        call_id=call.call_id,
        ok=False,
    )


def _wire_ids(calls: Sequence[ToolCall]) -> dict[str, str]:
    """Provider ids by call id; ours where the provider gave none, or the same one twice."""
    given = [call.provider_id for call in calls]
    return {
        call.call_id: call.provider_id if given.count(call.provider_id) == 1 and call.provider_id else call.call_id
        for call in calls
    }


def _wire_call(call: ToolCall, wire_id: str) -> dict[str, Any]:
    function = {"name": _wire_name(call.name), "arguments": wire_arguments(call.arguments)}
    return {"id": wire_id, "type": "function", "function": function}


def _wire_name(name: str) -> str:
    """Of a tool that the model made up there may be anything in it, and strict endpoints refuse what breaks OpenAI's rule."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:WIRE_NAME_CHARS_MAX] or "_"

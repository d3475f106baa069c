"""The Response object: what is the same in all of them, and what one turn puts in. Shapes of the API only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from agent.domain import ids
from agent.domain.events import TurnFailed
from agent.domain.messages import Usage
from agent.domain.turn_view import TurnView

Json = dict[str, Any]
ResponseStatus = Literal["queued", "in_progress", "completed", "failed", "cancelled"]

MODEL = "task-agent"  # one model, whatever runs behind it
RESPONSE_PREFIX = "resp_"

_ALWAYS: Json = {
    "object": "response",
    "background": True,  # every response: leaving its stream stops nothing
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "model": MODEL,
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "auto",
    "user": None,
}
# Codes of ours in the words that the clients' types know; ours is told beside them, as the error's type.
_ERROR_CODES = {"model_rate_limited": "rate_limit_exceeded"}


class Head(NamedTuple):
    """What is known of a turn before its log begins, and never changes. ``previous`` is the turn before it."""

    turn_id: str
    conversation: str
    submitted_at: str
    previous: str | None = None


def head_of(view: TurnView, previous: str | None) -> Head:
    """The head of a stored turn."""
    return Head(view.turn_id, view.conversation, view.submitted_at, previous)


def response_id(turn_id: str) -> str:
    """The public name of a turn on this wire."""
    return RESPONSE_PREFIX + turn_id


def turn_id_of(response: str) -> str | None:
    """The turn that a response id names; None when it cannot be one of ours."""
    turn = response.removeprefix(RESPONSE_PREFIX)
    return turn if turn != response and ids.parse_turn_id(turn) else None


def opening(head: Head) -> Json:
    """What a response says of its beginning."""
    return {
        "id": response_id(head.turn_id),
        "created_at": _seconds(head.submitted_at),
        "conversation": {"id": head.conversation},
        "previous_response_id": response_id(head.previous) if head.previous else None,
    }


def response(
    head: Head | None,
    status: ResponseStatus,
    output: Sequence[Json],
    *,
    usage: Usage | None = None,
    failed: TurnFailed | None = None,
    completed_at: str | None = None,
) -> Json:
    """The whole object, but for its ``opening`` while the head is not known. Times are unix seconds."""
    return {
        **_ALWAYS,
        **(opening(head) if head else {}),
        "completed_at": _seconds(completed_at) if completed_at else None,
        "status": status,
        "error": _error(failed) if failed else None,
        "output": list(output),
        "usage": _usage(usage) if usage else None,
    }


def _error(failed: TurnFailed) -> Json:
    code = _ERROR_CODES.get(failed.code, "server_error")
    return {"code": code, "type": failed.code, "message": failed.message, "param": None}


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }


def _seconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())

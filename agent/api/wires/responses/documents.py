"""The smaller answers of this API, and how the OpenAPI document tells of all of them."""

from typing import Any

from agent.api.problems import ANYWHERE, responses
from agent.api.wires.refusal import refuse
from agent.api.wires.responses.errors import ErrorBody
from agent.api.wires.responses.response import MODEL
from agent.domain.turn_view import TurnView

Json = dict[str, Any]

_MODEL_SINCE = 1_764_028_800  # 2025-11-25: the API wants a time here, and nothing depends on it
MODEL_CARD: Json = {"id": MODEL, "object": "model", "created": _MODEL_SINCE, "owned_by": "task-agent"}


def input_items(view: TurnView, after: str | None) -> Json:
    """The page with what the user said. Raises BadRequest for an ``after`` that is no item of this response."""
    item = {
        "id": f"msg_{view.turn_id}-input",
        "type": "message",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_text", "text": view.user_message.content}],
    }
    if after is not None and after != item["id"]:
        refuse("invalid_parameter", "'after' is the id of no input item of this response.", "after")
    items = [] if after else [item]
    ends = item["id"] if items else None
    return {"object": "list", "data": items, "first_id": ends, "last_id": ends, "has_more": False}


def told(*statuses: int, stream: bool = False) -> dict[int | str, Json]:
    """OpenAPI entries of a route: the answer, and its refusals, those of every route too, in this API's shape."""
    content: Json = {"application/json": {"schema": {"type": "object"}}}
    if stream:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    entries: dict[int | str, Json] = {200: {"description": "As the API's own reference says.", "content": content}}
    refusals = {**responses(*statuses), **{status: {"description": about} for status, (_, about) in ANYWHERE.items()}}
    for status, entry in refusals.items():
        entries[status] = {**entry, "model": ErrorBody}
    return entries

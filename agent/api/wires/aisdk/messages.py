"""Stored turns as UI messages, for the first load of a page: as the stream would have made them, under the same ids."""

from typing import Any

import orjson
from pydantic import BaseModel

from agent.api.wires.aisdk import parts
from agent.domain import ids
from agent.domain.messages import PublicMessage
from agent.domain.tools import arguments_shown
from agent.domain.turn_record import ENDED
from agent.domain.turn_view import HistoryPage, HistoryTurn
from agent.domain.undo import tasks_ordered

_OF_A_USER = ".user"


class UIMessages(BaseModel):
    """UI messages, oldest first. ``next`` is the ``before`` of the page of older ones, null at the beginning.

    A turn that runs or waits has an assistant message without parts, in the place where its stream will put them.
    """

    messages: list[dict[str, Any]]
    next: int | None


def ui_messages(page: HistoryPage) -> UIMessages:
    """``page`` as UI messages; of several answers to one message only the newest."""
    shown = [turn for turn in page.turns if turn.regenerated_by is None]
    return UIMessages(messages=[message for turn in shown for message in _exchange(turn)], next=page.next)


def turn_of_user_message(message_id: str, conversation: str) -> str | None:
    """The turn of that conversation whose user message has that id here; None for an id that a client made."""
    return turn_of_message(message_id, conversation) if message_id.endswith(_OF_A_USER) else None


def turn_of_answer(message_id: str, conversation: str) -> str | None:
    """The turn of that conversation whose assistant message has that id; None for any other id."""
    return None if message_id.endswith(_OF_A_USER) else turn_of_message(message_id, conversation)


def turn_of_message(message_id: str, conversation: str) -> str | None:
    """The turn of that conversation whose user or assistant message has that id; None for an id that a client made."""
    turn_id = message_id.removesuffix(_OF_A_USER)
    parsed = ids.parse_turn_id(turn_id)
    return turn_id if parsed and parsed.conversation == conversation else None


def _exchange(turn: HistoryTurn) -> list[dict[str, Any]]:
    user, *said = turn.messages
    shown: list[dict[str, Any]] = []
    if turn.status in ENDED:
        results = {m.call_id: m for m in said if m.role == "tool"}
        shown = [part for m in said if m.role == "assistant" for part in _step(m, results)]
    metadata, text = _metadata(turn), {"type": "text", "text": user.content, "state": "done"}
    return [
        {"id": turn.turn_id + _OF_A_USER, "role": "user", "metadata": metadata, "parts": [text]},
        {"id": turn.turn_id, "role": "assistant", "metadata": metadata, "parts": shown},
    ]


def _metadata(turn: HistoryTurn) -> dict[str, Any]:
    """What the stream tells, and what only the history knows."""
    metadata = {**parts.metadata(turn.turn_id, turn.status), "created_at": turn.messages[0].created_at}
    if turn.status == "completed":
        metadata["usage"] = turn.usage.model_dump()
    if turn.status == "cancelled":
        metadata["undo_ordered"] = list(tasks_ordered(turn.undo))
    if turn.failure is not None:
        metadata["error"] = turn.failure.model_dump()
    if turn.regenerates is not None:
        metadata |= {"regenerates": turn.regenerates, "alternatives": turn.alternatives}
    return metadata


def _step(message: PublicMessage, results: dict[str | None, PublicMessage]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = [{"type": "step-start"}]
    if message.content:
        shown.append({"type": "text", "text": message.content, "state": "done"})
    tasks: list[dict[str, Any]] = []
    for call in message.tool_calls:
        stored, arguments = results.get(call.call_id), arguments_shown(call.arguments)
        if stored is None:
            shown.append(parts.tool_part(call.call_id, call.name, arguments))
            continue
        result = orjson.loads(stored.content)
        shown.append(parts.tool_part(call.call_id, call.name, arguments, bool(stored.ok), result))
        if task := parts.task_of(result):
            tasks.append({"type": parts.TASK, "id": call.call_id, "data": task})
    return shown + tasks

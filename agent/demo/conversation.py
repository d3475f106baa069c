"""The request's messages, read once: the facts of the system prompt, and turns of text, tool calls and results.

Everything here was written by others and may be malformed: what does not fit is skipped, nothing raises. Only the words of
the user are ever read as a wish; tool results are data.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from agent.demo.limits import CHARS_CONSIDERED, NAME_CHARS_MAX, TURNS_REMEMBERED
from agent.demo.truncation import restored

_FACT = re.compile(r"^[ \t*-]{0,8}(Current time|Time zone|User):[ \t]{0,8}(\S[^\r\n]{0,200})$", re.MULTILINE)
_YEARS = (1900, 9000)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """What the system prompt says of the moment and the user."""

    now: datetime
    zone_name: str
    user: str


@dataclass
class Call:
    """A tool call and, once there is one, its result; a result that is no JSON object is ``{"text": ...}``."""

    name: str
    arguments: Json
    result: Json | None = None


@dataclass
class Turn:
    """What the user said, the tool calls made for it (``rounds`` of them), and the last text of the answer."""

    said: str
    calls: list[Call] = field(default_factory=list[Call])
    rounds: int = 0
    answer: str = ""


@dataclass(frozen=True)
class Conversation:
    """``turns[-1]`` is the one to answer; ``tools`` are the names that may be called."""

    facts: Facts
    turns: Sequence[Turn]
    tools: frozenset[str]


def read(messages: Sequence[Json], tools: Iterable[str]) -> Conversation:
    """Read a request's messages."""
    system = "\n".join(_text(m.get("content")) for m in messages if m.get("role") in ("system", "developer"))
    turns = [Turn("")]
    waiting: dict[str, Call] = {}
    for message in messages:
        match message.get("role"):
            case "user":
                turns.append(Turn(_text(message.get("content"))[:CHARS_CONSIDERED]))
            case "assistant":
                _add_answer(turns[-1], message, waiting)
            case "tool":
                if call := waiting.pop(str(message.get("tool_call_id")), None):
                    call.result = restored(_object(_text(message.get("content"))))
            case _:
                pass
    return Conversation(_facts(system), turns[-TURNS_REMEMBERED:], frozenset(tools))


def _add_answer(turn: Turn, message: Json, waiting: dict[str, Call]) -> None:
    turn.answer = _text(message.get("content")) or turn.answer
    tool_calls = message.get("tool_calls")
    if not isinstance(tool_calls, list) or not tool_calls:
        return
    turn.rounds += 1
    for tool_call in cast(list[Any], tool_calls):
        function: Any = cast(Json, tool_call).get("function") if isinstance(tool_call, Mapping) else None
        if not isinstance(function, Mapping):
            continue
        function = cast(Json, function)
        call = Call(str(function.get("name")), _object(str(function.get("arguments"))))
        turn.calls.append(call)
        waiting[str(cast(Json, tool_call).get("id"))] = call


def _object(text: str) -> Json:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {"text": text}
    return cast(Json, value) if isinstance(value, Mapping) else {"text": text}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (cast(Json, part).get("text") for part in cast(list[Any], content) if isinstance(part, Mapping))
    return " ".join(part for part in parts if isinstance(part, str))


def _facts(system: str) -> Facts:
    said = {name: value.strip() for name, value in _FACT.findall(system)}
    zone_name, zone = said.get("Time zone", ""), cast(tzinfo, UTC)
    try:
        zone = ZoneInfo(zone_name)
    except (KeyError, ValueError, OSError):  # none given, unknown, or no name at all
        zone_name = "UTC"
    try:
        now = datetime.fromisoformat(said["Current time"])
        now = (now if now.tzinfo else now.replace(tzinfo=zone)).astimezone(zone)
        # Days will be added and zones changed: a time at the edge of the calendar would overflow there.
        if not _YEARS[0] <= now.year <= _YEARS[1]:
            raise ValueError(said["Current time"])
    except (KeyError, ValueError, OverflowError):
        now = datetime.now(zone)  # the only look at a clock: the prompt did not say
    return Facts(now, zone_name, said.get("User", "")[:NAME_CHARS_MAX] or "me")

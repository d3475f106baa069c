"""A request's body, checked: what is no chat completion request is refused in OpenAI's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from agent.demo.conversation import Json
from agent.demo.limits import MESSAGES_MAX

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


@dataclass(frozen=True)
class ChatRequest:
    """What the model looks at; every other parameter of a real model is accepted and has no effect."""

    model: str
    messages: Sequence[Json]
    tools: frozenset[str]
    stream: bool
    include_usage: bool
    one_call: bool


class BadRequest(Exception):
    """The body cannot be answered; ``param`` names the field at fault."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message, self.param = message, param


def parse(body: bytes) -> ChatRequest:
    """Read a body. Raises BadRequest."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("We could not parse the JSON body of your request.") from None
    if not isinstance(data, Mapping):
        raise BadRequest("The body of the request must be a JSON object.")
    data = cast(Json, data)
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("You must provide a model parameter, a string.", "model")
    stream = data.get("stream") or False
    if not isinstance(stream, bool):
        raise BadRequest("'stream' must be a boolean.", "stream")
    if data.get("n") not in (None, 1):
        raise BadRequest("This demo model gives one answer: 'n' must be 1.", "n")
    options = data.get("stream_options")
    return ChatRequest(
        model=model,
        messages=_messages(data.get("messages")),
        tools=frozenset() if data.get("tool_choice") == "none" else _tools(data.get("tools")),
        stream=stream,
        include_usage=isinstance(options, Mapping) and cast(Json, options).get("include_usage") is True,
        one_call=data.get("parallel_tool_calls") is False,
    )


def _messages(value: Any) -> list[Json]:
    if not isinstance(value, list) or not value:
        raise BadRequest("'messages' must be a list with at least one message.", "messages")
    messages = cast(list[Any], value)
    if len(messages) > MESSAGES_MAX:
        raise BadRequest(f"'messages' is too long: at most {MESSAGES_MAX} are read.", "messages")
    for index, message in enumerate(messages):
        if not isinstance(message, Mapping):
            raise BadRequest(f"'messages[{index}]' must be an object.", f"messages[{index}]")
        role: Any = cast(Json, message).get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise BadRequest(f"'messages[{index}].role' is missing or unknown.", f"messages[{index}].role")
    return cast(list[Json], messages)


def _tools(value: Any) -> frozenset[str]:
    """The names of the functions offered."""
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise BadRequest("'tools' must be a list.", "tools")
    names: set[str] = set()
    for index, tool in enumerate(cast(list[Any], value)):
        function: Any = cast(Json, tool).get("function") if isinstance(tool, Mapping) else None
        name: Any = cast(Json, function).get("name") if isinstance(function, Mapping) else None
        if not isinstance(name, str):
            raise BadRequest(f"'tools[{index}].function.name' is missing.", f"tools[{index}]")
        names.add(name)
    return frozenset(names)

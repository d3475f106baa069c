"""The tools the model may call: names, one-line descriptions, argument models, and the bounds on what they return.

Turns what a model wrote into checked arguments, or into a refusal it can act on. Refuses to know how tools are run.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from agent.domain.errors import BadRequest
from agent.domain.limits import (
    ARGUMENTS_DEPTH_MAX,
    FAULTS_TOLD_MAX,
    NAME_TOLD_CHARS_MAX,
    TOOL_ARGUMENTS_BYTES_MAX,
    TOOL_RESULT_BYTES_MAX,
)
from agent.domain.tool_args import (
    AssignTask,
    CreateTask,
    GetTask,
    GetWorkflowStatus,
    ListTasks,
    ToolArguments,
    UpdateTaskStatus,
)


class ToolSpec(NamedTuple):
    """One tool; ``description`` is the line the model reads."""

    name: str
    description: str
    arguments: type[ToolArguments]


TOOLS: dict[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec("create_task", "Create a task, assign it and set its deadline; tells how that ended.", CreateTask),
        ToolSpec("get_task", "Show one task by its id.", GetTask),
        ToolSpec("list_tasks", "List the tasks this user created, newest first; get_task tells more of one.", ListTasks),
        ToolSpec("update_task_status", "Change a task's status, for example to completed or cancelled.", UpdateTaskStatus),
        ToolSpec("assign_task", "Give a task to somebody else.", AssignTask),
        ToolSpec("get_workflow_status", "Show how the processing of a task goes or ended, step by step.", GetWorkflowStatus),
    )
}


def tool_schemas() -> list[dict[str, Any]]:
    """All tools in the chat-completions shape."""
    return [
        {
            "type": "function",
            "function": {"name": spec.name, "description": spec.description, "parameters": _parameters(spec.arguments)},
        }
        for spec in TOOLS.values()
    ]


def parse_call(name: str, arguments: str) -> ToolArguments:
    """The checked arguments of a call: an instance of ``TOOLS[name].arguments``.

    Raises:
        BadRequest: ``unknown_tool`` or ``bad_arguments``, with a sentence the model can act on.
    """
    spec = TOOLS.get(name)
    if spec is None:
        raise BadRequest("unknown_tool", f"There is no tool {name[:NAME_TOLD_CHARS_MAX]!r}. The tools are: {', '.join(TOOLS)}.")
    values = _json_object(name, arguments)
    try:
        return spec.arguments.model_validate(values)
    except ValidationError as error:
        raise BadRequest("bad_arguments", f"{name}: {_faults(error)}.") from None


def arguments_shown(arguments: str) -> dict[str, Any] | str:
    """The JSON object the model wrote, or its raw text when it wrote none, or one that not every wire could carry."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments
    return value if isinstance(value, dict) and _can_be_sent(value, ARGUMENTS_DEPTH_MAX) else arguments


def _can_be_sent(value: Any, depth: int) -> bool:
    """No half of a surrogate pair, no number that is none or takes more than 64 bits, not nested beyond all reason."""
    match value:
        case str():
            return value.isascii() or value == value.encode("utf-8", "replace").decode()
        case int():
            return abs(value) < 2**63
        case float():
            return math.isfinite(value)
        case list():
            return depth > 0 and all(_can_be_sent(item, depth - 1) for item in cast(list[Any], value))
        case dict():
            items = cast(dict[str, Any], value).items()
            return depth > 0 and all(_can_be_sent(key, 0) and _can_be_sent(item, depth - 1) for key, item in items)
        case _:
            return True


def shorten_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """``result`` when its JSON is at most TOOL_RESULT_BYTES_MAX, else a marker and as much of that JSON as fits, as text."""
    text = _json(result)
    if len(text.encode("utf-8", "replace")) <= TOOL_RESULT_BYTES_MAX:
        return dict(result)
    low, high = 0, min(len(text), TOOL_RESULT_BYTES_MAX)
    while low < high:  # escaping makes the text longer by what only trying tells
        middle = (low + high + 1) // 2
        if len(_json(_truncated(text[:middle])).encode("utf-8", "replace")) <= TOOL_RESULT_BYTES_MAX:
            low = middle
        else:
            high = middle - 1
    return _truncated(text[:low])


def _truncated(preview: str) -> dict[str, Any]:
    return {"truncated": True, "preview": preview}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_object(name: str, text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "replace")) > TOOL_ARGUMENTS_BYTES_MAX:
        raise BadRequest("bad_arguments", f"{name}: the arguments are longer than {TOOL_ARGUMENTS_BYTES_MAX} bytes.")
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("bad_arguments", f"{name}: the arguments are no valid JSON; write one JSON object.") from None
    if not isinstance(value, dict):
        raise BadRequest("bad_arguments", f"{name}: the arguments must be one JSON object.")
    return value  # pyright: ignore[reportUnknownVariableType] -- JSON objects have text keys


def _faults(error: ValidationError) -> str:
    """Each fault as ``field: what is wrong``; never the value, which may be long or somebody else's words."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = [_fault(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in faults[:FAULTS_TOLD_MAX]]
    more = len(faults) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])


def _fault(field: str, message: str) -> str:
    sentence = message.removeprefix("Value error, ").rstrip(".")
    named = (
        field[:NAME_TOLD_CHARS_MAX].encode("utf-8", "replace").decode()
    )  # the model wrote it: it may be half a surrogate pair
    return f"{named}: {sentence}" if named else sentence


def _parameters(arguments: type[ToolArguments]) -> dict[str, Any]:
    """The model's JSON schema in its simplest form: small models lose their way in titles, anyOf and null."""
    schema = arguments.model_json_schema()
    properties = {name: _plain(field) for name, field in schema["properties"].items()}
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in field.get("anyOf", []) if choice.get("type") != "null"]
    merged = {**(choices[0] if choices else {}), **field}
    return {key: value for key, value in merged.items() if key not in ("anyOf", "title") and value is not None}

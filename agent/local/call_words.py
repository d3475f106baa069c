"""A tool call and what it returned, each in one line for the terminal: a person need not see all that the model gets."""

import json
from typing import Any

_VALUE_CHARS_MAX = 160


def call_words(call: dict[str, Any]) -> str:
    """A call in one line, as ``get_task(task_id=t-1)``."""
    arguments = call["arguments"]
    return f"{call['name']}({pairs(arguments) if isinstance(arguments, dict) else short(arguments)})"


def result_words(result: dict[str, Any]) -> str:
    """Its own sentence, if it has one; a task as ``Review the PR: in progress, Bob``; a list by its length."""
    match result:
        case {"error": {"detail": str(detail)}}:
            return detail
        case {"message": str(message)} if message:
            return message
        case {"tasks": list(tasks)}:
            return "no tasks" if not tasks else "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"
        case {"title": str(title), "status": str(status), "assignee": assignee}:
            return f"{title}: {status.replace('_', ' ')}" + (f", {assignee}" if assignee else "")
        case _:
            return pairs(result)


def pairs(values: dict[str, Any]) -> str:
    """A JSON object in one line."""
    return short(", ".join(f"{name}={_value(value)}" for name, value in values.items()))


def short(text: str) -> str:
    """One line of at most _VALUE_CHARS_MAX characters."""
    line = " ".join(text.split())
    return line if len(line) <= _VALUE_CHARS_MAX else line[: _VALUE_CHARS_MAX - 1] + "…"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

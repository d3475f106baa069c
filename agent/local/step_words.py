"""A step of a task's workflow in words, for the terminal."""

from typing import Any

_DONE = {"validate": "validated", "create": "created", "assign": "assigned", "reminder": "reminder set", "notify": "notified"}
_WHAT = {
    "validate": "validation",
    "create": "creation",
    "assign": "assignment",
    "reminder": "reminder",
    "notify": "notification",
}


def step_words(step: dict[str, Any]) -> str:
    """As ``assigned``, ``notification failed (why)``, ``reminder undone``, ``assignment left alone (why)``."""
    name: str = step["name"]
    detail = f" ({step['detail']})" if step["detail"] else ""
    what = _WHAT.get(name, name)
    match step["state"], step["undo"]:
        case "done", False:
            return _DONE.get(name, name)
        case "done", True:
            return f"{what} undone{detail}"
        case "skipped", _:
            return f"{what} left alone{detail}"
        case _, True:
            return f"{what} could not be undone{detail}"
        case _:
            return f"{what} failed{detail}"

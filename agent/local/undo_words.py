"""The undo of what a cancelled turn did to tasks in words, for the terminal."""

from collections.abc import Iterable
from typing import Any

_BECAME = {
    "ordered": "still being taken back",
    "undone": "undone",
    "left_alone": "left alone",
    "nothing_to_undo": "nothing to undo",
    "failed": "could not be undone",
}


def ordered_words(task_ids: Iterable[str]) -> str:
    """As ``what was done to t-1, t-2 is taken back``."""
    return f"what was done to {', '.join(task_ids)} is taken back"


def still_ordered_words(task_ids: Iterable[str]) -> str:
    """Where the outcome is not waited for: it comes all the same."""
    return f"the undo stays ordered: /tasks shows what becomes of {', '.join(task_ids)}"


def undo_words(task: dict[str, Any]) -> str:
    """As ``undone: t-1``, ``left alone: t-2 (changed meanwhile by user:carol)``."""
    detail = f" ({task['detail']})" if task["detail"] else ""
    return f"{_BECAME.get(task['state'], task['state'])}: {task['task_id']}{detail}"

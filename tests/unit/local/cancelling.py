"""What tests of ``/cancel`` say to the scripted service, and what they ask it after."""

from collections.abc import Callable
from typing import Any

from tests.unit.local.fake_service import Script

HISTORY = "/history?conversation=main"
Answer = tuple[int, Any]
Pages = dict[str, list[Answer]]
Typed = Callable[[str, Script], list[str]]
"""Types lines into the terminal chat, and then that it leaves; answers what is shown for the lines alone."""


def page(*turns: str, running: str | None = None, older: int | None = None) -> Answer:
    """A page of the history, each turn written as ``id:status``; ``older`` is its ``next``."""
    told = [dict(zip(("turn_id", "status"), turn.split(":"), strict=True)) for turn in turns]
    return 200, {"turns": told, "running": running, "next": older}


def conversation(*turns: str, running: str | None = None) -> Pages:
    """One whose history is a single page."""
    return {HISTORY: [page(*turns, running=running)]}


def ended(turn_id: str, status: str = "cancelled", undo: Any = None) -> Answer:
    """The service's answer to a cancel, which has no undo where none is ordered."""
    return 200, {"turn_id": turn_id, "status": status} | ({"undo": undo} if undo else {})


def undo(status: str, *tasks: tuple[str, ...]) -> dict[str, Any]:
    """Each task is its id, what became of it and, if told, why."""
    return {"status": status, "tasks": [dict(zip(("task_id", "state", "detail"), (*task, ""), strict=False)) for task in tasks]}


def told(script: Script) -> list[tuple[str, Any]]:
    """What the service was told to cancel, in order."""
    return [(path, body["effects"]) for path, _, body in script.asked if body is not None]

"""Judges a task's saga: all done, or all that was done undone and for a reason, and its assignee told as often as promised.

The promise of notifications is *at least once* (``agent/ports.py``), and the receiver drops repeats: one that arrived is one
file there, however often it was sent. So a completed saga has exactly one; one that failed may have one, since the answer to
a notification that arrived may be lost each time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.chaos.evidence import Kind

STEPS = ["validate", "create", "assign", "reminder", "notify"]
SAGA_EVENTS = ("task.created", "task.assigned", "task.deadline_set")
BREAKER_PAUSE = 5.0  # the sidecar's circuit breaker refuses notifications a little longer than their target fails

Broken = Iterator[tuple[Kind, str]]


@dataclass
class Away:
    """When the target of notifications was made to fail: (from, to) by ``time.time()``; the last one may go on."""

    times: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def between(self, begin: float, end: float) -> bool:
        """Whether a notification that was tried again and again between these could fail by that."""
        return any(begin <= to + BREAKER_PAUSE and since <= end for since, to in self.times)


def saga_faults(workflow: dict[str, Any], history: list[dict[str, Any]], away: Away) -> Broken:
    """All done, each step once, or all that was done undone. It fails only with the target, or if its turn is undone."""
    steps = [step["name"] for step in workflow["steps"] if step["state"] == "done" and not step["undo"]]
    undone = {step["name"] for step in workflow["steps"] if step["undo"] and step["state"] in ("done", "skipped")}
    effects = Counter(entry["what"] for entry in _own(history))
    for what in SAGA_EVENTS:
        if effects[what] > 1:
            yield "doubled", f"{what} happened {effects[what]} times"
    if workflow["status"] == "completed":
        if steps != STEPS or any(effects[what] != 1 for what in SAGA_EVENTS):
            yield "half done", f"completed with {steps}, {dict(effects)}"
    elif workflow["status"] == "failed":
        if missing := {"assign", "reminder"} & set(steps) - undone:
            yield "half done", f"failed, and not undone: {sorted(missing)} of {workflow['steps']}"
        at_notify = any(step["name"] == "notify" and step["state"] == "failed" for step in workflow["steps"])
        if not _undone_with_its_turn(history) and not (at_notify and away.between(*_notified_between(history))):
            yield "half done", f"failed, though notifications worked and nobody undid it: {workflow['steps']}"
    else:
        yield "lost", f"its workflow is {workflow['status']}"


def notification_faults(
    task: dict[str, Any], status: str, history: list[dict[str, Any]], received: Sequence[dict[str, Any]]
) -> Broken:
    """What the receiver has of a task: once, where the saga is completed, and with the task's own title, assignee, deadline."""
    if len(received) > 1:
        yield "doubled", f"its assignee was notified {len(received)} times"
    if status == "completed" and not received:
        yield "lost", "completed, and its assignee was never notified"
    due = {"title": task["title"]}
    for entry in _own(history):
        due |= {name: new for name, (_, new) in entry["changes"].items() if name in ("assignee", "deadline")}
    for one in received:
        if (told := {name: one.get(name) for name in due}) != due:
            yield "untrue", f"its assignee was told {told}, it is {due}"


def _own(history: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the saga did to the task: in the name of whoever asked for it."""
    return (entry for entry in history if entry["by"] == history[0]["by"])


def _undone_with_its_turn(history: list[dict[str, Any]]) -> bool:
    turn = history[0]["by"].rpartition(".")[2]
    return any(entry["by"] == f"undo:{turn}" for entry in history)


def _notified_between(history: list[dict[str, Any]]) -> tuple[float, float]:
    """From its last change to the first one that was taken back; for ever, where that changed nothing."""
    taken_back = [_at(entry) for entry in history if entry["by"].startswith("workflow:")]
    return max(map(_at, _own(history))), min(taken_back, default=float("inf"))


def _at(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()

"""Judges what the tools did: a call that was told to have changed a task changed it once, one that was refused did not.

Believes a turn's record for what its user was told of each call, and the tasks' own histories for what happened.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from agent.domain.task_changes import by_turn
from tests.chaos.evidence import Kind, Message

Broken = Iterator[tuple[Kind, str]]
Told = Literal["done", "refused", "unknown", "never asked"]

# What a tool writes into a task's history, and the field of the change that says what it was told to set.
WRITES = {"assign_task": ("task.assigned", "assignee"), "update_task_status": ("task.started", "status")}


class Call(NamedTuple):
    """A planned call of a tool, and what its turn was told of it.

    ``unknown``: it may have been done, as its result was not stored. ``never asked``: the model's answer with the call in it
    was not stored, and no tool runs before. ``version``: of the task, behind the change.
    """

    tool: str
    arguments: dict[str, Any]
    told: Told
    version: int | None = None


def calls_of(message: Message) -> list[Call]:
    """All calls of its script, once it is judged to be what was stored."""
    stored: list[dict[str, Any]] = message.record["steps"]
    found: list[Call] = []
    for number, plan in enumerate(message.said.steps):
        for place, (tool, arguments) in enumerate(plan.calls(message.task)):
            told, result = _told(stored[number], place) if number < len(stored) else ("never asked", {})
            found.append(Call(tool, arguments, told, result.get("version")))
    return found


def _told(step: dict[str, Any], place: int) -> tuple[Told, dict[str, Any]]:
    calls = step["message"]["tool_calls"]
    call_id = calls[place]["call_id"] if place < len(calls) else None
    stored = next((result for result in step["results"] if result["call_id"] == call_id), None)
    if stored is None:
        return "unknown", {}
    result: dict[str, Any] = json.loads(stored["content"])
    return ("done", result) if stored["ok"] else ("refused", {})


def titles(calls: list[Call], *told: Told) -> set[str]:
    """The tasks of the ``create_task`` calls of which was told one of these."""
    return {call.arguments["title"] for call in calls if call.tool == "create_task" and call.told in told}


def effect_faults(task_id: str, history: list[dict[str, Any]], messages: list[Message], *, whole: bool = True) -> Broken:
    """Each change of the task by a turn is that of one of its calls. ``whole``: nothing of the history was dropped."""
    written: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for entry in history:
        fields = (field for what, field in WRITES.values() if what == entry["what"])
        for field in fields:
            written[entry["by"], entry["what"], str(entry["changes"].get(field, ("", ""))[1])].append(entry["version"])
    for message in messages:
        if not message.turn_ids or "calls" not in message.record:
            continue  # nobody knows its turn, or its user gave up before seeing its end, which is a complaint by itself
        by, calls = by_turn(message.user, message.turn_id), message.record["calls"]
        for call in (call for call in calls if call.tool in WRITES and call.arguments["task_id"] == task_id):
            what, field = WRITES[call.tool]
            versions = written.pop((by, what, call.arguments[field]), [])
            yield from _call_faults(call, versions, f"{what} {call.arguments[field]} by {message.where}", whole=whole)
        if whole and history[0]["by"] != by:  # else they are its saga's
            for _, what, to in [key for key in written if key[0] == by]:
                yield "doubled", f"{what} {to} by {message.where} was not asked for"


def _call_faults(call: Call, versions: list[int], which: str, *, whole: bool) -> Broken:
    if len(versions) > 1:
        yield "doubled", f"{which} happened {len(versions)} times"
    if not versions and call.told == "done" and whole:
        yield "lost", f"{which} is not in the task's history, and was acknowledged"
    if versions and call.told == "done" and call.version not in versions:
        yield "untrue", f"{which} made version {versions}, acknowledged was {call.version}"
    if versions and call.told in ("refused", "never asked"):
        yield "untrue", f"{which} happened, and was {call.told}"

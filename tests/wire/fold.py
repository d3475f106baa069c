"""The reference reader: what anybody ends up with who reads a turn's own events. A wire's client must end up with the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from agent.domain.events import (
    CLOSING_ID,
    AnyTurnEvent,
    LogEntry,
    StepRestarted,
    StepStarted,
    TextDelta,
    ToolCalled,
    ToolProgressed,
    ToolReturned,
    TurnCompleted,
)

Json = dict[str, Any]


@dataclass
class Told:
    """What a reader has in the end.

    ``texts`` by step; ``calls`` by id with their step; of two ``results`` of a call the last counts; ``progress`` is the last
    that a call told, ``shown`` with its step how far its task is, by that or by its result; ``tasks`` are all that results of
    known calls have shown whole.
    """

    texts: dict[int, str] = field(default_factory=dict[int, str])
    calls: dict[str, tuple[int, str, Any]] = field(default_factory=dict[str, tuple[int, str, Any]])
    results: dict[str, tuple[bool, Json]] = field(default_factory=dict[str, tuple[bool, Json]])
    progress: dict[str, Json] = field(default_factory=dict[str, Json])
    shown: dict[str, tuple[int, Json]] = field(default_factory=dict[str, tuple[int, Json]])
    tasks: list[Json] = field(default_factory=list[Json])
    end: Json = field(default_factory=dict[str, Any])


def fold(entries: Iterable[LogEntry]) -> Told:
    """What ``entries`` come to."""
    told = Told()
    for entry in entries:
        event = orjson.loads(entry.data)
        if entry.id == CLOSING_ID:
            told.end = event
        elif "step" in event:
            _fold_step(told, entry.name, event)
    if told.end.get("type") == name_of(TurnCompleted):
        last = max(told.texts, default=0)
        if any(step == last for step, _, _ in told.calls.values()):
            last += 1  # a step with calls is never the last
        told.texts[last] = told.end["message"]["content"]
    return told


def _fold_step(told: Told, name: str, event: Json) -> None:
    step = event["step"]
    if name in (name_of(StepStarted), name_of(StepRestarted)):
        told.texts[step] = ""
        for call_id in [c for c, (of, _, _) in told.calls.items() if of == step]:
            del told.calls[call_id]
            told.results.pop(call_id, None)
        told.shown = {call_id: (of, data) for call_id, (of, data) in told.shown.items() if of != step}
    told.texts.setdefault(step, "")
    if name == name_of(TextDelta):
        told.texts[step] += event["delta"]
    elif name == name_of(ToolCalled):
        told.calls[event["call_id"]] = (step, event["name"], event["arguments"])
    elif name == name_of(ToolProgressed):
        told.progress[event["call_id"]] = event
        told.shown[event["call_id"]] = step, {field: event[field] for field in ("task_id", "status", "steps")}
    elif name == name_of(ToolReturned):
        _fold_result(told, event)


def _fold_result(told: Told, event: Json) -> None:
    """The end of a task's workflow is its last snapshot, with the steps of the one before if it has none."""
    call_id, result = event["call_id"], event["result"]
    told.results[call_id] = (event["ok"], result)
    if isinstance(result.get("workflow_id"), str):
        _, before = told.shown.get(call_id, (0, {"steps": []}))
        snapshot = {field: result[field] for field in ("task_id", "status", "message")}
        told.shown[call_id] = event["step"], {**snapshot, "steps": result.get("steps", before["steps"])}
    if call_id in told.calls:
        told.tasks += [shown for shown in (result, result.get("task")) if isinstance(shown, dict) and "version" in shown]


def name_of(event: type[AnyTurnEvent]) -> str:
    return event.model_fields["type"].default

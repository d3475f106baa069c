"""A change of a task that was acknowledged and is not there is named; so is one that was refused, or not asked for, and is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.domain.task_changes import by_turn, by_undo
from tests.chaos.evidence import Kind, Message
from tests.chaos.oracle_effects import calls_of, effect_faults, titles
from tests.chaos.plan import TASK, StepPlan
from tests.chaos.test_oracle import TURN, entry, sound

ANN = ("assign_task", {"task_id": TASK, "assignee": "Ann"})
STARTED = ("update_task_status", {"task_id": TASK, "status": "in_progress"})
CREATED = entry("task.created", "turn:maker")
TO_ANN = entry("task.assigned", by_turn("u", TURN), 4, assignee=("Bob", "Ann"), status=("in_progress", "assigned"))
START = entry("task.started", by_turn("u", TURN), 5, status=("assigned", "in_progress"))
BACK = entry("task.assigned", by_undo(TURN), 6, assignee=("Ann", "Bob"))
OK: dict[str, Any] = {"task_id": "t-1", "version": 4}


def asked(*answers: tuple[bool, dict[str, Any]] | None, stored: bool = True) -> Message:
    """A turn that asks to assign, and then to start; what the calls were answered with, None for no result."""
    message = sound()
    message.said, message.task = replace(message.said, steps=(StepPlan(tools=(ANN, STARTED)),)), "t-1"
    calls = [{"call_id": f"c{n}", "name": name, "arguments": "{}"} for n, (name, _) in enumerate((ANN, STARTED))]
    results = [
        {"call_id": f"c{n}", "ok": answer[0], "content": json.dumps(answer[1])}
        for n, answer in enumerate(answers)
        if answer is not None
    ]
    message.record["steps"] = [{"message": {"content": "", "tool_calls": calls}, "results": results}] if stored else []
    message.record["calls"] = calls_of(message)
    return message


def faults(message: Message, *history: dict[str, Any], whole: bool = True) -> set[Kind]:
    return {kind for kind, _ in effect_faults("t-1", [CREATED, *history], [message], whole=whole)}


def test_what_was_acknowledged_is_in_the_history_once() -> None:
    both = asked((True, OK), (True, OK | {"version": 5}))
    assert faults(both, TO_ANN, START) == faults(both, START, TO_ANN, BACK) == set()
    assert faults(both, TO_ANN) == faults(both, START) == faults(both) == {"lost"}
    assert faults(both, TO_ANN, TO_ANN, START) == {"doubled"}
    assert faults(both, entry("task.assigned", "turn:other", 4, assignee=("Bob", "Ann")), START) == {"lost"}
    assert faults(both, TO_ANN | {"version": 7}, START) == {"untrue"}
    assert "lost" in faults(both, TO_ANN | {"changes": {"assignee": ("Bob", "Bea")}}, START)
    assert faults(both, START, whole=False) == set(), "older entries may be gone"


def test_what_was_not_acknowledged_may_be_there_but_not_twice() -> None:
    for message in (asked(), asked(None, (False, {"error": {"code": "illegal_status_change"}}))):
        assert faults(message) == faults(message, TO_ANN) == set()
        assert faults(message, TO_ANN, TO_ANN) == {"doubled"}


def test_what_was_refused_or_never_asked_is_not_there() -> None:
    refused = asked((False, {"error": {"code": "illegal_status_change"}}), (True, OK | {"version": 5}))
    assert faults(refused, START) == set()
    assert faults(refused, START, TO_ANN) == {"untrue"}
    unasked = asked(stored=False)
    assert faults(unasked) == set()
    assert faults(unasked, TO_ANN) == {"untrue"}


def test_a_change_that_no_call_asked_for_is_named() -> None:
    message = asked(None, None)
    assert faults(message, entry("task.assigned", by_turn("u", TURN), 4, assignee=("Bob", "Eve"))) == {"doubled"}
    of_its_saga = [entry(what, by_turn("u", TURN)) for what in ("task.created", "task.assigned", "task.deadline_set")]
    assert list(effect_faults("t-2", of_its_saga, [message])) == []


@pytest.mark.parametrize(("known", "record"), [(False, True), (True, False)])
def test_a_turn_that_nobody_saw_to_its_end_is_not_judged(known: bool, record: bool) -> None:
    message = asked((True, OK))
    message.turn_ids = {TURN} if known else set()
    message.record = message.record if record else {}
    assert faults(message) == set()


def test_tasks_are_made_by_calls_that_were_answered() -> None:
    message = sound()
    plan = tuple(("create_task", {"title": f"Task {n}"}) for n in range(3))
    message.said = replace(message.said, steps=(StepPlan(tools=plan[:2]), StepPlan(tools=plan[2:])))
    calls = [{"call_id": f"c{n}"} for n in range(2)]
    result = {"call_id": "c1", "ok": True, "content": "{}"}
    message.record["steps"] = [{"message": {"tool_calls": calls}, "results": [result]}]
    found = calls_of(message)
    assert titles(found, "done") == {"Task 1"}
    assert titles(found, "done", "unknown") == {"Task 0", "Task 1"}

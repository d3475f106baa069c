"""A saga that stops half way, fails for nothing, or tells its assignee nothing, twice or something else, is named."""

from typing import Any

import pytest

from tests.chaos.evidence import Kind
from tests.chaos.oracle_saga import BREAKER_PAUSE, Away, notification_faults, saga_faults
from tests.chaos.test_oracle import entry

TASK = {"title": "Write it", "task_id": "t-1"}
DUE = "2026-11-27T17:00:00.000+00:00"


def step(name: str, *, undo: bool = False, state: str = "done") -> dict[str, Any]:
    return {"name": name, "state": state, "undo": undo}


MADE = [
    entry("task.created", at=100.0),
    entry("task.assigned", at=100.1, assignee=(None, "Bob"), status=("pending", "assigned")),
    entry("task.deadline_set", at=100.2, deadline=(None, DUE)),
]
TAKEN_BACK = [entry("task.deadline_removed", "workflow:task-workflow-t-1", at=103.5, deadline=(DUE, None))]
ALL = [step(name) for name in ("validate", "create", "assign", "reminder", "notify")]
BACK = [*ALL[:4], step("notify", state="failed"), step("reminder", undo=True), step("assign", undo=True)]
COMPLETED, FAILED = {"status": "completed", "steps": ALL}, {"status": "failed", "steps": BACK}
FAILING = Away([(50.0, 60.0), (101.0, 102.0)])


def faults(workflow: dict[str, Any], history: list[dict[str, Any]], away: Away = FAILING) -> set[Kind]:
    return {kind for kind, _ in saga_faults(workflow, history, away)}


def test_sagas_are_all_done_or_all_undone() -> None:
    assert faults(COMPLETED, MADE) == faults(FAILED, [*MADE, *TAKEN_BACK]) == set()
    assert faults(COMPLETED, MADE[:2]) == {"half done"}
    assert faults(FAILED | {"steps": BACK[:-1]}, MADE) == {"half done"}
    assert faults({"status": "running", "steps": ALL[:2]}, MADE) == {"lost"}
    assert "doubled" in faults(COMPLETED, [*MADE, MADE[1]])


@pytest.mark.parametrize(
    ("since", "to", "excused"),
    [(101.0, 102.0, True), (90.0, 100.2 - BREAKER_PAUSE, True), (90.0, 95.0, False), (103.6, 110.0, False)],
)
def test_a_saga_fails_only_while_notifications_do(since: float, to: float, excused: bool) -> None:
    assert faults(FAILED, [*MADE, *TAKEN_BACK], Away([(since, to)])) == (set() if excused else {"half done"})


def test_a_saga_that_failed_elsewhere_is_not_excused_by_notifications() -> None:
    assert faults({"status": "failed", "steps": [*ALL[:2], step("assign", state="failed")]}, MADE[:1]) == {"half done"}


def test_a_saga_also_fails_when_the_turn_that_asked_for_it_is_undone() -> None:
    undone, other = (entry("task.cancelled", by, at=101.0) for by in ("undo:x", "undo:y"))
    assert faults(FAILED, [*MADE, undone], Away()) == set()
    assert faults(FAILED, [*MADE, other], Away()) == {"half done"}


def test_an_assignee_is_told_once_of_a_completed_saga_and_at_most_once_of_any_other() -> None:
    told = {"notification_id": "n-1", "task_id": "t-1", "title": "Write it", "assignee": "Bob", "deadline": DUE}

    def faults(status: str, *received: dict[str, Any]) -> set[Kind]:
        later = entry("task.assigned", "turn:y", assignee=("Bob", "Ann"))
        return {kind for kind, _ in notification_faults(TASK, status, [*MADE, later], received)}

    assert faults("completed", told) == faults("failed", told) == faults("failed") == set()
    assert faults("completed") == {"lost"}
    assert faults("completed", told, told) == faults("failed", told, told) == {"doubled"}
    for wrong in ({"assignee": "Ann"}, {"title": "Read it"}, {"deadline": None}):
        assert faults("completed", told | wrong) == {"untrue"}

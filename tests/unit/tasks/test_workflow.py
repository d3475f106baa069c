"""TaskProcessingWorkflow and its saga, step by step, with every step failing in its turn."""

import json
from typing import Any

import pytest

from agent.domain import saga as telling
from agent.domain.limits import NOTIFY_ATTEMPTS_MAX
from agent.domain.processing import StepName, WorkflowStep
from agent.domain.task_undo import NEVER_DONE
from tests.unit.tasks.driver import Call, Driver, Script, answers, dies
from workflows import names, retry
from workflows.contracts import TaskRef
from workflows.saga import Saga, StepFailed
from workflows.task_processing import task_processing_workflow

REF = TaskRef(tenant="default", task_id="t1")
DUE = "2030-05-17T10:00:00.000+00:00"
OPENED = {"title": "Review the PR", "assignee": "Bob", "deadline": DUE, "by": "user:alice"}
FORWARD = [names.OPEN_TASK, names.ASSIGN_TASK, names.SET_REMINDER, names.NOTIFY_ASSIGNEE]
BACKWARD = [names.UNDO_REMINDER, names.UNDO_ASSIGN]


def well(**changes: Any) -> Script:
    return {
        names.OPEN_TASK: answers(**OPENED),
        names.ASSIGN_TASK: answers(),
        names.SET_REMINDER: answers(),
        names.NOTIFY_ASSIGNEE: lambda asked: {"result": asked["then"]["result"]},
        names.UNDO_ASSIGN: answers(),
        names.UNDO_REMINDER: answers(),
        names.RECORD_RESULT: lambda asked: {"result": asked["result"]},
        **changes,
    }


def run(script: Script) -> tuple[dict[str, Any], Driver]:
    driver = Driver(script)
    return driver.run(task_processing_workflow(driver, REF)), driver


def told(driver: Driver) -> list[tuple[str, str, bool]]:
    return [(step["name"], step["state"], step["undo"]) for step in json.loads(driver.status)]


def test_all_is_well() -> None:
    result, driver = run(well())
    assert result["status"] == "completed"
    assert driver.did() == FORWARD
    assert told(driver) == [(name, "done", False) for name in ("validate", "create", "assign", "reminder", "notify")]
    notify = driver.calls[-1]
    assert notify.retry is retry.NOTIFY
    assert notify.input["notification"]["assignee"] == "Bob"
    assert [step["name"] for step in notify.input["then"]["steps"]][-1] == "notify"


def test_the_notification_has_three_attempts_one_second_factor_two() -> None:
    assert (retry.NOTIFY.max_number_of_attempts, retry.NOTIFY.backoff_coefficient) == (3, 2.0)
    assert retry.NOTIFY.first_retry_interval.total_seconds() == 1


def test_all_steps_of_one_task_have_one_key_and_its_owner_as_author() -> None:
    _, driver = run(well())
    changes = [call.input for call in driver.calls if call.activity in FORWARD[:3]]
    assert {change["key"] for change in changes} == {"task-workflow-t1"}
    assert [change["by"] for change in changes] == ["", "user:alice", "user:alice"]


def test_a_second_run_ends_with_the_recorded_result() -> None:
    recorded = {"task_id": "t1", "status": "failed", "message": "Long ago."}
    result, driver = run(well(**{names.OPEN_TASK: answers(result=recorded)}))
    assert result == recorded
    assert driver.did() == [names.OPEN_TASK]


def test_rejected_with_every_reason() -> None:
    result, driver = run(well(**{names.OPEN_TASK: answers(reasons=["Too short.", "Far too short."])}))
    assert result["status"] == "rejected"
    assert result["message"] == "Too short. Far too short. No task was created."
    assert driver.did() == [names.OPEN_TASK, names.RECORD_RESULT]
    assert told(driver) == [("validate", "failed", False)]


@pytest.mark.parametrize("failing", range(1, 4))
@pytest.mark.parametrize("how", [dies("it broke"), answers(problem="It is refused.")])
def test_each_step_failing_undoes_what_may_have_been_done(failing: int, how: Any) -> None:
    result, driver = run(well(**{FORWARD[failing]: how}))
    undos = {1: BACKWARD[1:], 2: BACKWARD, 3: BACKWARD}[failing]
    assert driver.did() == [*FORWARD[: failing + 1], *undos, names.RECORD_RESULT]
    assert result["status"] == "failed"
    assert "The task is pending" in result["message"]
    recorded = driver.calls[-1].input
    assert recorded["steps"] == json.loads(driver.status)
    assert recorded["result"] == result


def test_a_failed_notification_says_how_often_and_why() -> None:
    result, _ = run(well(**{names.NOTIFY_ASSIGNEE: dies("the target refused it")}))
    assert result["message"] == (
        f"The notification failed after {NOTIFY_ATTEMPTS_MAX} attempts (the target refused it). "
        "Undone: the deadline reminder and the assignment. The task is pending, without assignee and deadline."
    )


def test_a_failing_undo_does_not_stop_the_others_and_is_told() -> None:
    result, driver = run(well(**{names.NOTIFY_ASSIGNEE: dies("no"), names.UNDO_REMINDER: dies("the store is gone")}))
    assert driver.did()[4:] == [*BACKWARD, names.RECORD_RESULT]
    assert "Undone: the assignment." in result["message"]
    assert "Could not be undone: the deadline reminder (the store is gone)." in result["message"]
    assert "The task is pending" not in result["message"]
    assert told(driver)[-2:] == [("reminder", "failed", True), ("assign", "done", True)]


def test_what_somebody_else_changed_is_left_alone_and_told() -> None:
    left = answers(skipped=True, detail="changed meanwhile by user:mallory")
    result, driver = run(well(**{names.NOTIFY_ASSIGNEE: dies("no"), names.UNDO_ASSIGN: left}))
    assert "Left alone: the assignment (changed meanwhile by user:mallory)." in result["message"]
    assert "The task is pending" not in result["message"]
    assert told(driver)[-1] == ("assign", "skipped", True)


def test_a_step_that_was_refused_for_good_reason_is_not_called_undone() -> None:
    never = answers(detail=NEVER_DONE)
    refused = answers(problem="The task is cancelled, which is final: its status cannot become assigned.")
    result, _ = run(well(**{names.ASSIGN_TASK: refused, names.UNDO_ASSIGN: never}))
    assert result["message"] == (
        "The task could not be assigned: The task is cancelled, which is final: its status cannot become assigned."
    )


def test_an_undo_that_is_refused_counts_as_failed() -> None:
    result, _ = run(well(**{names.NOTIFY_ASSIGNEE: dies("no"), names.UNDO_ASSIGN: answers(problem="Task not found")}))
    assert "Could not be undone: the assignment (Task not found)." in result["message"]


def test_a_notification_that_is_out_but_not_recorded_is_recorded_by_itself() -> None:
    result, driver = run(well(**{names.NOTIFY_ASSIGNEE: answers(result=None)}))
    assert result["status"] == "completed"
    assert driver.did() == [*FORWARD, names.RECORD_RESULT]
    assert driver.calls[-1].retry is retry.UNTIL_DONE


def test_the_first_recorded_result_is_the_result() -> None:
    first = {"task_id": "t1", "status": "completed", "message": "First."}
    result, _ = run(well(**{names.NOTIFY_ASSIGNEE: dies("no"), names.RECORD_RESULT: answers(result=first)}))
    assert result == first


def test_undos_have_retries_of_their_own() -> None:
    _, driver = run(well(**{names.NOTIFY_ASSIGNEE: dies("no")}))
    assert all(call.retry is retry.STEP for call in driver.calls if call.activity in BACKWARD)


@pytest.mark.parametrize("failing", range(4))
def test_the_saga_helper_undoes_in_reverse_what_was_registered(failing: int) -> None:
    steps: list[tuple[StepName, str]] = [("assign", "a"), ("reminder", "b"), ("notify", "c")]
    broken = {steps[failing][1]: dies("it broke")} if failing < 3 else {}
    driver = Driver(
        {"a": answers(), "b": answers(), "c": answers(), "ua": answers(), "ub": answers(), "uc": answers()} | broken
    )

    def workflow(ctx: Driver) -> Any:
        saga = Saga(ctx, retry.STEP)
        try:
            for name, activity in steps:
                saga.undo_with(name, "u" + activity, REF)
                yield from saga.run(name, activity, REF, retry.STEP)
        except StepFailed:
            yield from saga.roll_back()
        return saga.steps

    done: list[WorkflowStep] = driver.run(workflow(driver))
    ran = [activity for _, activity in steps[: failing + 1]]
    assert driver.did() == ran + (["u" + activity for activity in reversed(ran)] if failing < 3 else [])
    assert [step.undo for step in done] == [False] * len(ran) + [True] * (len(driver.did()) - len(ran))
    assert isinstance(driver.calls[0], Call)


def test_messages_read_well_whatever_was_said() -> None:
    steps = [telling.failed("assign", "A task that is cancelled cannot become assigned.")]
    assert telling.failed_result("t1", steps).message == (
        "The task could not be assigned: A task that is cancelled cannot become assigned."
    )

"""TaskProcessingWorkflow: validate, create, assign, set the deadline reminder, notify; and back again when that fails.

A generator, replayed from its start whenever something happens: it reads no clock, makes no id, touches nothing but ``ctx``.
Its activities happen once per key, so a second run of the same instance id (Dapr allows it) ends with the recorded result.
"""

from agent.domain import ids
from agent.domain.limits import NOTIFY_ATTEMPTS_MAX
from agent.domain.notification import Notification
from agent.domain.processing import WorkflowResult, notification_id
from agent.domain.saga import (
    completed_result,
    done,
    failed,
    failed_result,
    rejected_result,
)
from workflows import names, retry
from workflows.contracts import (
    Checked,
    Notify,
    Recorded,
    ResultToRecord,
    TaskRef,
    TaskStep,
    as_input,
)
from workflows.saga import Context, Saga, StepFailed, Steps


def task_processing_workflow(ctx: Context, ref: TaskRef) -> Steps:
    """Output: WorkflowResult as JSON."""
    saga = Saga(ctx, undo_retry=retry.STEP)
    checked = Checked.model_validate(
        (yield ctx.call_activity(names.VALIDATE_TASK, input=as_input(ref), retry_policy=retry.UNTIL_DONE))
    )
    if checked.result is not None:
        return as_input(checked.result)
    if checked.reasons:
        saga.note(failed("validate", " ".join(checked.reasons)))
        return (yield from _record(ctx, ref, saga, rejected_result(ref.task_id, checked.reasons)))
    saga.note(done("validate"))
    try:
        return (yield from _see_through(ctx, saga, ref, checked))
    except StepFailed:
        yield from saga.roll_back()
        return (yield from _record(ctx, ref, saga, failed_result(ref.task_id, saga.steps)))


def _see_through(ctx: Context, saga: Saga, ref: TaskRef, checked: Checked) -> Steps:
    workflow = ids.task_workflow_public_id(ref.task_id)
    step = TaskStep(tenant=ref.tenant, task_id=ref.task_id, key=workflow, by=checked.by)
    undo = step.model_copy(update={"by": f"workflow:{workflow}"})

    yield from saga.run(
        "create",
        names.CREATE_TASK,
        step.model_copy(update={"owner": checked.owner}),
        retry.STEP,
    )

    saga.undo_with("assign", names.UNDO_ASSIGN, undo)
    yield from saga.run(
        "assign",
        names.ASSIGN_TASK,
        step.model_copy(update={"assignee": checked.assignee}),
        retry.STEP,
    )

    saga.undo_with("reminder", names.UNDO_REMINDER, undo)
    yield from saga.run(
        "reminder",
        names.SET_REMINDER,
        step.model_copy(update={"deadline": checked.deadline}),
        retry.STEP,
    )

    completed = completed_result(ref.task_id, checked.assignee, checked.deadline)
    then = ResultToRecord(tenant=ref.tenant, result=completed, steps=(*saga.steps, done("notify")))
    notify = Notify(notification=_notification(ref, checked), then=then)
    answer = yield from saga.run(
        "notify",
        names.NOTIFY_ASSIGNEE,
        notify,
        retry.NOTIFY,
        f"after {NOTIFY_ATTEMPTS_MAX} attempts ",
    )
    recorded = Recorded.model_validate(answer).result
    return as_input(recorded) if recorded is not None else (yield from _record(ctx, ref, saga, completed))


def _record(ctx: Context, ref: TaskRef, saga: Saga, result: WorkflowResult) -> Steps:
    then = ResultToRecord(tenant=ref.tenant, result=result, steps=tuple(saga.steps))
    answer = yield ctx.call_activity(names.RECORD_RESULT, input=as_input(then), retry_policy=retry.UNTIL_DONE)
    return as_input(Recorded.model_validate(answer).result or result)


def _notification(ref: TaskRef, checked: Checked) -> Notification:
    return Notification(
        notification_id=notification_id(ref.tenant, ref.task_id),
        task_id=ref.task_id,
        title=checked.title,
        assignee=checked.assignee,
        deadline=checked.deadline,
    )

"""TaskProcessingWorkflow: validate, create, assign, set the deadline reminder, notify; and back again when that fails.

A generator, replayed from its start whenever something happens: it reads no clock, makes no id, touches nothing but ``ctx``.
Its activities happen once per key, so a second run of the same instance id (Dapr allows it) ends with the recorded result.
"""

from agent.domain import ids
from agent.domain.limits import NOTIFY_ATTEMPTS_MAX
from agent.domain.notification import Notification
from agent.domain.processing import Opening, WorkflowResult, asked_by_turn, notification_id
from agent.domain.saga import completed_result, done, failed, failed_result, rejected_result
from workflows import names, retry
from workflows.contracts import Notify, Recorded, ResultToRecord, TaskRef, TaskStep, as_input
from workflows.saga import Context, Saga, StepFailed, Steps


def task_processing_workflow(ctx: Context, ref: TaskRef) -> Steps:
    """Output: WorkflowResult as JSON."""
    saga = Saga(ctx, undo_retry=retry.STEP)
    opening = yield from _open(ctx, ref)
    if opening.result is not None:
        return as_input(opening.result)
    if opening.reasons:
        saga.note(failed("validate", " ".join(opening.reasons)))
        return (yield from _record(ctx, ref, saga, rejected_result(ref.task_id, opening.reasons)))
    saga.note(done("validate"))
    saga.note(done("create"))
    try:
        return (yield from _see_through(ctx, saga, ref, opening))
    except StepFailed:
        yield from saga.roll_back()
        return (yield from _record(ctx, ref, saga, failed_result(ref.task_id, saga.steps)))


def _open(ctx: Context, ref: TaskRef) -> Steps:
    """Validates and creates, in one dispatch (which costs more than both). Nothing is undone yet: it tries until it is done."""
    step = TaskStep(tenant=ref.tenant, task_id=ref.task_id, key=_key(ref))
    return Opening.model_validate(
        (yield ctx.call_activity(names.OPEN_TASK, input=as_input(step), retry_policy=retry.UNTIL_DONE))
    )


def _see_through(ctx: Context, saga: Saga, ref: TaskRef, opening: Opening) -> Steps:
    step = TaskStep(tenant=ref.tenant, task_id=ref.task_id, key=_key(ref), by=opening.by)
    undo = step.model_copy(update={"by": f"workflow:{_key(ref)}"})

    saga.undo_with("assign", names.UNDO_ASSIGN, undo)
    yield from saga.run("assign", names.ASSIGN_TASK, step.model_copy(update={"assignee": opening.assignee}), retry.STEP)

    saga.undo_with("reminder", names.UNDO_REMINDER, undo)
    yield from saga.run("reminder", names.SET_REMINDER, step.model_copy(update={"deadline": opening.deadline}), retry.STEP)

    completed = completed_result(ref.task_id, opening.assignee, opening.deadline)
    then = ResultToRecord(tenant=ref.tenant, result=completed, steps=(*saga.steps, done("notify")))
    notify = Notify(notification=_notification(ref, opening), then=then, by_turn=asked_by_turn(opening.by))
    answer = yield from saga.run(
        "notify", names.NOTIFY_ASSIGNEE, notify, retry.NOTIFY, f"after {NOTIFY_ATTEMPTS_MAX} attempts "
    )
    recorded = Recorded.model_validate(answer).result
    return as_input(recorded) if recorded is not None else (yield from _record(ctx, ref, saga, completed))


def _key(ref: TaskRef) -> str:
    return ids.task_workflow_public_id(ref.task_id)


def _record(ctx: Context, ref: TaskRef, saga: Saga, result: WorkflowResult) -> Steps:
    then = ResultToRecord(tenant=ref.tenant, result=result, steps=tuple(saga.steps))
    answer = yield ctx.call_activity(names.RECORD_RESULT, input=as_input(then), retry_policy=retry.UNTIL_DONE)
    return as_input(Recorded.model_validate(answer).result or result)


def _notification(ref: TaskRef, opening: Opening) -> Notification:
    return Notification(
        notification_id=notification_id(ref.tenant, ref.task_id),
        task_id=ref.task_id,
        title=opening.title,
        assignee=opening.assignee,
        deadline=opening.deadline,
    )

"""UndoWorkflow: bar every tool key of a cancelled turn, undo task by task, the newest first, then store and tell the outcome.

Scheduled before the cancel is saved, so its first step asks whether it is meant at all. Every step may be repeated: the tasks'
actors know what was undone. A task that cannot be undone does not stop the others. Deterministic: no clock, no random, no I/O.
"""

from dapr.ext.workflow import TaskFailedError

from agent.domain.undo import GAVE_UP, BegunUndo, EndUndo, TaskUndo, UndoRef
from workflows import names, retry
from workflows.contracts import UndoTask, as_input
from workflows.saga import Context, Steps


def undo_workflow(ctx: Context, ref: UndoRef) -> Steps:
    """One instance of one undo."""
    answer = yield ctx.call_activity(names.BEGIN_UNDO, input=as_input(ref), retry_policy=retry.UNTIL_DONE)
    begun = BegunUndo.model_validate(answer)
    if begun.kind == "void":
        return
    outcomes: list[TaskUndo] = []
    for changes in reversed(begun.tasks):
        order = UndoTask(tenant=ref.tenant, turn_id=ref.turn_id, changes=changes)
        try:
            answer = yield ctx.call_activity(names.UNDO_TASK, input=as_input(order), retry_policy=retry.UNDO)
        except TaskFailedError:
            outcomes.append(TaskUndo(task_id=changes.task_id, state="failed", detail=GAVE_UP))
        else:
            outcomes.append(TaskUndo.model_validate(answer))
    end = EndUndo(ref=ref, tasks=tuple(outcomes))
    yield ctx.call_activity(names.END_UNDO, input=as_input(end), retry_policy=retry.UNTIL_DONE)

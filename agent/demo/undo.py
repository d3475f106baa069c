"""Takes back the last thing done in the conversation, as far as the task service allows it."""

from collections.abc import Sequence

from agent.demo import replies
from agent.demo.conversation import Call, Turn
from agent.demo.desk import Desk, Unclear, Wanted
from agent.demo.intents import Undo
from agent.demo.memory import Task, created, known

_CHANGES = ("create_task", "update_task_status", "assign_task")


def undo(intent: Undo, desk: Desk) -> str:
    """Cancels what was created, gives back what was reassigned; says so before, and says what cannot be taken back."""
    earlier = desk.conversation.turns[:-1]
    for position in range(len(earlier) - 1, -1, -1):
        changes = [call for call in earlier[position].calls if call.name in _CHANGES and "error" not in (call.result or {})]
        if tasks := created(earlier[position]):
            return _cancel(tasks, desk)
        if changes:
            return _take_back(changes[-1], earlier[:position], desk)
    raise Unclear("There is nothing to undo: I have not changed anything in this conversation.")


def _cancel(tasks: Sequence[Task], desk: Desk) -> str:
    names = ", ".join(replies.titled(task) for task in tasks)
    calls = [Wanted("update_task_status", {"task_id": task.task_id, "status": "cancelled"}) for task in tasks]
    results = desk.do(calls, saying=f"I will undo it by cancelling {names}.")
    return "\n".join(replies.changed(task, "cancelled", result, "cancel") for task, result in zip(tasks, results, strict=True))


def _take_back(call: Call, before: Sequence[Turn], desk: Desk) -> str:
    task_id = str(call.arguments.get("task_id", ""))
    task = known(before).get(task_id, Task(task_id))
    if call.name == "assign_task" and task.assignee:
        saying = f"I will undo it by giving {replies.titled(task)} back to {replies.quoted(task.assignee, 60)}."
        [result] = desk.do([Wanted("assign_task", {"task_id": task_id, "assignee": task.assignee})], saying=saying)
        return replies.changed(task, f"assigned to {replies.quoted(task.assignee, 60)}", result, "reassign")
    status = replies.status(str(call.arguments.get("status") or "reassigned"))
    raise Unclear(
        f"I cannot take that back: {replies.titled(task)} is {status}, "
        "and I only know how to undo a creation or a reassignment."
    )

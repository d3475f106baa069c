"""What is done for each intent: a function from intent and desk to the text of the answer.

Calls go through the desk and are written as if they returned at once (see desk.py).
"""

from collections.abc import Callable
from typing import Any

from agent.demo import replies, talk
from agent.demo.composition import description, title
from agent.demo.desk import Desk, Unclear, Wanted
from agent.demo.intents import AskStatus, ChangeStatus, CreateTask, Intent, ListTasks, Reassign, Reference, Talk, Undo
from agent.demo.limits import CHANGED_AT_ONCE_MAX
from agent.demo.listing import show
from agent.demo.memory import Task, spoken_of
from agent.demo.resolve import resolve
from agent.demo.undo import undo

_VERBS = {"completed": "complete", "cancelled": "cancel", "in_progress": "start"}


def carry_out(intent: Intent, desk: Desk) -> str:
    """The answer to one wish. Raises Needs while calls are missing, Unclear when it ends in a question."""
    return _ACTIONS[type(intent)](intent, desk)


def _create(intent: CreateTask, desk: Desk) -> str:
    if not intent.subject:
        raise Unclear(replies.what_should(intent.assignee))
    if not intent.assignee:
        raise Unclear(replies.WHO)
    arguments: dict[str, Any] = {"title": title(intent), "description": description(intent), "assignee": intent.assignee}
    if intent.deadline and intent.deadline.at:
        arguments["deadline"] = intent.deadline.at.isoformat(timespec="seconds")
    elif intent.deadline:
        arguments["deadline_seconds"] = intent.deadline.seconds
    [result] = desk.do([Wanted("create_task", arguments)])
    return replies.created(arguments, result, desk.facts)


def _change(intent: ChangeStatus, desk: Desk) -> str:
    tasks = resolve(intent.reference, desk)
    calls = [Wanted("update_task_status", {"task_id": task.task_id, "status": intent.status}) for task in tasks]
    word = replies.status(intent.status)
    what = _VERBS.get(intent.status, f"set to {word}:")
    return _each(tasks, desk.do(calls), word, what)


def _reassign(intent: Reassign, desk: Desk) -> str:
    tasks = resolve(intent.reference, desk)
    if not intent.assignee:
        raise Unclear(replies.WHO)
    calls = [Wanted("assign_task", {"task_id": task.task_id, "assignee": intent.assignee}) for task in tasks]
    return _each(tasks, desk.do(calls), f"assigned to {intent.assignee}", "reassign")


def _ask_status(intent: AskStatus, desk: Desk) -> str:
    tasks = resolve(intent.reference, desk)[:CHANGED_AT_ONCE_MAX]
    if intent.workflow:
        ids = [f"task-workflow-{task.task_id}" for task in tasks]
        results = desk.do([Wanted("get_workflow_status", {"workflow_id": workflow_id}) for workflow_id in ids], fresh=True)
        return "\n".join(replies.workflow(*pair) for pair in zip(ids, results, strict=True))
    results = desk.do([Wanted("get_task", {"task_id": task.task_id}) for task in tasks], fresh=True)
    return "\n".join(replies.state(task, result, desk.facts) for task, result in zip(tasks, results, strict=True))


def _talk(intent: Talk, desk: Desk) -> str:
    if intent.topic == "how_is_it" and spoken_of(desk.conversation):
        return _ask_status(AskStatus(Reference()), desk)
    return talk.answer(intent, desk.facts)


def _each(tasks: list[Task], results: Any, did: str, what: str) -> str:
    return "\n".join(replies.changed(task, did, result, what) for task, result in zip(tasks, results, strict=True))


_ACTIONS: dict[type[Intent], Callable[[Any, Desk], str]] = {
    CreateTask: _create,
    ChangeStatus: _change,
    Reassign: _reassign,
    AskStatus: _ask_status,
    ListTasks: show,
    Undo: undo,
    Talk: _talk,
}

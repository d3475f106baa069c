"""Answers "which tasks are there?" from one list_tasks result; what the tool cannot filter is filtered here."""

from datetime import datetime, timedelta
from typing import Any

from agent.demo import replies
from agent.demo.conversation import Json
from agent.demo.desk import Desk, Wanted
from agent.demo.intents import ListTasks
from agent.demo.limits import LIST_LIMIT, LIST_SHOWN_MAX
from agent.demo.memory import Task, tasks_in
from agent.demo.vocabulary import STATUSES

_DUE_DAYS = {"today": (0, 0), "tomorrow": (1, 1), "this week": (0, 6)}


def show(intent: ListTasks, desk: Desk) -> str:
    """The list, numbered; what is finished is only counted unless it was asked for."""
    arguments: dict[str, Any] = {"limit": LIST_LIMIT}
    if intent.status in STATUSES:
        arguments["status"] = intent.status
    [result] = desk.do([Wanted("list_tasks", arguments)], fresh=True)
    if "error" in result:
        return f"I could not list the tasks: {replies.error(result)}"
    if not isinstance(result.get("tasks"), list):
        return f"I asked for the tasks, but the answer is not clear to me: {replies.raw(result)}"
    found = [task for task in tasks_in(result) if _wanted(task, intent, desk)]
    tasks = found if intent.status in STATUSES else [task for task in found if task.open]
    finished = len(found) - len(tasks)
    if not tasks:
        newest = f" among the newest {len(tasks_in(result))}" if _cut(result) else ""
        return f"There {_none(intent)}{newest}.{_aside(finished)}"
    more = " There may be more; these are the newest." if _cut(result) or len(tasks) > LIST_SHOWN_MAX else ""
    noun = "task" if len(tasks) == 1 else "tasks"
    verb = "is" if len(tasks) == 1 else "are"
    intro = f"There {verb} {len(tasks)} {_kind(intent)}{noun}{_whose(intent)}:"
    return f"{intro}\n{replies.numbered(tasks, desk.facts)}" + (
        f"\n{(more + _aside(finished)).strip()}" if more or finished else ""
    )


def _cut(result: Json) -> bool:
    """Whether the service has more tasks than it showed."""
    return bool(result.get("next") or result.get("truncated"))


def _wanted(task: Task, intent: ListTasks, desk: Desk) -> bool:
    if intent.assignee and not _same_person(task.assignee, intent.assignee):
        return False
    return not intent.due or _due(task, intent.due, desk.facts.now)


def _same_person(one: str, other: str) -> bool:
    """ "Bob" also means "Bob Smith"."""
    one, other = one.casefold(), other.casefold()
    return one == other or one.startswith(f"{other} ") or other.startswith(f"{one} ") if one else False


def _due(task: Task, due: str, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(task.deadline.upper())
        day = (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).astimezone(now.tzinfo).date()
    except (ValueError, OverflowError):
        return False
    first, last = _DUE_DAYS[due]
    return now.date() + timedelta(days=first) <= day <= now.date() + timedelta(days=last)


def _kind(intent: ListTasks) -> str:
    return f"{replies.status(intent.status or 'open')} "


def _whose(intent: ListTasks) -> str:
    return (f" for {replies.quoted(intent.assignee, 60)}" if intent.assignee else "") + (
        f" due {intent.due}" if intent.due else ""
    )


def _none(intent: ListTasks) -> str:
    return f"are no {_kind(intent)}tasks{_whose(intent)}"


def _aside(finished: int) -> str:
    if not finished:
        return ""
    return f' Besides, {finished} {"is" if finished == 1 else "are"} finished or cancelled (say "show completed tasks").'

"""What the conversation knows of tasks: from tool calls, their results, and the lists already shown.

Nothing is kept between requests: the messages are the memory.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from agent.demo.conversation import Call, Conversation, Json, Turn
from agent.demo.limits import LIST_LIMIT
from agent.demo.vocabulary import FINAL

_SHOWN = re.compile(r"^(\d{1,3})\. .*\[([\w-]{1,64})\]$", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """A task as far as it is known; empty fields are unknown."""

    task_id: str
    title: str = ""
    assignee: str = ""
    status: str = ""
    deadline: str = ""

    @property
    def open(self) -> bool:
        """Not known to be finished."""
        return self.status not in FINAL


def task_from(data: Any) -> Task | None:
    """A task out of a result; None when it has no usable id."""
    if not isinstance(data, Mapping):
        return None
    fields = cast(Json, data)
    task_id = fields.get("task_id")
    if not isinstance(task_id, str) or not task_id:
        return None
    return Task(task_id, _str(fields, "title"), _str(fields, "assignee"), _str(fields, "status"), _str(fields, "deadline"))


def tasks_in(result: Json | None) -> list[Task]:
    """The tasks of a list_tasks result."""
    listed: Any = (result or {}).get("tasks")
    # The tool may return more than was asked for; nobody reads more than this.
    return (
        [task for item in cast(list[Any], listed)[:LIST_LIMIT] if (task := task_from(item))] if isinstance(listed, list) else []
    )


def tasks_of(call: Call) -> list[Task]:
    """The tasks that a finished call speaks of."""
    result = call.result or {}
    if "error" in result:
        return []
    if call.name == "list_tasks":
        return tasks_in(result)
    task = task_from(result.get("task")) or task_from(result)
    if call.name == "create_task":
        return _from_creation(call, result, task)
    if call.name in ("update_task_status", "assign_task"):
        task = task or task_from(call.arguments)
        changed = {k: v for k in ("status", "assignee") if (v := _str(call.arguments, k))}
        task = task and replace(task, **changed)
    return [task] if task else []


def _from_creation(call: Call, result: Json, task: Task | None) -> list[Task]:
    """``status`` of a creation is the workflow's: rejected left nothing behind, failed a pending task of nobody."""
    outcome = result.get("status")
    if task is None or outcome == "rejected":
        return []
    title = task.title or _str(call.arguments, "title")
    if "task" in result:
        return [replace(task, title=title)]
    if outcome == "failed":
        return [Task(task.task_id, title, status="pending")]
    return [Task(task.task_id, title, _str(call.arguments, "assignee"), "assigned", _str(call.arguments, "deadline"))]


def known(turns: Iterable[Turn]) -> dict[str, Task]:
    """Every task heard of, newest knowledge of each, in the order of the first mention."""
    tasks: dict[str, Task] = {}
    for call in (call for turn in turns for call in turn.calls):
        for task in tasks_of(call):
            tasks[task.task_id] = _merged(tasks.get(task.task_id), task)
    return tasks


def created(turn: Turn) -> list[Task]:
    """The tasks that exist because of this turn."""
    made = [
        call
        for call in turn.calls
        if call.name == "create_task" and (call.result or {}).get("status") in ("completed", "running", "failed")
    ]
    return [task for call in made for task in tasks_of(call)]


def spoken_of(conversation: Conversation) -> list[Task]:
    """The tasks of the newest earlier turn that had any: what "it" or "them" means."""
    earlier = conversation.turns[:-1]
    tasks = known(earlier)
    for turn in reversed(earlier):
        if ids := shown(turn) or [task.task_id for task in _acted_on(turn)]:
            return [tasks.get(task_id, Task(task_id)) for task_id in dict.fromkeys(ids)]
    return []


def shown(turn: Turn) -> list[str]:
    """Ids in the order in which the turn's answer numbered them."""
    return [task_id for _, task_id in _SHOWN.findall(turn.answer)]


def last_person(turns: Sequence[Turn]) -> str:
    """Who was last given something: "him"."""
    for turn in reversed(turns):
        for call in reversed(turn.calls):
            if name := _str(call.arguments, "assignee"):
                return name
        for task in reversed(_acted_on(turn)):
            if task.assignee:
                return task.assignee
    return ""


def _acted_on(turn: Turn) -> list[Task]:
    """What a turn was about: what it did or looked at. A list counts when it holds one task: else it only helped to find."""
    acted = [task for call in turn.calls if call.name != "list_tasks" for task in tasks_of(call)]
    listed = [task for call in turn.calls if call.name == "list_tasks" for task in tasks_of(call)]
    return acted or (listed if len(listed) == 1 else [])


def _merged(old: Task | None, new: Task) -> Task:
    if old is None:
        return new
    return Task(
        new.task_id,
        new.title or old.title,
        new.assignee or old.assignee,
        new.status or old.status,
        new.deadline or old.deadline,
    )


def _str(data: Json, key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""

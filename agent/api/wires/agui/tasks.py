"""The state that this wire shares with its clients: ``{"tasks": {task id: task}}``, the newest tasks of the user.

It begins as the list the user has, and changes by the whole tasks that tools return; ``list_tasks`` returns none. Only a newer
version of a task changes it: a stream that is told from its start says nothing older than what the client was given at first.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ag_ui.core import StateDeltaEvent, StateSnapshotEvent
from pydantic import ValidationError

from agent.domain.task import Task

Json = dict[str, Any]


class TaskState:
    """The tasks as the client has them. ``user``: whose they are; the tenant's other tasks are not in the list."""

    def __init__(self, user: str, tasks: Iterable[Task]) -> None:
        self._user = user
        self._tasks = {task.task_id: task for task in tasks}

    def snapshot(self) -> StateSnapshotEvent:
        """All of it."""
        return StateSnapshotEvent(snapshot={"tasks": {task_id: _shown(task) for task_id, task in self._tasks.items()}})

    def see(self, result: Json) -> list[StateDeltaEvent]:
        """What a tool's result changes in it: one patch, or none."""
        newer = [task for task in _tasks_in(result) if task.created_by == self._user and self._is_newer(task)]
        self._tasks |= {task.task_id: task for task in newer}
        patch: list[Any] = [{"op": "add", "path": f"/tasks/{task.task_id}", "value": _shown(task)} for task in newer]
        return [StateDeltaEvent(delta=patch)] if patch else []

    def _is_newer(self, task: Task) -> bool:
        known = self._tasks.get(task.task_id)
        return known is None or task.version > known.version


def _shown(task: Task) -> Json:
    """Without the description: clients send the whole state along with every run."""
    return task.model_dump(mode="json", exclude={"description"})


def _tasks_in(result: Json) -> Iterator[Task]:
    """The whole task that a result is, or that it has beside what became of it."""
    for candidate in (result, result.get("task")):
        try:
            yield Task.model_validate(candidate)
        except ValidationError:
            continue  # a shortened result, a refusal, or something else altogether

"""What crosses between TaskProcessingWorkflow and its activities: one input and one output model each, small."""

from typing import Any

from agent.domain.messages import Value
from agent.domain.notification import Notification
from agent.domain.processing import WorkflowResult, WorkflowStep
from agent.domain.undo import TaskChanges


class TaskRef(Value):
    """Which task: the workflow's input."""

    tenant: str
    task_id: str


class TaskStep(Value):
    """A step of one task. ``key`` makes it happen once; the rest is for the steps that need it."""

    tenant: str
    task_id: str
    key: str
    by: str = ""
    assignee: str | None = None
    deadline: str | None = None


class StepAnswer(Value):
    """``problem`` is a refusal: trying again would not help. ``detail`` and ``skipped`` come from undos."""

    problem: str | None = None
    detail: str = ""
    skipped: bool = False


class ResultToRecord(Value):
    tenant: str
    result: WorkflowResult
    steps: tuple[WorkflowStep, ...]


class Notify(Value):
    """``then`` is recorded in the same activity when the notification is out: one dispatch less.

    ``by_turn``: a turn asked for the task and may be undone meanwhile, so look first.
    """

    notification: Notification
    then: ResultToRecord
    by_turn: bool = False


class Recorded(Value):
    """``result`` is the one on record; null when the notification is out and recording failed: record it by itself."""

    result: WorkflowResult | None


class UndoTask(Value):
    """What a cancelled turn may have done to one task."""

    tenant: str
    turn_id: str
    changes: TaskChanges


def as_input(value: Value) -> dict[str, Any]:
    """What the engine stores: plain JSON."""
    return value.model_dump(mode="json")

"""What each tool takes. Bounds are strict; forms are lenient, because models write numbers as text and null for nothing.

Knows the shape of arguments. Refuses to know what the tools do, and when now is.
"""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent.domain import ids
from agent.domain.errors import BadRequest
from agent.domain.limits import (
    ASSIGNEE_CHARS_MAX,
    DEADLINE_CHARS_MAX,
    DESCRIPTION_CHARS_MAX,
    LIST_CURSOR_CHARS_MAX,
    TASKS_PAGE_DEFAULT,
    TITLE_CHARS_MAX,
    TOOL_LIST_MAX,
)
from agent.domain.task import TaskStatus

_NO_FILTER = frozenset({"", "all", "any"})


def _printable(value: str) -> str:
    if any(unicodedata.category(char) == "Cc" for char in value):
        raise ValueError("must not contain control characters or line breaks")
    return value


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 -- pydantic turns only ValueError into a fault
    return value


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _task_id(value: str) -> str:
    try:
        return ids.task_id(value)
    except BadRequest as problem:
        raise ValueError(problem.detail) from None


def _status(value: Any) -> Any:
    return value.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


def _status_filter(value: Any) -> Any:
    value = _status(value)
    return None if isinstance(value, str) and value in _NO_FILTER else value


def _limit(value: Any) -> Any:
    return TASKS_PAGE_DEFAULT if value is None else _not_bool(value)


TaskId = Annotated[
    str, AfterValidator(_task_id), Field(description="The task's id, as a tool returned it or the user gave it.")
]
Assignee = Annotated[
    str, Field(min_length=1, max_length=ASSIGNEE_CHARS_MAX, description="Who is to do it."), AfterValidator(_printable)
]


class ToolArguments(BaseModel):
    """Base of all argument models: unknown arguments are refused, blanks around text dropped, numbers taken as text."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)


class CreateTask(ToolArguments):
    """Too short a title or description passes here: the workflow rejects it and says why."""

    title: Annotated[
        str,
        Field(max_length=TITLE_CHARS_MAX, description="Short imperative title, at least 5 characters."),
        AfterValidator(_printable),
    ]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_CHARS_MAX, description="What is to be done, at least 10 characters.")
    ]
    assignee: Assignee
    deadline: Annotated[
        Annotated[str, Field(max_length=DEADLINE_CHARS_MAX)] | None,
        BeforeValidator(_blank_is_none),
        Field(description="ISO 8601 time with offset. Give this or deadline_seconds, or neither for one hour."),
    ] = None
    deadline_seconds: Annotated[
        float | None,
        Field(allow_inf_nan=False, description="Seconds from now."),
        BeforeValidator(_not_bool),
        BeforeValidator(_blank_is_none),
    ] = None

    @model_validator(mode="after")
    def _one_deadline(self) -> "CreateTask":
        if self.deadline is not None and self.deadline_seconds is not None:
            raise ValueError("give deadline or deadline_seconds, not both")
        return self


class GetTask(ToolArguments):
    task_id: TaskId


class ListTasks(ToolArguments):
    status: Annotated[
        TaskStatus | None, BeforeValidator(_status_filter), Field(description="Only tasks with this status; omit for all.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=TOOL_LIST_MAX, description="How many, newest first."), BeforeValidator(_limit)] = (
        TASKS_PAGE_DEFAULT
    )
    cursor: Annotated[
        Annotated[str, Field(max_length=LIST_CURSOR_CHARS_MAX)] | None,
        BeforeValidator(_blank_is_none),
        Field(description="For older ones: the 'next' of the list before."),
    ] = None


class UpdateTaskStatus(ToolArguments):
    task_id: TaskId
    status: Annotated[TaskStatus, BeforeValidator(_status), Field(description="The new status.")]


class AssignTask(ToolArguments):
    task_id: TaskId
    assignee: Assignee


class GetWorkflowStatus(ToolArguments):
    workflow_id: Annotated[str, Field(description="The workflow's id, task-workflow-<task id>; the bare task id will do.")]

    @model_validator(mode="after")
    def _names_a_task(self) -> "GetWorkflowStatus":
        _task_id(self.task_id)
        return self

    @property
    def task_id(self) -> str:
        """The task whose workflow is meant."""
        return self.workflow_id.removeprefix(ids.TASK_WORKFLOW_PREFIX)

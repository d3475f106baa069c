"""Bodies of the task routes. Only what would never fit is refused here; whether a title is too short is the workflow's word."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agent.api.body import Body
from agent.domain import limits
from agent.domain.processing import WorkflowStatus
from agent.domain.task import TaskStatus


def _seconds(value: Any) -> float:
    """Compares before it converts: an integer may be too large to become a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= limits.DEADLINE_SECONDS_MAX:
        raise PydanticCustomError(
            "bad_deadline",
            "A deadline is a number of seconds above 0 and at most {most}.",
            {"most": limits.DEADLINE_SECONDS_MAX},
        )
    return float(value)


def _time(value: Any) -> datetime:
    problem = PydanticCustomError(
        "bad_deadline", "A deadline is an ISO 8601 time with its offset, such as 2030-05-17T09:00:00Z."
    )
    if not isinstance(value, str):
        raise problem
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise problem
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem from None


def _printable(value: str) -> str:
    if not value.strip() or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in value):
        raise PydanticCustomError("bad_assignee", "An assignee is a name: not blank, and without control characters.")
    return value


Seconds = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=float)]
Time = Annotated[datetime, BeforeValidator(_time, json_schema_input_type=str)]
Assignee = Annotated[str, Field(min_length=1, max_length=limits.ASSIGNEE_CHARS_MAX), AfterValidator(_printable)]


class ProcessBody(Body):
    """A task to create and see through."""

    task_id: str = Field(description="1 to 64 letters, digits, '-' or '_', starting with a letter or digit.")
    title: str = Field(max_length=limits.TITLE_CHARS_MAX, description="At least 5 characters, or the workflow rejects it.")
    description: str = Field(
        max_length=limits.DESCRIPTION_CHARS_MAX, description="At least 10 characters, or the workflow rejects it."
    )
    assignee: Assignee
    deadline_seconds: Seconds = Field(
        default=limits.DEADLINE_SECONDS_DEFAULT, description="From acceptance; above 0 and at most five years."
    )


class Processing(BaseModel):
    """``started`` for the request that took the id; a repeat gets the workflow's present status."""

    workflow_id: str
    status: Literal["started"] | WorkflowStatus


class StatusBody(Body):
    """The status to move to."""

    status: TaskStatus


class AssigneeBody(Body):
    """Null takes the assignee away."""

    assignee: Assignee | None


class DeadlineBody(Body):
    """Exactly one of both. ``deadline`` null removes the deadline and its reminder."""

    deadline: Time | None = Field(default=None, description="ISO 8601 with its offset, in the future; null removes it.")
    deadline_seconds: Seconds | None = Field(default=None, description="From now; above 0 and at most five years.")

    @model_validator(mode="after")
    def _one_of_both(self) -> "DeadlineBody":
        seconds_given = self.deadline_seconds is not None
        if ("deadline" in self.model_fields_set) == seconds_given:
            raise PydanticCustomError("bad_deadline", "Give either deadline (a time, or null) or deadline_seconds.")
        return self

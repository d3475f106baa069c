"""The one vocabulary of events. No other file spells an event name.

Turn events travel through the TurnLog, addressed ``{epoch}-{seq}``; feed events go to the user's feed and onto pub/sub, but
for `turn.admitted` and `conversation.cleared`, which are told on the feed alone.
Knows names and shapes. Refuses to know how they are stored, framed or delivered.
"""

from typing import Any, Final, Literal, NamedTuple

from agent.domain.messages import PublicMessage, Usage, Value
from agent.domain.processing import WorkflowStatus, WorkflowStep
from agent.domain.task import Task
from agent.domain.undo import Undo

CLOSING_EPOCH = 2**63 - 1  # the largest id a log can hold: nothing may follow it


class EntryId(NamedTuple):
    """Address of one log entry; ordered as tuples are."""

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


CLOSING_ID = EntryId(CLOSING_EPOCH, 0)


class LogEntry(NamedTuple):
    """One entry as every follower gets it: ``data`` is the event as JSON."""

    id: EntryId
    name: str
    data: bytes


class TurnEvent(Value):
    """Base of turn events: ``type`` is the event's name on every wire."""

    turn_id: str


class TurnQueued(TurnEvent):
    """The conversation is busy; ``position`` 1 is next."""

    type: Literal["turn.queued"] = "turn.queued"
    position: int


class TurnStarted(TurnEvent):
    """A workflow runs the turn. May be missing after a crash: the first step says the same."""

    type: Literal["turn.started"] = "turn.started"


class StepStarted(TurnEvent):
    """The model is being asked; steps count from 0."""

    type: Literal["step.started"] = "step.started"
    step: int


class StepRestarted(TurnEvent):
    """Forget this step's text and tool calls: they come again. ``reason`` is a code."""

    type: Literal["step.restarted"] = "step.restarted"
    step: int
    reason: str


class TextDelta(TurnEvent):
    """Some more of the step's text."""

    type: Literal["text.delta"] = "text.delta"
    step: int
    delta: str


class ToolCalled(TurnEvent):
    """The model asks for a tool; ``arguments`` is a JSON object, or the model's raw text when it is none."""

    type: Literal["tool.called"] = "tool.called"
    step: int
    call_id: str
    name: str
    arguments: dict[str, Any] | str


class ToolProgressed(TurnEvent):
    """A called tool tells how far it is: a snapshot of the task's workflow, which replaces the one before.

    ``steps`` in the order they happened, undos included. May be missing altogether, in the record always; at most
    TOOL_PROGRESS_MAX for one run of a call, all before its ``tool.returned``. After a crash they may begin again.
    """

    type: Literal["tool.progressed"] = "tool.progressed"
    step: int
    call_id: str
    task_id: str
    status: WorkflowStatus
    steps: tuple[WorkflowStep, ...]


class ToolReturned(TurnEvent):
    """A tool has answered. A reader that sees one ``call_id`` twice (after a crash) keeps the last: that one is stored."""

    type: Literal["tool.returned"] = "tool.returned"
    step: int
    call_id: str
    ok: bool
    result: dict[str, Any]


class StepCommitted(TurnEvent):
    """The step is stored. May be missing after a crash: a later step or the turn's end says the same."""

    type: Literal["step.committed"] = "step.committed"
    step: int
    usage: Usage


class TurnCompleted(TurnEvent):
    """The answer is complete: ``message`` is the last step's."""

    type: Literal["turn.completed"] = "turn.completed"
    message: PublicMessage
    usage: Usage


class TurnFailed(TurnEvent):
    """There is no answer; ``retryable``: the same message may work later."""

    type: Literal["turn.failed"] = "turn.failed"
    code: str
    message: str
    retryable: bool


class TurnCancelled(TurnEvent):
    """The turn was cancelled; what had been said by then is kept. ``undo_ordered``: the tasks on which its tools are undone."""

    type: Literal["turn.cancelled"] = "turn.cancelled"
    undo_ordered: tuple[str, ...] = ()


TerminalEvent = TurnCompleted | TurnFailed | TurnCancelled
AnyTurnEvent = (
    TurnQueued
    | TurnStarted
    | StepStarted
    | StepRestarted
    | TextDelta
    | ToolCalled
    | ToolProgressed
    | ToolReturned
    | StepCommitted
    | TerminalEvent
)


def log_entry(entry_id: EntryId, event: AnyTurnEvent) -> LogEntry:
    """``event`` ready for the log."""
    return LogEntry(entry_id, event.type, event.model_dump_json().encode())


TASK_TOPIC = "task-events"
CONVERSATION_TOPIC = "conversation-events"

TaskEventType = Literal[
    "task.created",
    "task.assigned",
    "task.unassigned",
    "task.started",
    "task.completed",
    "task.cancelled",
    "task.overdue",
    "task.reopened",
    "task.deadline_set",
    "task.deadline_removed",
]
TASK_CREATED: Final = "task.created"
TASK_ASSIGNED: Final = "task.assigned"
TASK_UNASSIGNED: Final = "task.unassigned"
TASK_STARTED: Final = "task.started"
TASK_COMPLETED: Final = "task.completed"
TASK_CANCELLED: Final = "task.cancelled"
TASK_OVERDUE: Final = "task.overdue"
TASK_REOPENED: Final = "task.reopened"
TASK_DEADLINE_SET: Final = "task.deadline_set"
TASK_DEADLINE_REMOVED: Final = "task.deadline_removed"


class FeedEvent(Value):
    """Base of feed events. ``event_id`` deduplicates: delivery is at least once. ``timestamp`` is ISO 8601 UTC."""

    event_id: str
    tenant_id: str
    user_id: str
    timestamp: str


class TaskChanged(FeedEvent):
    """One change of one task, with the task as it is after it. ``user_id`` is its creator, ``by`` who or what changed it:
    ``user:alice``, ``turn:alice.x`` (her assistant, ``x`` the same for one turn), ``undo:x``, ``workflow:...``, ``system``."""

    event_type: TaskEventType
    task_id: str
    task: Task
    by: str


class TurnAdmitted(FeedEvent):
    """A message was taken in: its turn runs or waits, and can be followed. On the feed alone, for the user's other pages."""

    event_type: Literal["turn.admitted"] = "turn.admitted"
    conversation: str
    turn_id: str


class ConversationCleared(FeedEvent):
    """The conversation was cleared: its turns are gone. On the feed alone, for the user's other pages."""

    event_type: Literal["conversation.cleared"] = "conversation.cleared"
    conversation: str


class ConversationUpdated(FeedEvent):
    """A turn completed or failed; ``assistant_message`` is empty when it failed before it said anything.
    On the feed both texts are cut to FEED_TEXT_BYTES_MAX (2 KiB), with \u2026 at the end; on the topic they are whole."""

    event_type: Literal["conversation.updated"] = "conversation.updated"
    conversation: str
    turn_id: str
    status: Literal["completed", "failed"]
    user_message: str
    assistant_message: str


class TurnUndoEnded(FeedEvent):
    """What the tools of a cancelled turn had changed is undone, task by task, or left alone, or could not be undone."""

    event_type: Literal["turn.undo_ended"] = "turn.undo_ended"
    conversation: str
    turn_id: str
    undo: Undo


AnyFeedEvent = TaskChanged | TurnAdmitted | ConversationCleared | ConversationUpdated | TurnUndoEnded

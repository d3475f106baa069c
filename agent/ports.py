"""What the inside needs from the outside, in domain words only. Actors, workflows, adapters and the API meet here.

Every method may raise ``Unavailable`` when the part behind it is out of reach, besides what it documents.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NoReturn, Protocol

from agent.domain.context import ContextView
from agent.domain.conversation import Admission, Cleared, ContextRefused, Submission
from agent.domain.events import AnyFeedEvent, AnyTurnEvent, EntryId, LogEntry, TerminalEvent
from agent.domain.feed_entry import FeedEntry
from agent.domain.ids import ConversationKey, Identity, TurnKey
from agent.domain.messages import TokenCount
from agent.domain.model import ModelEvent, ModelRequest
from agent.domain.notification import Notification
from agent.domain.processing import ProcessReceipt, ProcessTask, WorkflowView
from agent.domain.refusal import Refusal
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change, TaskHistory, TaskPage
from agent.domain.turn_calls import BegunStep, BegunTools, CommitStep, CommitTool, EndTurn, HandedOver, KeepShown, StepRef
from agent.domain.turn_view import HistoryPage, TurnView
from agent.domain.undo import BegunUndo, Effects, EndUndo, Undo, UndoRef

CALLER_HEADER = "x-task-agent-caller"
"""Carries what only this service knows from the caller of an actor to its host, through the sidecar."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time."""
        ...


class Randomness(Protocol):
    def token(self, size: int) -> bytes:
        """``size`` cryptographically random bytes."""
        ...


class UnderWay(Protocol):
    """What this process is in the middle of. Once it is ``stopping``, it admits nothing more; once ``over``, nothing begins."""

    @property
    def stopping(self) -> bool: ...

    @property
    def over(self) -> bool: ...

    def one(self) -> AbstractContextManager[None]:
        """Something that a stop should let finish, from here to the end of the ``with``."""
        ...

    def handed_over(self, tell: Callable[[], Awaitable[object]]) -> AbstractContextManager[None]:
        """``tell`` is called when a stop cannot wait for the end of the ``with`` any longer; what it raises is lost."""
        ...


class Tokens(Protocol):
    """Counts tokens in the model's encoding; never fails, marks estimates."""

    async def count(self, texts: Sequence[str]) -> list[TokenCount]:
        """One count per text, off the event loop."""
        ...


class Prompts(Protocol):
    def render(self, name: str, variables: Mapping[str, str]) -> str:
        """The prompt ``name`` with exactly its declared variables; KeyError for a missing one is a bug."""
        ...


class Model(Protocol):
    """One OpenAI-compatible endpoint. Never retries."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """Events of one answer; closing the iterator closes the connection.

        Raises:
            ModelFailed: with a code, whether trying again makes sense, and the endpoint's Retry-After.
        """
        ...


class Pulse(Protocol):
    """Whether anybody works on a turn."""

    async def beat(self, turn: TurnKey) -> None:
        """Says that an attempt at the turn lives; no follower hears of it. Raises LogUnavailable."""
        ...

    async def beats(self, turn: TurnKey) -> bool:
        """Whether an attempt has said so within BEAT_KEPT seconds. Raises LogUnavailable."""
        ...


class TurnLog(Pulse, Protocol):
    """An append-only log per turn that fences itself; see "The log that fences itself" in ARCHITECTURE.md."""

    async def append(self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent]) -> None:
        """Writes ``events`` at ``first``, ``first.seq + 1``, ...; a repeat of a write that was stored succeeds.

        Raises:
            Fenced: a greater epoch has written, or the log is gone and this is not an epoch's first entry.
            Closed: the closing entry is there.
            LogUnavailable: the log cannot be reached.
        """
        ...

    async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
        """Writes the closing entry; does nothing when there is one. Raises LogUnavailable."""
        ...

    async def newest(self, turn: TurnKey) -> EntryId | None:
        """The newest entry's id; None when there is no log (any more). Raises LogUnavailable."""
        ...

    async def oldest(self, turn: TurnKey) -> EntryId | None:
        """The oldest entry's id: of a log that was lost and is written again, not the turn's first. Raises LogUnavailable."""
        ...

    async def wait_refused(self, turn: TurnKey, epoch: int) -> NoReturn:
        """Raises Closed or Fenced as soon as an append under ``epoch`` would: the signal for a producer to stop."""
        ...

    def follow(self, turn: TurnKey, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
        """Batches of entries after the cursor, as they come; ends after the closing entry.

        An empty batch means: HEARTBEAT seconds of silence.
        """
        ...


class Feed(Protocol):
    """The user's live feed: many writers, bounded, a hint."""

    async def append(self, event: AnyFeedEvent) -> None:
        """Drops an event whose id it has seen."""
        ...

    def follow(self, who: Identity, after: int | None) -> AsyncGenerator[list[FeedEntry]]:
        """Batches from now on, or after the id of an entry that is still kept. Empty batch: silence, and the first one."""
        ...


class EventPublisher(Protocol):
    async def publish(self, event: AnyFeedEvent) -> None:
        """Tells the user's feed and the event's topic. Raises Unavailable unless both took it; a repeat is known by its id."""
        ...


class Notifier(Protocol):
    async def notify(self, notification: Notification) -> None:
        """Delivers, at least once per ``notification_id``. Raises Unavailable."""
        ...


class Chats(Protocol):
    """ChatActor, seen from outside."""

    async def process_message(self, key: ConversationKey, submission: Submission) -> Admission:
        """Admits a message.

        Raises:
            TooLarge, Busy.
            Conflict: ``turn_running`` (``on_busy`` reject), ``not_newest`` (``follows``).
            Unprocessable, Gone: the idempotency key.
        """
        ...

    async def cancel(self, turn: TurnKey, effects: Effects = "keep") -> TurnView:
        """Cancels a turn that runs or waits; does nothing to one that has ended. With ``undo`` the undo is ordered as well.

        Raises:
            NotFound.
        """
        ...

    async def begin_undo(self, ref: UndoRef) -> BegunUndo:
        """Whether that undo workflow is meant, and what it is to undo."""
        ...

    async def end_undo(self, end: EndUndo) -> Undo | None:
        """Stores how the undo came out, once; returns what is to be told, None when nobody is there to be told."""
        ...

    async def keep_shown(self, kept: KeepShown) -> None:
        """Stores what readers of a cancelled turn had seen; the first telling stays. Raises NotFound."""
        ...

    async def get_turn(self, turn: TurnKey) -> TurnView:
        """Raises NotFound."""
        ...

    async def heal(self, turn: TurnKey) -> TurnView:
        """As ``get_turn``, after asking the engine whether a running turn's workflow still lives. Raises NotFound."""
        ...

    async def get_history(self, key: ConversationKey, limit: int, before: int | None) -> HistoryPage: ...

    async def clear_history(self, key: ConversationKey, delivery: str) -> Cleared:
        """Says what it cleared; the same ``delivery`` again clears nothing more. Raises Conflict while a turn runs or waits."""
        ...

    async def get_context(self, key: ConversationKey, time_zone: str) -> ContextView:
        """What the model would be sent now."""
        ...

    async def get_turn_context(self, turn: TurnKey, step: int | None = None) -> ContextView:
        """What a step of the turn was sent, counted from 0; None: the newest. Raises NotFound."""
        ...

    async def begin_step(self, ref: StepRef) -> BegunStep: ...

    async def commit_step(self, commit: CommitStep) -> BegunStep: ...

    async def refuse_context(self, refused: ContextRefused) -> Refusal | None:
        """Records that the endpoint found the attempt's context too long, and says what follows; a repeat gets the same answer.

        None when the epoch is superseded or the turn has ended.
        """
        ...

    async def hand_over(self, handed: HandedOver) -> None:
        """Tells that an attempt ends because its process stops, not because of the turn. Raises NotFound."""
        ...

    async def begin_tools(self, ref: StepRef) -> BegunTools: ...

    async def commit_tool(self, commit: CommitTool) -> bool:
        """False when the epoch is superseded or the turn has ended."""
        ...

    async def end_turn(self, end: EndTurn) -> TurnView:
        """Fails the turn unless it has ended already. Raises NotFound."""
        ...


class Tasks(Protocol):
    """TaskActor and the index of each user's tasks, seen from outside. Tasks belong to the tenant."""

    async def process(self, who: Identity, request: ProcessTask) -> ProcessReceipt:
        """Reserves the id, then schedules TaskProcessingWorkflow; a repeat of the same request schedules nothing new.

        Raises:
            Conflict: ``task_id_used``: the id was used with another request.
        """
        ...

    async def outcome(self, tenant: str, task_id: str) -> WorkflowView:
        """The task's workflow: status, result, steps done and undone. Raises NotFound."""
        ...

    async def get(self, tenant: str, task_id: str) -> Task:
        """Raises NotFound (``task_not_found``, "Task not found"), also before CreateTask."""
        ...

    async def list_tasks(self, who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        """Tasks this user created, newest first. Raises BadRequest ``bad_cursor``."""
        ...

    async def history(self, tenant: str, task_id: str) -> TaskHistory:
        """Raises NotFound."""
        ...

    async def set_status(self, tenant: str, task_id: str, status: TaskStatus, change: Change) -> Task:
        """Raises NotFound, Conflict ``illegal_status_change``."""
        ...

    async def assign(self, tenant: str, task_id: str, assignee: str | None, change: Change) -> Task:
        """None removes the assignee. Raises NotFound, Conflict ``illegal_status_change``."""
        ...

    async def set_deadline(self, tenant: str, task_id: str, deadline: datetime | None, change: Change) -> Task:
        """None removes the deadline and its reminder. Raises NotFound, Conflict, BadRequest ``bad_deadline``."""
        ...


class Workflows(Protocol):
    """The workflow engine, seen from actors. Scheduling an id that is active already succeeds without effect."""

    async def start_turn(self, key: ConversationKey, turn_id: str, instance: str) -> None: ...

    async def start_undo(self, key: ConversationKey, turn_id: str, instance: str) -> None: ...

    async def start_task_processing(self, tenant: str, task_id: str) -> None: ...

    async def is_alive(self, instance: str, quiet_max: float | None = None) -> bool:
        """Whether the instance is pending or running (not: ended, unknown, or running without a change for ``quiet_max`` s)."""
        ...

    async def abandon(self, instance: str) -> None:
        """Ends an instance whose work another one does, if the engine can be reached; left alone, it would end as void."""
        ...

    async def task_processing(self, tenant: str, task_id: str, wait: float = 0.0) -> WorkflowView | None:
        """The engine's view of the task's workflow, None when it has none (any more); waits up to ``wait`` s for its end."""
        ...

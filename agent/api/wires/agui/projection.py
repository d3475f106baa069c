"""A turn's log as the events of one AG-UI run. Pure: the same entries give the same events, anywhere.

    RUN_STARTED STATE_SNAPSHOT -> messages, tool calls, results, activities, state deltas -> RUN_FINISHED | RUN_ERROR

A tool call is told when its step is stored: a client takes every call of a run that has no result for one that it has to
answer, and a call whose step is told again may never come back. A step that is told again is taken out of the client's messages
by a snapshot of them. Refuses to know HTTP, ports and how entries are read.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ag_ui.core import (
    PROTOCOL_VERSION,
    ActivitySnapshotEvent,
    BaseEvent,
    CustomEvent,
    Message,
    MessagesSnapshotEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    TokenUsage,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from agent.api.wires.agui.messages import StepTold, activity_id, arguments_text, message_id, result_id, result_text
from agent.api.wires.agui.tasks import TaskState
from agent.api.wires.reading import event_of
from agent.domain.events import (
    AnyTurnEvent,
    EntryId,
    LogEntry,
    StepCommitted,
    StepRestarted,
    StepStarted,
    TerminalEvent,
    TextDelta,
    ToolCalled,
    ToolProgressed,
    ToolReturned,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnQueued,
)
from agent.domain.messages import Usage
from agent.domain.replay import RECORD_SEQ

Events = list[BaseEvent]
NAMESPACE = "task-agent"  # of metadata and custom events
TASK_ACTIVITY = "task"
_NEVER_HEARD = {"error": {"code": "result_lost", "detail": "The result was not heard; the history has it."}}


class Run(NamedTuple):
    """Which run this is, for which turn. ``before``: the client's messages up to the one that the turn answers.

    ``behind``: messages that wait. They are shown at the end: clients put what is new behind all they have.
    ``turn_id`` is empty where nothing runs.
    """

    thread_id: str
    run_id: str
    turn_id: str
    before: tuple[Message, ...]
    behind: tuple[Message, ...] = ()


class RunEvents:
    """The state of one run. Feed it every entry of the log from the first.

    ``begin`` before that, or ``join`` with the entries there are, for a client that knows some of what they say.
    """

    def __init__(self, run: Run, tasks: TaskState) -> None:
        self._run, self._tasks = run, tasks
        self._steps: dict[int, StepTold] = {}
        self._held: list[ToolCalled] = []  # calls of a step that may be told again
        self._open: int | None = None  # the step whose message is open
        self._unanswered: list[str] = []
        self._activities: dict[str, ActivitySnapshotEvent] = {}
        self._waits: Events = []  # that it waits, as long as nothing else was told

    def begin(self) -> Events:
        """The run's opening."""
        told = {NAMESPACE: {"turnId": self._run.turn_id}} if self._run.turn_id else None
        started = RunStartedEvent(
            thread_id=self._run.thread_id, run_id=self._run.run_id, protocol_version=PROTOCOL_VERSION, metadata=told
        )
        return [started, self._tasks.snapshot()]

    def join(self, entries: Iterable[LogEntry]) -> Events:
        """The opening for a client that knows part of the run: all its messages as they are after ``entries``."""
        ends = [event for entry in entries for event in self.feed(entry) if isinstance(event, RunFinishedEvent | RunErrorEvent)]
        reopened = [self._opened(self._open)] if self._open is not None else []
        self._unanswered.clear()  # the client was not told that these began
        told = self._snapshot(self._run.behind if ends else ())
        return [*self.begin(), told, *self._waits, *self._activities.values(), *reopened, *ends]

    def feed(self, entry: LogEntry) -> Events:
        """The events of the next entry."""
        event = event_of(entry)
        if event is None:
            return []
        events = self._told(entry.id, event)
        self._waits = events if isinstance(event, TurnQueued) else []
        return events

    def _told(self, at: EntryId, event: AnyTurnEvent) -> Events:
        match event:
            case TextDelta():
                return self._said(event.step, event.delta)
            case ToolCalled():
                self._held.append(event)
                return self._commit(event.step) if at.seq >= RECORD_SEQ else []
            case ToolReturned():
                return self._commit(event.step) + self._returned(event)
            case ToolProgressed():
                return self._commit(event.step) + self._progressed(event)
            case StepStarted():
                return self._commit(event.step - 1)
            case StepRestarted():
                return self._commit(event.step - 1) + self._drop(event.step)
            case StepCommitted():
                return self._commit(event.step)
            case TurnQueued():
                return [CustomEvent(name=f"{NAMESPACE}.queued", value={"position": event.position})]
            case TurnCompleted() | TurnFailed() | TurnCancelled():
                return self._ended(event)
            case _:
                return []

    def _said(self, step: int, delta: str) -> Events:
        opening: Events = []
        if self._open != step:
            opening = [*self._closed(), self._opened(step)]
        self._open = step
        self._step(step).text.append(delta)
        return [*opening, TextMessageContentEvent(message_id=message_id(self._run.turn_id, step), delta=delta)]

    def _commit(self, step: int) -> Events:
        """Everything up to ``step`` is stored: its message is complete, and its calls are told."""
        closed = self._closed() if self._open is not None and self._open <= step else []
        stored = [call for call in self._held if call.step <= step]
        self._held = [call for call in self._held if call.step > step]
        return [*closed, *(event for call in stored for event in self._called(call))]

    def _called(self, call: ToolCalled) -> Iterator[BaseEvent]:
        self._step(call.step).calls.append(call)
        self._unanswered.append(call.call_id)
        parent = message_id(self._run.turn_id, call.step)
        yield ToolCallStartEvent(tool_call_id=call.call_id, tool_call_name=call.name, parent_message_id=parent)
        yield ToolCallArgsEvent(tool_call_id=call.call_id, delta=arguments_text(call.arguments))
        yield ToolCallEndEvent(tool_call_id=call.call_id)

    def _returned(self, event: ToolReturned) -> Events:
        """The result. Another one of the same call, as after a crash, takes the first one's place."""
        step = self._step(event.step)
        before = step.results.get(event.call_id)
        if event.call_id not in {call.call_id for call in step.calls} or before == event.result:
            return []
        step.results[event.call_id] = event.result
        told: BaseEvent = self._snapshot() if before is not None else self._result(event.call_id, result_text(event.result))
        return [told, *self._tasks.see(event.result)]

    def _progressed(self, event: ToolProgressed) -> Events:
        steps = [step.model_dump(mode="json") for step in event.steps]
        content = {"taskId": event.task_id, "toolCallId": event.call_id, "status": event.status, "steps": steps}
        shown = ActivitySnapshotEvent(message_id=activity_id(event.call_id), activity_type=TASK_ACTIVITY, content=content)
        self._activities[event.call_id] = shown
        return [shown]

    def _drop(self, step: int) -> Events:
        """What was told from ``step`` on is not to be kept."""
        self._held = [call for call in self._held if call.step < step]
        dropped = [self._steps.pop(known) for known in list(self._steps) if known >= step]
        gone = {call.call_id for told in dropped for call in told.calls}
        self._unanswered = [call_id for call_id in self._unanswered if call_id not in gone]
        return [*self._closed(), self._snapshot()] if dropped else []

    def _ended(self, event: TerminalEvent) -> Events:
        match event:
            case TurnFailed():
                return [*self._closed(), *self._shown_behind(), RunErrorEvent(message=event.message, code=event.code)]
            case TurnCancelled():
                return [*self._closed(), *self._shown_behind(), self._finished(RunFinishedCancelledOutcome())]
            case TurnCompleted():
                last = self._commit(max([*self._steps, *(call.step for call in self._held)], default=0))
                lost = [self._result(call_id, result_text(_NEVER_HEARD)) for call_id in self._unanswered]
                finished = self._finished(RunFinishedSuccessOutcome(), event.usage)
                return [*last, *self._corrected(event.message.content), *lost, *self._shown_behind(), finished]

    def _corrected(self, content: str) -> Events:
        """The last step's text as it is stored, where the log has lost some of it."""
        step = max(self._steps, default=0)
        if self._step(step).calls:
            step += 1
        if "".join(self._step(step).text) == content:
            return []
        self._steps[step].text = [content]
        return [self._snapshot()]

    def _finished(self, outcome: RunFinishedOutcome, usage: Usage | None = None) -> RunFinishedEvent:
        spent = usage and TokenUsage(
            model=NAMESPACE,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
        )
        return RunFinishedEvent(
            thread_id=self._run.thread_id, run_id=self._run.run_id, outcome=outcome, usage=[spent] if spent else None
        )

    def _result(self, call_id: str, content: str) -> ToolCallResultEvent:
        self._unanswered = [other for other in self._unanswered if other != call_id]
        return ToolCallResultEvent(message_id=result_id(call_id), tool_call_id=call_id, content=content, role="tool")

    def _snapshot(self, behind: Iterable[Message] = ()) -> MessagesSnapshotEvent:
        told = [m for step in sorted(self._steps) for m in self._steps[step].messages(self._run.turn_id, step)]
        return MessagesSnapshotEvent(messages=[*self._run.before, *told, *behind])

    def _shown_behind(self) -> Events:
        return [self._snapshot(self._run.behind)] if self._run.behind else []

    def _opened(self, step: int) -> TextMessageStartEvent:
        return TextMessageStartEvent(message_id=message_id(self._run.turn_id, step), role="assistant")

    def _closed(self) -> Events:
        if self._open is None:
            return []
        step, self._open = self._open, None
        return [TextMessageEndEvent(message_id=message_id(self._run.turn_id, step))]

    def _step(self, step: int) -> StepTold:
        return self._steps.setdefault(step, StepTold())

"""What a turn's workflow and its actor say to each other: which attempt asks, what it is to do, what it has done."""

from typing import Literal

from agent.domain.events import TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.messages import Message, ToolCall, Usage, Value
from agent.domain.turn_record import Failure, TurnStatus


class StepRef(Value):
    """Names one attempt's place: the turn, the workflow instance that asks, and the step (from 0).

    ``retry`` counts the failures of the model that this workflow has heard of in this step.
    """

    tenant: str
    user: str
    conversation: str
    turn_id: str
    instance: str
    step: int
    retry: int = 0

    @property
    def key(self) -> TurnKey:
        """The turn, as its log and its reader name it."""
        return TurnKey(self.tenant, self.user, self.turn_id)


class BegunStep(Value):
    """Answer to BeginStep and CommitStep.

    ``go``: run it under ``epoch`` with ``messages``; ``committed``: it is stored already (``tool_calls`` of it);
    ``ended``: the turn is over with ``status``; ``void``: the asking workflow does not run this turn, end at once;
    ``superseded``: the epoch is not the newest. ``terminal`` is the closing event once the turn has ended.
    ``cut_off``: cancelled turns right before, of whose shown text ``messages`` may not tell yet.
    """

    kind: Literal["go", "committed", "ended", "void", "superseded"]
    status: TurnStatus = "running"
    epoch: int = 0
    first: bool = False
    restart: bool = False
    messages: tuple[Message, ...] = ()
    schema_tokens: int = 0
    tool_calls: int = 0
    terminal: TerminalEvent | None = None
    cut_off: tuple[str, ...] = ()


class BegunTools(Value):
    """Answer to BeginTools: the calls still to run, in the order the model made them; kinds as in :class:`BegunStep`.

    ``asked_at`` is when the step was committed: what a tool derives from "now" must be the same when it is run again.
    """

    kind: Literal["go", "ended", "void"]
    epoch: int = 0
    calls: tuple[ToolCall, ...] = ()
    time_zone: str = "UTC"
    asked_at: str = ""


class CommitStep(Value):
    """Stores what a step said. ``log_incomplete``: its entries are not all in the log."""

    ref: StepRef
    epoch: int
    message: Message
    usage: Usage
    log_incomplete: bool = False


class CommitTool(Value):
    """Stores the result of one call under the epoch of BeginTools. ``log_incomplete`` as in :class:`CommitStep`."""

    ref: StepRef
    epoch: int
    result: Message
    log_incomplete: bool = False


class KeepShown(Value):
    """Stores what readers of a cancelled turn had seen of the step that was cut off, and the attempt that told it."""

    ref: StepRef
    shown: Message
    epoch: int


class HandedOver(Value):
    """The attempt that had ``epoch`` ends, for its process was told to stop."""

    ref: StepRef
    epoch: int


class EndTurn(Value):
    """Ends a running turn as failed."""

    ref: StepRef
    failure: Failure

"""ChatActor's public methods, as Dapr dispatches them.

Each takes one model and answers ``{"ok": ...}`` or ``{"problem": ...}`` (see actors/base.py).
No ``from __future__ import annotations`` here: the SDK reads the annotations as objects.
"""

from typing import Any

from dapr.actor import ActorInterface, actormethod

from agent.domain.conversation import ContextRefused, Submission
from agent.domain.messages import Value
from agent.domain.turn_calls import CommitStep, CommitTool, EndTurn, HandedOver, KeepShown, StepRef
from agent.domain.undo import Effects, EndUndo, UndoRef

Answer = dict[str, Any]


class TurnQuery(Value):
    turn_id: str


class StepQuery(Value):
    """``step`` counts from 0; None: the newest."""

    turn_id: str
    step: int | None = None


class CancelTurn(Value):
    turn_id: str
    effects: Effects


class HistoryQuery(Value):
    """``before`` is a turn number: only older turns."""

    limit: int
    before: int | None


class Clear(Value):
    """``delivery`` is made once per request: a second one with the same clears nothing more."""

    delivery: str


class ContextQuery(Value):
    time_zone: str


class ChatActorInterface(ActorInterface):
    @actormethod(name="ProcessMessage")
    async def process_message(self, request: Submission) -> Answer: ...

    @actormethod(name="BeginStep")
    async def begin_step(self, request: StepRef) -> Answer: ...

    @actormethod(name="CommitStep")
    async def commit_step(self, request: CommitStep) -> Answer: ...

    @actormethod(name="RefuseContext")
    async def refuse_context(self, request: ContextRefused) -> Answer: ...

    @actormethod(name="HandOver")
    async def hand_over(self, request: HandedOver) -> Answer: ...

    @actormethod(name="BeginTools")
    async def begin_tools(self, request: StepRef) -> Answer: ...

    @actormethod(name="CommitTool")
    async def commit_tool(self, request: CommitTool) -> Answer: ...

    @actormethod(name="EndTurn")
    async def end_turn(self, request: EndTurn) -> Answer: ...

    @actormethod(name="CancelTurn")
    async def cancel_turn(self, request: CancelTurn) -> Answer: ...

    @actormethod(name="BeginUndo")
    async def begin_undo(self, request: UndoRef) -> Answer: ...

    @actormethod(name="EndUndo")
    async def end_undo(self, request: EndUndo) -> Answer: ...

    @actormethod(name="KeepShown")
    async def keep_shown(self, request: KeepShown) -> Answer: ...

    @actormethod(name="Heal")
    async def heal(self, request: TurnQuery) -> Answer: ...

    @actormethod(name="GetTurn")
    async def get_turn(self, request: TurnQuery) -> Answer: ...

    @actormethod(name="GetHistory")
    async def get_history(self, request: HistoryQuery) -> Answer: ...

    @actormethod(name="ClearHistory")
    async def clear_history(self, request: Clear) -> Answer: ...

    @actormethod(name="GetContext")
    async def get_context(self, request: ContextQuery) -> Answer: ...

    @actormethod(name="GetTurnContext")
    async def get_turn_context(self, request: StepQuery) -> Answer: ...

"""The ``Chats`` port over the actor API: the other side of ChatActor's boundary."""

import asyncio

from actors.calls import ActorCalls
from actors.chat_interface import CancelTurn, Clear, ContextQuery, HistoryQuery, StepQuery, TurnQuery
from agent.domain import ids
from agent.domain.context import ContextView
from agent.domain.conversation import Admission, Cleared, ContextRefused, Submission
from agent.domain.errors import ENGINE_AWAY, NotFound, Unavailable
from agent.domain.ids import ConversationKey, TurnKey
from agent.domain.limits import ACTOR_RETRY_PAUSE, ACTOR_RETRY_SECONDS
from agent.domain.messages import Value
from agent.domain.refusal import Refusal
from agent.domain.turn_calls import BegunStep, BegunTools, CommitStep, CommitTool, EndTurn, HandedOver, KeepShown, StepRef
from agent.domain.turn_view import HistoryPage, TurnView
from agent.domain.undo import BegunUndo, Effects, EndUndo, Undo, UndoRef

ACTOR_TYPE = "ChatActor"


class ChatClient:
    """See ``agent.ports.Chats``."""

    def __init__(self, calls: ActorCalls) -> None:
        self._calls = calls

    async def process_message(self, key: ConversationKey, submission: Submission) -> Admission:
        """See ``ports.Chats``. While the workflow engine is out of reach it is tried again, and the actor heard between."""
        give_up = asyncio.get_running_loop().time() + ACTOR_RETRY_SECONDS
        while True:
            try:
                return Admission.model_validate(await self._call(key, "ProcessMessage", submission))
            except Unavailable as e:
                if e.code != ENGINE_AWAY or asyncio.get_running_loop().time() >= give_up:
                    raise
            await asyncio.sleep(ACTOR_RETRY_PAUSE)

    async def get_turn(self, turn: TurnKey) -> TurnView:
        return TurnView.model_validate(await self._call_turn(turn, "GetTurn"))

    async def heal(self, turn: TurnKey) -> TurnView:
        return TurnView.model_validate(await self._call_turn(turn, "Heal"))

    async def cancel(self, turn: TurnKey, effects: Effects = "keep") -> TurnView:
        request = CancelTurn(turn_id=turn.turn_id, effects=effects)
        return TurnView.model_validate(await self._call_turn(turn, "CancelTurn", request))

    async def begin_undo(self, ref: UndoRef) -> BegunUndo:
        return BegunUndo.model_validate(await self._call(_conversation(ref), "BeginUndo", ref))

    async def end_undo(self, end: EndUndo) -> Undo | None:
        told = await self._call(_conversation(end.ref), "EndUndo", end)
        return Undo.model_validate(told) if told is not None else None

    async def keep_shown(self, kept: KeepShown) -> None:
        await self._call(_conversation(kept.ref), "KeepShown", kept)

    async def get_history(self, key: ConversationKey, limit: int, before: int | None) -> HistoryPage:
        return HistoryPage.model_validate(await self._call(key, "GetHistory", HistoryQuery(limit=limit, before=before)))

    async def clear_history(self, key: ConversationKey, delivery: str) -> Cleared:
        return Cleared.model_validate(await self._call(key, "ClearHistory", Clear(delivery=delivery)))

    async def get_context(self, key: ConversationKey, time_zone: str) -> ContextView:
        return ContextView.model_validate(await self._call(key, "GetContext", ContextQuery(time_zone=time_zone)))

    async def get_turn_context(self, turn: TurnKey, step: int | None = None) -> ContextView:
        request = StepQuery(turn_id=turn.turn_id, step=step)
        return ContextView.model_validate(await self._call_turn(turn, "GetTurnContext", request))

    async def begin_step(self, ref: StepRef) -> BegunStep:
        try:
            return BegunStep.model_validate(await self._call(_conversation(ref), "BeginStep", ref))
        except NotFound:
            return BegunStep(kind="void")  # the admission that scheduled this workflow was never saved, or was cleared

    async def commit_step(self, commit: CommitStep) -> BegunStep:
        return BegunStep.model_validate(await self._call(_conversation(commit.ref), "CommitStep", commit))

    async def refuse_context(self, refused: ContextRefused) -> Refusal | None:
        answer = await self._call(_conversation(refused.ref), "RefuseContext", refused)
        return None if answer is None else Refusal.model_validate(answer)

    async def hand_over(self, handed: HandedOver) -> None:
        await self._call(_conversation(handed.ref), "HandOver", handed)

    async def begin_tools(self, ref: StepRef) -> BegunTools:
        try:
            return BegunTools.model_validate(await self._call(_conversation(ref), "BeginTools", ref))
        except NotFound:
            return BegunTools(kind="void")

    async def commit_tool(self, commit: CommitTool) -> bool:
        return bool(await self._call(_conversation(commit.ref), "CommitTool", commit))

    async def end_turn(self, end: EndTurn) -> TurnView:
        return TurnView.model_validate(await self._call(_conversation(end.ref), "EndTurn", end))

    async def _call(self, key: ConversationKey, method: str, request: Value | None) -> object:
        return await self._calls.call(ACTOR_TYPE, ids.chat_actor_id(key), method, request)

    async def _call_turn(self, turn: TurnKey, method: str, request: Value | None = None) -> object:
        parsed = ids.parse_turn_id(turn.turn_id)
        if parsed is None:
            raise NotFound("turn_not_found", "Turn not found")
        key = ConversationKey(turn.tenant, turn.user, parsed.conversation)
        return await self._call(key, method, request or TurnQuery(turn_id=turn.turn_id))


def _conversation(ref: StepRef | UndoRef) -> ConversationKey:
    return ConversationKey(ref.tenant, ref.user, ref.conversation)

"""The conversation over HTTP: say something and watch the answer, look at a turn, read and clear history, inspect context."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import Field, StrictStr
from sse_starlette.sse import EventSourceResponse

from agent.api.admission import Admissions, Said
from agent.api.body import Body
from agent.api.hints import Hints
from agent.api.identity import Who, Zone
from agent.api.problems import responses
from agent.api.turns import STREAM, TurnApi
from agent.domain import ids
from agent.domain.context import ContextView
from agent.domain.conversation import Cleared, OnBusy
from agent.domain.ids import TurnKey
from agent.domain.limits import DELIVERY_BYTES, HISTORY_PAGE_DEFAULT, HISTORY_PAGE_MAX, MESSAGE_BYTES_MAX
from agent.domain.turn_view import HistoryPage
from agent.ports import Chats, Randomness

Conversation = Annotated[str, Query(description="Which of the user's conversations.")]


class ChatRequest(Body):
    """What the user says, and in which conversation."""

    message: Annotated[StrictStr, Field(description=f"At most {MESSAGE_BYTES_MAX} bytes of UTF-8, not blank.")]
    conversation: Annotated[StrictStr, Field(description="Name of the conversation; it is made when it is new.")] = "main"
    on_busy: Annotated[
        OnBusy, Field(description="When a turn runs: wait behind it, be refused with 409, or cancel it and go next.")
    ] = "queue"

    def fingerprint(self) -> str:
        """What an idempotency key stands for."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class ChatApi:
    """The handlers with their ports."""

    def __init__(self, chats: Chats, admissions: Admissions, turns: TurnApi, hints: Hints, randomness: Randomness) -> None:
        self._chats, self._admissions, self._turns, self._hints = chats, admissions, turns, hints
        self._randomness = randomness

    async def say(
        self,
        request: ChatRequest,
        user: Who,
        zone: Zone,
        idempotency_key: Annotated[
            str | None,
            Header(description="The same key and body again: the same turn's stream, never a second turn."),
        ] = None,
    ) -> EventSourceResponse:
        """Admits a message and streams the answer."""
        used = ids.idempotency_key(idempotency_key) if idempotency_key is not None else None
        said = Said(request.message, zone, request.on_busy, used, request.fingerprint())
        turn, admitted = await self._admissions.admit(ids.conversation_key(user, request.conversation), said)
        return await self._turns.follow(turn, None, admitted.status)

    async def regenerate(
        self,
        turn_id: str,
        user: Who,
        zone: Zone,
        idempotency_key: Annotated[
            str | None,
            Header(description="The same key again: the same new turn's stream, never another answer."),
        ] = None,
    ) -> EventSourceResponse:
        """Answers the message of the newest turn anew and streams it, as `POST /chat` does.

        The former answer stays in the history as an alternative, with the effects its tools had; they are not taken back.
        409 `turn_running` while a turn runs or waits, `turn_not_newest` when there is a later one, `too_many_alternatives`.
        """
        used = ids.idempotency_key(idempotency_key) if idempotency_key is not None else None
        turn, admitted = await self._admissions.regenerate(TurnKey(user.tenant, user.user, turn_id), zone, used)
        return await self._turns.follow(turn, None, admitted.status)

    async def history(
        self,
        user: Who,
        conversation: Conversation = "main",
        limit: Annotated[int, Query(ge=1, le=HISTORY_PAGE_MAX)] = HISTORY_PAGE_DEFAULT,
        before: Annotated[int | None, Query(ge=1, le=2**31, description="`next` of the page before.")] = None,
    ) -> HistoryPage:
        """Stored turns, newest last, with tokens, tool calls and results. `next` leads to older ones."""
        return await self._chats.get_history(ids.conversation_key(user, conversation), limit, before)

    async def clear(self, user: Who, conversation: Conversation = "main") -> Cleared:
        """Clears the conversation, says what it cleared, and tells the user's other pages. 409 while a turn runs or waits."""
        key = ids.conversation_key(user, conversation)
        cleared = await self._chats.clear_history(key, self._randomness.token(DELIVERY_BYTES).hex())
        await self._hints.cleared(key, cleared)
        return cleared

    async def context(self, user: Who, zone: Zone, conversation: Conversation = "main") -> ContextView:
        """What the model would be sent now: every message with its tokens, included or not, and why not."""
        return await self._chats.get_context(ids.conversation_key(user, conversation), zone)


def chat_router(api: ChatApi) -> APIRouter:
    """The routes of the conversation."""
    router = APIRouter(tags=["conversation"])
    refused: Sequence[int] = (400, 409, 410, 413, 415, 422, 429, 503)
    router.add_api_route(
        "/chat", api.say, methods=["POST"], response_class=EventSourceResponse, responses={**STREAM, **responses(*refused)}
    )
    router.add_api_route(
        "/turns/{turn_id}/regenerate",
        api.regenerate,
        methods=["POST"],
        response_class=EventSourceResponse,
        responses={**STREAM, **responses(400, 404, 409, 410, 413, 415, 422, 429, 503)},
    )
    router.add_api_route("/history", api.history, methods=["GET"], responses=responses(400, 422, 503))
    router.add_api_route("/history", api.clear, methods=["DELETE"], responses=responses(400, 409, 503))
    router.add_api_route("/context", api.context, methods=["GET"], responses=responses(400, 503))
    return router

"""The AI SDK's chat routes: ``useChat`` with nothing but ``api: "/api/chat"`` talks to the user's conversations."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sse_starlette.sse import EventSourceResponse

from agent.api import sse
from agent.api.admission import Admissions, Said
from agent.api.body import Body
from agent.api.following import open_turn
from agent.api.identity import Who, Zone
from agent.api.turns import Cancelled, CancelRequest, TurnApi
from agent.api.wires.aisdk.frames import HEADERS, framed, refusals
from agent.api.wires.aisdk.messages import UIMessages, turn_of_answer, turn_of_message, turn_of_user_message, ui_messages
from agent.api.wires.aisdk.request import UIChatRequest, UIMessage, fingerprint
from agent.api.wires.answers import newest_answer
from agent.domain import ids
from agent.domain.conversation import OnBusy
from agent.domain.errors import NotFound, Unprocessable
from agent.domain.ids import ConversationKey, TurnKey
from agent.domain.limits import HISTORY_PAGE_DEFAULT, HISTORY_PAGE_MAX
from agent.domain.turn_record import ENDED, TurnStatus
from agent.domain.undo import Effects
from agent.ports import Chats, TurnLog

SCOPE = "aisdk"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The AI SDK's UI message stream, version 1. It ends with one of `finish`, `error`, `abort`, and "
        "`[DONE]`. Leaving it cancels nothing.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class StopRequest(Body):
    """Which answer to stop, by its message id, so that a late stop stops no other; and what becomes of its tools' effects."""

    message_id: str | None = None
    effects: Effects = "keep"


class AiSdkApi:
    """The handlers with their ports."""

    def __init__(self, chats: Chats, log: TurnLog, admissions: Admissions, turns: TurnApi) -> None:
        self._chats, self._log, self._admissions, self._turns = chats, log, admissions, turns

    async def say(self, request: UIChatRequest, user: Who, zone: Zone) -> EventSourceResponse:
        """Admits the last user message, whose id is its idempotency key, and streams the answer; or makes an answer anew.

        A `regenerate-message` that names an answer is its own idempotency key: the same one again is the same new answer. One
        that names none is about the last user message: its newest answer, or the first, if the message has not arrived.
        """
        key, message = ids.conversation_key(user, request.id), request.last_user_message()
        request.check_for_news()
        regenerates = request.trigger == "regenerate-message"
        if regenerates and (former := turn_of_answer(request.messageId or "", key.conversation)) is not None:
            return await self._follow(await self._anew(TurnKey(key.tenant, key.user, former), zone))
        turn, status = await self._taken_in(key, message, request.on_busy, zone)
        if status not in ENDED:
            return await self._follow(turn, status)
        newest = await newest_answer(self._chats, turn)  # the message has come before, and may have been answered anew since
        former = turn._replace(turn_id=newest.turn_id)
        return await self._follow(await self._anew(former, zone) if regenerates and newest.status in ENDED else former)

    async def _taken_in(self, key: ConversationKey, said: UIMessage, on_busy: OnBusy, zone: str) -> tuple[TurnKey, TurnStatus]:
        """The turn of the message, a new one or not, and how it is.

        Raises Unprocessable ``idempotency_key_reused`` for another text under its id, and what ``Admissions.admit`` does.
        """
        text = said.text()
        if (turn_id := turn_of_user_message(said.id, key.conversation)) is not None:  # it has come from our history
            turn = TurnKey(key.tenant, key.user, turn_id)
            view = await self._chats.heal(turn)
            if view.user_message.content != text:
                raise Unprocessable("idempotency_key_reused", "This message was sent with another text; send a new one.")
            return turn, view.status
        used = ids.scoped_key(SCOPE, said.id)
        turn, admitted = await self._admissions.admit(key, Said(text, zone, on_busy, used, fingerprint(text)))
        return turn, admitted.status

    async def _anew(self, former: TurnKey, zone: str) -> TurnKey:
        """The one turn that takes the place of ``former``. Raises what ``Admissions.regenerate`` does."""
        used = ids.scoped_key(SCOPE, f"regenerate {former.turn_id}")
        turn, _ = await self._admissions.regenerate(former, zone, used)
        return turn

    async def resume(
        self,
        conversation: str,
        user: Who,
        message_id: Annotated[
            str | None,
            Query(description="The answer to tell again, running or ended, for who was cut off in the middle of it."),
        ] = None,
    ) -> Response:
        """The stream of the turn that runs, from its start; 204 when none does."""
        key = ids.conversation_key(user, conversation)
        turn = _named(key, message_id) if message_id else await self._running(key)
        return await self._follow(turn) if turn else Response(status_code=204)

    async def stop(self, conversation: str, user: Who, request: StopRequest | None = None) -> Cancelled | None:
        """Cancels the answer named, or the one that runs; null when none does. As often as you like."""
        asked = request or StopRequest()
        key = ids.conversation_key(user, conversation)
        turn = _named(key, asked.message_id) if asked.message_id else await self._running(key)
        if turn is None:
            return None
        return await self._turns.cancel(turn.turn_id, user, CancelRequest(effects=asked.effects))

    async def messages(
        self,
        conversation: str,
        user: Who,
        limit: Annotated[int, Query(ge=1, le=HISTORY_PAGE_MAX, description="Turns, not messages.")] = HISTORY_PAGE_DEFAULT,
        before: Annotated[int | None, Query(ge=1, le=2**31, description="`next` of the page before.")] = None,
    ) -> UIMessages:
        """Stored turns as UI messages, with the ids that the stream uses."""
        return ui_messages(await self._chats.get_history(ids.conversation_key(user, conversation), limit, before))

    async def _follow(self, turn: TurnKey, status: TurnStatus | None = None) -> EventSourceResponse:
        entries = await open_turn(self._log, self._chats, turn, None, status)
        return sse.stream(framed(turn.turn_id, entries), {**HEADERS, "X-Turn-Id": turn.turn_id})

    async def _running(self, key: ConversationKey) -> TurnKey | None:
        running = (await self._chats.get_history(key, 1, None)).running
        return TurnKey(key.tenant, key.user, running) if running else None


def _named(key: ConversationKey, message_id: str) -> TurnKey:
    """The turn of that answer. Raises NotFound for one of another conversation: it is not what is looked at."""
    turn_id = turn_of_message(message_id, key.conversation)
    if turn_id is None:
        raise NotFound("turn_not_found", "Turn not found")
    return TurnKey(key.tenant, key.user, turn_id)


def aisdk_router(api: AiSdkApi) -> APIRouter:
    """The routes; the paths are those that the client's transport makes of ``api: "/api/chat"``."""
    router = APIRouter(prefix="/api/chat", tags=["AI SDK"])
    said, found = {**STREAM, **refusals(400, 404, 409, 410, 413, 415, 422, 429, 503)}, refusals(400, 404, 422, 503)
    router.add_api_route("", api.say, methods=["POST"], response_class=EventSourceResponse, responses=said)
    resumed = {**STREAM, 204: {"description": "Nothing runs."}, **found}
    router.add_api_route("/{conversation}/stream", api.resume, methods=["GET"], response_model=None, responses=resumed)
    stopped = {**found, **refusals(413, 415)}
    router.add_api_route(
        "/{conversation}/stop", api.stop, methods=["POST"], response_model_exclude_none=True, responses=stopped
    )
    router.add_api_route("/{conversation}/messages", api.messages, methods=["GET"], responses=found)
    return router

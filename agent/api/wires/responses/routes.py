"""The OpenAI Responses API over the service's turns: create, retrieve, cancel, input items, and the one model there is.

A response is a turn, and its stream the turn's log in other words: whoever reads it, from wherever, on whichever replica.
Identity is what it is everywhere here; ``Authorization`` is not looked at.
"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from agent.api import sse
from agent.api.admission import Admissions, Said
from agent.api.following import open_turn
from agent.api.identity import Who, Zone
from agent.api.turns import TurnApi
from agent.api.wires.refusal import refuse
from agent.api.wires.responses import documents
from agent.api.wires.responses.projection import ENDS, ResponseEvents, response_of
from agent.api.wires.responses.request import Create, check_empty, parse
from agent.api.wires.responses.response import MODEL, Head, head_of, turn_id_of
from agent.api.wires.responses.stream import frames
from agent.domain import ids
from agent.domain.errors import Conflict, NotFound
from agent.domain.ids import ConversationKey, Identity, TurnKey
from agent.domain.limits import (
    ALTERNATIVES_MAX,
    CONVERSATION_NAME_BYTES,
    HISTORY_PAGE_DEFAULT,
    HISTORY_PAGE_MAX,
    NAME_TOLD_CHARS_MAX,
    SEQUENCE_NUMBER_MAX,
)
from agent.domain.turn_record import TurnStatus
from agent.domain.turn_view import TurnView
from agent.ports import Chats, Randomness, TurnLog

Json = dict[str, Any]

PREVIOUS = "previous_response_id"
_SCOPE = "responses"


class ResponsesApi:
    """The handlers with their ports."""

    def __init__(self, chats: Chats, log: TurnLog, admissions: Admissions, turns: TurnApi, randomness: Randomness) -> None:
        self._chats, self._log, self._admissions, self._turns = chats, log, admissions, turns
        self._randomness = randomness

    async def create(
        self,
        request: Request,
        body: Annotated[Json, Body(description="As the API's own reference says; docs/wires.md lists what is taken.")],
        user: Who,
        zone: Zone,
        idempotency_key: Annotated[
            str | None, Header(description="The same key and request again: the same response, never a second one.")
        ] = None,
    ) -> Response:
        """Says something in a conversation, a new one unless the request names one, and answers with the response.

        With `stream` as server-sent events; with `background` at once, to be polled; else when the answer is complete.
        """
        _check_query(request, ())
        asked = parse(body)
        used = ids.scoped_key(_SCOPE, idempotency_key) if idempotency_key is not None else None
        follows = await self._previous(user, asked)
        key = ids.conversation_key(user, self._conversation(asked, follows, used))
        said = Said(asked.text, zone, key=used, fingerprint=asked.fingerprint(), follows=follows)
        try:
            turn, admitted = await self._admissions.admit(key, said)
        except Conflict as conflict:
            if conflict.code != "not_newest":
                raise
            refuse("previous_response_not_newest", "That response is not the newest of its conversation.", PREVIOUS)
        head = await self._head(turn)
        if asked.stream:
            return await self._stream(turn, head, admitted.status)
        if asked.background:
            return JSONResponse(response_of(await self._chats.get_turn(turn), head.previous))
        return JSONResponse(await self._whole(turn, head, admitted.status))

    async def retrieve(
        self,
        request: Request,
        response_id: str,
        user: Who,
        stream: Annotated[bool, Query(description="The events from the first, or behind `starting_after`.")] = False,
        starting_after: Annotated[
            int | None, Query(ge=0, lt=SEQUENCE_NUMBER_MAX, description="The last `sequence_number` that was seen.")
        ] = None,
    ) -> Response:
        """The response as it is now, or its stream."""
        _check_query(request, ("stream", "starting_after"))
        turn = _turn_key(user, response_id)
        if stream and starting_after is not None:
            return await self._resumed(turn, starting_after)
        view = await self._view(turn)
        before = await self._before(turn, view)
        if stream:
            return await self._stream(turn, head_of(view, before))
        if starting_after is not None:
            refuse("invalid_parameter", "'starting_after' goes with 'stream'.", "starting_after")
        return JSONResponse(response_of(view, before))

    async def cancel(
        self,
        request: Request,
        response_id: str,
        user: Who,
        body: Annotated[Json | None, Body(description="Empty: the API knows no parameter here.")] = None,
    ) -> JSONResponse:
        """Cancels it, waiting or running; one that has ended stays as it is. Answers with the response."""
        _check_query(request, ())
        check_empty(body or {})
        turn = _turn_key(user, response_id)
        await self._view(turn)
        await self._turns.cancel(turn.turn_id, user)
        view = await self._chats.get_turn(turn)
        return JSONResponse(response_of(view, await self._before(turn, view)))

    async def input_items(
        self,
        request: Request,
        response_id: str,
        user: Who,
        after: Annotated[str | None, Query(description="The id of the last item seen.")] = None,
        limit: Annotated[int, Query(ge=1, le=HISTORY_PAGE_MAX)] = HISTORY_PAGE_DEFAULT,
        order: Annotated[str, Query(pattern="^(asc|desc)$")] = "desc",
    ) -> JSONResponse:
        """What the user said: one message, whatever the limit and the order."""
        _check_query(request, ("after", "limit", "order"))
        _ = limit, order
        view = await self._view(_turn_key(user, response_id))
        return JSONResponse(documents.input_items(view, after))

    async def models(self, request: Request) -> JSONResponse:
        """The one model, whatever runs behind it."""
        _check_query(request, ())
        return JSONResponse({"object": "list", "data": [documents.MODEL_CARD]})

    async def model(self, request: Request, model: str) -> JSONResponse:
        """The one model, if it is asked for by its name."""
        _check_query(request, ())
        if model != MODEL:
            raise NotFound("model_not_found", f"The model does not exist; there is one, '{MODEL}'.", param="model")
        return JSONResponse(documents.MODEL_CARD)

    async def _previous(self, user: Identity, asked: Create) -> str | None:
        """The turn that the new one is to follow. Raises BadRequest, as the API does for one that is unknown."""
        if asked.previous is None:
            return None
        turn = turn_id_of(asked.previous)
        try:
            if turn is None:
                raise NotFound("turn_not_found", "Turn not found")
            await self._chats.get_turn(TurnKey(user.tenant, user.user, turn))
        except NotFound:
            refuse("previous_response_not_found", "There is no response with that id.", PREVIOUS)
        return turn

    def _conversation(self, asked: Create, follows: str | None, key: str | None) -> str:
        """The one named; else the one of the response before; else a new one, the same for the same idempotency key."""
        if asked.conversation is not None:
            return asked.conversation
        if follows is not None and (parsed := ids.parse_turn_id(follows)):
            return parsed.conversation
        return f"conv-{key or self._randomness.token(CONVERSATION_NAME_BYTES).hex()}"

    async def _view(self, turn: TurnKey) -> TurnView:
        try:
            return await self._chats.heal(turn)
        except NotFound as unknown:
            raise _not_found() from unknown

    async def _head(self, turn: TurnKey) -> Head:
        view = await self._chats.get_turn(turn)
        return head_of(view, await self._before(turn, view))

    async def _before(self, turn: TurnKey, view: TurnView) -> str | None:
        """The turn before this one in its conversation, if that is still there; not one whose message it answers anew."""
        parsed = ids.parse_turn_id(turn.turn_id)
        if parsed is None or parsed.number == 1:
            return None
        key = ConversationKey(turn.tenant, turn.user, parsed.conversation)
        most = ALTERNATIVES_MAX + 1 if view.regenerates else 1
        page = await self._chats.get_history(key, most, parsed.number)
        return next((former.turn_id for former in reversed(page.turns) if former.regenerated_by is None), None)

    async def _stream(self, turn: TurnKey, head: Head, status: TurnStatus | None = None) -> Response:
        entries = await open_turn(self._log, self._chats, turn, None, status)
        return sse.stream(frames(turn.turn_id, head, entries, -1), {"X-Turn-Id": turn.turn_id})

    async def _resumed(self, turn: TurnKey, after: int) -> Response:
        """The stream behind that event. An open log is not kept waiting for the ChatActor, which may have lost its host."""
        try:
            entries = await open_turn(self._log, self._chats, turn, None)
        except NotFound as unknown:
            raise _not_found() from unknown
        return sse.stream(frames(turn.turn_id, partial(self._head, turn), entries, after), {"X-Turn-Id": turn.turn_id})

    async def _whole(self, turn: TurnKey, head: Head, status: TurnStatus) -> Json:
        """The response once it has ended."""
        events = ResponseEvents(turn.turn_id, head)
        async for batch in await open_turn(self._log, self._chats, turn, None, status):
            for entry in batch:
                told = events.feed(entry)
                if told and told[-1]["type"] in ENDS:
                    return told[-1]["response"]
        raise RuntimeError(f"the log of {turn.turn_id} ended without an end")


def _check_query(request: Request, known: tuple[str, ...]) -> None:
    """Refuses what the route would pass over. Clients that read no obfuscation say so; there is none."""
    for name, value in request.query_params.items():
        if name not in known and (name, value) != ("include_obfuscation", "false"):
            told = name[:NAME_TOLD_CHARS_MAX]
            refuse("unsupported_parameter", f"Unsupported parameter: {told!r}.", told)


def _turn_key(user: Identity, response: str) -> TurnKey:
    turn = turn_id_of(response)
    if turn is None:
        raise _not_found()
    return TurnKey(user.tenant, user.user, turn)


def _not_found() -> NotFound:
    return NotFound("response_not_found", "There is no response with that id.", param="response_id")


def responses_router(api: ResponsesApi) -> APIRouter:
    """The routes under ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["openai responses"])
    tell = documents.told
    router.add_api_route("/responses", api.create, methods=["POST"], responses=tell(400, 410, 413, 415, 429, 503, stream=True))
    router.add_api_route("/responses/{response_id}", api.retrieve, methods=["GET"], responses=tell(400, 404, 503, stream=True))
    router.add_api_route(
        "/responses/{response_id}/cancel", api.cancel, methods=["POST"], responses=tell(400, 404, 413, 415, 503)
    )
    router.add_api_route(
        "/responses/{response_id}/input_items", api.input_items, methods=["GET"], responses=tell(400, 404, 503)
    )
    router.add_api_route("/models", api.models, methods=["GET"], responses=tell(400))
    router.add_api_route("/models/{model}", api.model, methods=["GET"], responses=tell(400, 404))
    return router

"""One turn over HTTP: look at it, follow it from anywhere, cancel it, see what the model was sent for it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel
from sse_starlette.sse import EventSourceResponse

from agent.api import sse
from agent.api.body import Body
from agent.api.following import close_log, open_turn
from agent.api.identity import Who
from agent.api.problems import responses
from agent.domain import cursors
from agent.domain.context import ContextView
from agent.domain.events import CLOSING_ID, EntryId, TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.limits import TURN_STEPS_MAX
from agent.domain.turn_record import TurnStatus
from agent.domain.turn_view import TurnView
from agent.domain.undo import Effects, Undo
from agent.ports import Chats, TurnLog

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events; the turn's vocabulary is at the top of this document. The stream ends with "
        "exactly one of turn.completed, turn.failed, turn.cancelled. Leaving it cancels nothing.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "headers": {"X-Turn-Id": {"description": "The turn's id.", "schema": {"type": "string"}}},
    }
}


class CancelRequest(Body):
    """What becomes of what the turn's tools have done: ``keep`` leaves it, ``undo`` takes it back."""

    effects: Effects = "keep"


class Cancelled(BaseModel):
    """The turn's status after the request: ``cancelled``, or how it had ended before.

    ``undo`` is there when it was cancelled with ``undo``; the first request decides. `GET /turns/{turn_id}` tells the outcome.
    """

    turn_id: str
    status: TurnStatus
    undo: Undo | None = None


class TurnApi:
    """The handlers with their ports."""

    def __init__(self, chats: Chats, log: TurnLog) -> None:
        self._chats, self._log = chats, log

    async def turn(self, turn_id: str, user: Who) -> TurnView:
        """A turn: its status, the answer so far, usage, and its steps. A turn whose workflow is gone is revived on sight."""
        return await self._chats.heal(TurnKey(user.tenant, user.user, turn_id))

    async def context(
        self,
        turn_id: str,
        user: Who,
        step: Annotated[
            int | None, Query(ge=0, lt=TURN_STEPS_MAX, description="Which model call of the turn, from 0; else the newest.")
        ] = None,
    ) -> ContextView:
        """What the model was sent in a step of the turn, message by message; `steps` names those that can be asked for."""
        return await self._chats.get_turn_context(TurnKey(user.tenant, user.user, turn_id), step)

    async def events(
        self,
        turn_id: str,
        user: Who,
        after: Annotated[str | None, Query(description="The id of the last frame seen; as `Last-Event-ID`.")] = None,
        last_event_id: Annotated[str | None, Header(description="Continue behind this frame.")] = None,
    ) -> Response:
        """The turn's stream from its start, or exactly behind a frame: the same frames with the same ids for everyone.

        204 behind the last frame: a browser's `EventSource` comes back after each end, and only that stops it.
        """
        turn, cursor = TurnKey(user.tenant, user.user, turn_id), None
        if given := last_event_id or after:
            cursor = cursors.parse(turn_id, given)
        if cursor == CLOSING_ID and (await self._chats.heal(turn)).terminal is not None:
            return Response(status_code=204, headers={"X-Turn-Id": turn_id})
        return await self.follow(turn, cursor)

    async def follow(self, turn: TurnKey, cursor: EntryId | None, status: TurnStatus | None = None) -> EventSourceResponse:
        """The stream from the log, or from the record; ``status`` as in ``open_turn``."""
        return sse.turn_stream(turn.turn_id, await open_turn(self._log, self._chats, turn, cursor, status))

    async def cancel(self, turn_id: str, user: Who, request: CancelRequest | None = None) -> Cancelled:
        """Cancels the turn, waiting or running; the model's stream is closed. Any number of times, also after the end."""
        turn = TurnKey(user.tenant, user.user, turn_id)
        view = await self._chats.cancel(turn, (request or CancelRequest()).effects)
        if view.status == "cancelled" and view.terminal is not None:
            await self.close(turn, view.terminal)
        return Cancelled(turn_id=turn_id, status=view.status, undo=view.undo)

    async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
        """Writes the closing entry of a cancelled turn. Should this fail, the turn's workflow or a follower writes it."""
        await close_log(self._log, turn, event)


def turn_router(api: TurnApi) -> APIRouter:
    """The routes of one turn."""
    router = APIRouter(tags=["conversation"])
    router.add_api_route("/turns/{turn_id}", api.turn, methods=["GET"], responses=responses(400, 404, 503))
    router.add_api_route("/turns/{turn_id}/context", api.context, methods=["GET"], responses=responses(400, 404, 422, 503))
    router.add_api_route(
        "/turns/{turn_id}/events",
        api.events,
        methods=["GET"],
        response_class=EventSourceResponse,
        responses={
            **STREAM,
            204: {"description": "The cursor is the last frame's: there is no more."},
            **responses(400, 404, 503),
        },
    )
    router.add_api_route(
        "/turns/{turn_id}/cancel",
        api.cancel,
        methods=["POST"],
        response_model_exclude_none=True,
        responses=responses(400, 404, 413, 415, 422, 503),
    )
    return router

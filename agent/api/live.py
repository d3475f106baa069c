"""What is alive: the user's feed of events, and whether the service itself is."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sse_starlette.sse import EventSourceResponse

from agent.api import sse
from agent.api.identity import Who
from agent.api.problems import problem_response, responses
from agent.ports import Feed

_FEED_ID = re.compile(r"[0-9]{1,18}")

FEED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: task.*, turn.admitted, conversation.cleared, conversation.updated, "
        "turn.undo_ended, from now on. A hint: refetch after a reconnect.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class About(BaseModel):
    """What runs here. ``demo``: the offline demo model answers. ``replica``: a number, or the name of a pod."""

    version: str
    model: str
    demo: bool
    replica: str


def live_router(
    feed: Feed, readiness: Callable[[], dict[str, bool]], shared: Callable[[], dict[str, bool]], about: About
) -> APIRouter:
    """``readiness`` names each part and whether it is ready; ``about`` is what ``GET /about`` answers.

    Of the parts that replicas share, ``shared``, it is only told whether they are there: no other replica would be better off,
    and a service that answers 503 in its own words, with Retry-After, is worth more than one that is taken out.
    """
    router = APIRouter()

    @router.get("/events", tags=["feed"], response_class=EventSourceResponse, responses={**FEED, **responses(400)})
    async def events(
        user: Who,
        last_event_id: Annotated[str | None, Header(description="Continue after this id, if it is still kept.")] = None,
    ) -> EventSourceResponse:
        """This user's live feed."""
        return await sse.feed_stream(feed, user, _feed_id(last_event_id))

    @router.get("/livez", tags=["service"])
    async def livez() -> dict[str, str]:
        """Answers while the process works at all."""
        return {"status": "ok"}

    @router.get("/readyz", tags=["service"], response_model=None, responses=responses(503))
    async def readyz() -> Response:
        """200 when this process can admit and run messages. What it shares with other replicas is told beside it."""
        parts = readiness()
        if all(parts.values()):
            return JSONResponse({"status": "ready", **shared()})
        waiting = ", ".join(name for name, ready in parts.items() if not ready)
        return problem_response(503, "not_ready", f"Waiting for: {waiting}.")

    @router.get("/about", tags=["service"])
    async def tell() -> About:
        """Version, model and replica."""
        return about

    _ = events, livez, readyz, tell
    return router


def _feed_id(text: str | None) -> int | None:
    """The id in a Last-Event-ID; None for anything that cannot be one of ours."""
    return int(text) if text and _FEED_ID.fullmatch(text) else None

"""The Dapr app channel: actors, subscriptions and the local notification target, on loopback, for the sidecar alone.

Every route asks for the token that only the sidecar knows (``APP_API_TOKEN``): other users of this machine reach the port.
"""

import logging
import secrets
from collections.abc import Callable

import orjson
from dapr.ext.fastapi import DaprActor, DaprApp
from fastapi import APIRouter, FastAPI, Request
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.api.direct import DirectRoutes
from agent.api.problems import problem_response
from agent.domain.events import CONVERSATION_TOPIC, TASK_TOPIC, AnyFeedEvent
from agent.ports import Feed

PUBSUB = "pubsub"
_EVENT = TypeAdapter[AnyFeedEvent](AnyFeedEvent)
_log = logging.getLogger(__name__)


class TokenGuard:
    """ASGI middleware: 401 without the token. The health route is open, it tells nothing but that the app ``is_leaving``."""

    def __init__(self, app: ASGIApp, token: str, is_leaving: Callable[[], bool]) -> None:
        self._app, self._token, self._is_leaving = app, token.encode(), is_leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/healthz" and self._is_leaving():
            await problem_response(503, "stopping", "This process is stopping: its actors are to move.")(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] != "/healthz":
            given = dict(scope["headers"]).get(b"dapr-api-token", b"")
            if not self._token or not secrets.compare_digest(given, self._token):
                await problem_response(401, "unauthorized", "This port belongs to the Dapr sidecar.")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def channel_app(
    feed: Feed, token: str, caller_token: str, routers: list[APIRouter], is_leaving: Callable[[], bool]
) -> tuple[ASGIApp, DaprActor]:
    """The app for the sidecar, and the handle that registers actors, which another replica takes once it ``is_leaving``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    actors = DaprActor(app)
    dapr = DaprApp(app)

    async def hear(body: bytes) -> dict[str, str]:
        """Feeds the user's page. Anything but our own events is dropped: a retry would not make it better."""
        try:
            event = _EVENT.validate_python(orjson.loads(body)["data"])
        except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as e:
            _log.warning("dropped an event that is none of ours: %s", type(e).__name__)
            return {"status": "DROP"}
        await feed.append(event)
        return {"status": "SUCCESS"}

    async def receive(request: Request) -> dict[str, str]:
        return await hear(await request.body())

    routes = {topic: f"/subscriptions/{topic}" for topic in (TASK_TOPIC, CONVERSATION_TOPIC)}
    for topic, route in routes.items():
        dapr.subscribe(pubsub=PUBSUB, topic=topic, route=route, dead_letter_topic=f"{topic}-dead")(receive)
    for router in routers:
        app.include_router(router)
    return TokenGuard(DirectRoutes(app, dict.fromkeys(routes.values(), hear), caller_token), token, is_leaving), actors

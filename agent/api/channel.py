"""The Dapr app channel: actors and the local notification target, on loopback, for the sidecar alone.

Every route asks for the token that only the sidecar knows (``APP_API_TOKEN``): other users of this machine reach the port.
"""

import secrets
from collections.abc import Callable

from dapr.ext.fastapi import DaprActor
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.api.direct import DirectRoutes
from agent.api.problems import problem_response


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
    token: str, caller_token: str, routers: list[APIRouter], is_leaving: Callable[[], bool]
) -> tuple[ASGIApp, DaprActor]:
    """The app for the sidecar, and the handle that registers actors, which another replica takes once it ``is_leaving``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    actors = DaprActor(app)
    for router in routers:
        app.include_router(router)
    return TokenGuard(DirectRoutes(app, caller_token), token, is_leaving), actors

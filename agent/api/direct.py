"""The request that makes up nearly all of the sidecar's traffic, a call of an actor, without the framework's routing.

Measured: routing, dependency solving and response building of the framework cost as much as an actor method itself. What
it does here stays the SDK's: its route and this one call the same ``ActorRuntime.dispatch``. Everything else passes through.
"""

import logging
import re
import secrets

import orjson
from dapr.actor import ActorRuntime
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.ports import CALLER_HEADER

_METHOD = re.compile(r"/actors/([^/]+)/([^/]+)/method/([^/]+)")
_log = logging.getLogger(__name__)


class DirectRoutes:
    """ASGI middleware: ``PUT /actors/{type}/{id}/method/{name}``."""

    def __init__(self, app: ASGIApp, caller_token: str) -> None:
        self._app, self._caller = app, caller_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT" and (called := _METHOD.fullmatch(scope["path"])):
            if not self._is_ours(scope):
                await _answer(send, 403, orjson.dumps({"message": "not a caller of this service", "errorCode": "FORBIDDEN"}))
            elif (body := await _body(receive)) is not None:
                await _answer(send, *await _dispatch(called[1], called[2], called[3], body))
        else:
            await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the call comes from this service, by way of the sidecar, and not from somebody at its internal port."""
        given = dict(scope["headers"]).get(CALLER_HEADER.encode(), b"")
        return secrets.compare_digest(given, self._caller)


async def _dispatch(actor_type: str, actor_id: str, method: str, body: bytes) -> tuple[int, bytes]:
    """As the SDK's route: an actor that raises is a 500 to the sidecar."""
    try:
        return 200, await ActorRuntime.dispatch(actor_type, actor_id, method, body)
    except Exception as e:  # noqa: BLE001 -- whatever our actor raised, the sidecar must hear that it failed
        _log.exception("%s.%s raised", actor_type, method)
        return 500, orjson.dumps({"message": repr(e), "errorCode": "UNKNOWN"})


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the sidecar hung up in the middle of it: half a call is none."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

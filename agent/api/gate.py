"""What a request must pass before any route sees it: a process that goes on, Host, origin, type and size.

The Host check stops DNS rebinding: a page of another origin cannot reach this loopback service under its own name.
Nor may such a page change anything under ours: a POST without a body, as to stop an answer, needs no CORS preflight.
Requiring JSON stops its simple form posts also where no browser says whose they are.
"""

from fastapi import Response
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.api.problems import Refusals
from agent.domain.limits import HISTORY_BODY_BYTES_MAX, REQUEST_BODY_BYTES_MAX
from agent.ports import UnderWay

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LIVENESS = "/livez"  # answered to the end: a process that stops is not to be killed for it
_ENDLESS = frozenset({"/events"})  # the feed ends for nobody's sake: a stop does not wait for it
_WITH_HISTORY = frozenset({"/api/chat", "/agui", "/v1/responses"})  # their clients post their whole history each time
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_CHANGING = _WITH_BODY | {"DELETE"}
_OWN_SITE = frozenset({"same-origin", "none"})  # none: no page asked for it, but a person or an extension of the browser


class _BodyTooLarge(Exception):
    pass


class Gate:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, under_way: UnderWay, refusals: Refusals) -> None:
        self._app, self._under_way, self._refusals = app, under_way, refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal is None and self._under_way.stopping and scope["path"] != _LIVENESS:
            told = "This process is stopping; another one, or its successor, will answer."
            refusal = self._refusals.of(scope["path"], 503, "stopping", told)
            refusal.headers["Connection"] = "close"
        if refusal is not None:
            await refusal(scope, receive, send)
        elif scope["path"] in _ENDLESS:
            await self._pass(scope, receive, send)
        else:
            with self._under_way.one():
                await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, started = _Bounded(receive, _body_limit(scope["path"])), False

        async def unless_too_large(message: Message) -> None:
            """The framework answers 400 to a body it could not read to its end; the true reason is told below."""
            nonlocal started
            if started or not body.too_large:
                started = True
                await send(message)

        try:
            await self._app(scope, body, unless_too_large)
        except _BodyTooLarge:
            pass
        if body.too_large and not started:
            await self._too_large(scope["path"])(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        path, host = request.url.path, request.headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name.lower() not in LOOPBACK_NAMES:
            return self._refusals.of(path, 421, "bad_host", "This service answers only to 127.0.0.1 or localhost.")
        if request.method in _CHANGING and _is_of_another_origin(request, host):
            return self._refusals.of(path, 403, "other_origin", "A page of another origin may not change anything here.")
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length[:12]) > _body_limit(path):
            return self._too_large(path)
        chunked = "transfer-encoding" in request.headers
        if request.method in _WITH_BODY and (chunked or length != "0"):
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                return self._refusals.of(path, 415, "unsupported_media_type", "Send the body as application/json.")
        return None

    def _too_large(self, path: str) -> Response:
        limit = _body_limit(path)
        return self._refusals.of(path, 413, "body_too_large", f"A request body has at most {limit} bytes.", limit=limit)


def _is_of_another_origin(request: Request, host: str) -> bool:
    """Whether a browser sends it for such a page; other clients name no origin.

    ``Sec-Fetch-Site`` is the browser's own word, and holds behind a proxy that changes Host, as Vite's. Only old browsers
    do not give it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    origin = request.headers.get("origin")
    return origin is not None and origin.rpartition("://")[2].lower() != host.lower()


def _body_limit(path: str) -> int:
    return HISTORY_BODY_BYTES_MAX if path in _WITH_HISTORY else REQUEST_BODY_BYTES_MAX


class _Bounded:
    """``receive`` that refuses a body which grows beyond the bound, whatever its Content-Length said."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit, self._total = receive, limit, 0

    @property
    def too_large(self) -> bool:
        return self._total > self._limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._total += len(message.get("body", b""))
        if self.too_large:
            raise _BodyTooLarge
        return message

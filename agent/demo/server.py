"""The HTTP server: OpenAI's chat completions over the rules in brain.py. Knows HTTP and pace, no meaning."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.demo import wire
from agent.demo.brain import Reply, think
from agent.demo.conversation import read
from agent.demo.limits import BODY_BYTES_MAX, DELAY
from agent.demo.request import BadRequest, ChatRequest, parse
from agent.demo.talk import MODEL


def create_app(delay: float = DELAY) -> Starlette:
    """The demo model as an ASGI app; ``delay`` is the time in seconds between two words of a streamed answer."""

    async def complete(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return JSONResponse(wire.error(f"The body is larger than {BODY_BYTES_MAX} bytes."), status_code=413)
        try:
            # Off the loop: the service that streams turns may run on it too.
            asked, reply = await run_in_threadpool(_answer, body)
        except BadRequest as bad:
            return JSONResponse(wire.error(bad.message, param=bad.param), status_code=400)
        envelope = _envelope(asked)
        used = wire.usage(asked.messages, reply)
        if not asked.stream:
            return JSONResponse(wire.completion(envelope, reply, used))
        pieces = _stream(envelope, reply, used if asked.include_usage else None, delay)
        return StreamingResponse(pieces, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    routes = [Route("/v1/models", _models), Route("/v1/chat/completions", complete, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


def _answer(body: bytes) -> tuple[ChatRequest, Reply]:
    asked = parse(body)
    reply = think(asked.messages, asked.tools)
    return asked, Reply(reply.text, reply.calls[:1]) if asked.one_call else reply


async def _models(request: Request) -> Response:
    return JSONResponse(wire.models(MODEL))


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _envelope(asked: ChatRequest) -> wire.Envelope:
    now = read(asked.messages, asked.tools).facts.now
    return wire.Envelope(wire.digest(asked.model, asked.messages, sorted(asked.tools)), int(now.timestamp()), asked.model)


async def _stream(envelope: wire.Envelope, reply: Reply, used: dict[str, int] | None, delay: float) -> AsyncIterator[str]:
    for chunk, is_word in wire.chunks(envelope, reply, used):
        if is_word and delay > 0:
            await asyncio.sleep(delay)
        yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


async def _http_error(request: Request, error: Exception) -> Response:
    status: Any = getattr(error, "status_code", 500)
    message = (
        f"Invalid URL ({request.method} {request.url.path})" if status in (404, 405) else "The request could not be handled."
    )
    return JSONResponse(wire.error(message), status_code=status)

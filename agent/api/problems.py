"""Every refusal looks the same: a status, ``{"detail": sentence, "code": machine-readable}``, and sometimes numbers beside.

Under the paths of a wire whose clients expect another shape it says the same in that one.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from agent.api.body import mended
from agent.domain.errors import Problem
from agent.domain.limits import FAULTS_TOLD_CHARS_MAX, FAULTS_TOLD_MAX

_log = logging.getLogger(__name__)

STATUS = {
    "bad_request": 400,
    "too_large": 413,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "unprocessable": 422,
    "busy": 429,
    "unavailable": 503,
}
CODE_HEADER = "X-Error-Code"  # of a refusal whose body is a text for people
RETRY_AFTER: dict[int | str, str] = {503: "2", "queue_full": "5"}  # other bounds stay reached for hours, or for good
_OURS = "bad_"  # faults that a validator of ours found have the code of the refusal as their type
_UNREADABLE = "There was an error parsing the body"  # the framework, of what its JSON parser gave up on
_CODES = {404: "not_found", 405: "method_not_allowed"}


class ProblemBody(BaseModel):
    """Body of every error answer. Some codes add fields of their own, such as the numbers of a bound."""

    detail: str
    code: str


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for error answers."""
    told = {
        400: "The request cannot be understood.",
        404: "Unknown, or somebody else's.",
        409: "The state of things forbids it.",
        410: "It was cleared.",
        413: "Larger than a bound; the numbers are in the body.",
        415: "The body is not JSON.",
        422: "The request has the wrong form.",
        429: "A bound is reached; where that passes soon, Retry-After says when to try again.",
        503: "A part this needs is out of reach; Retry-After says when to try again.",
    }
    return {s: {"model": ProblemBody, "description": told[s]} for s in statuses}


ANYWHERE = {
    403: ("OtherOrigin", "`other_origin`: a browser asks for a change, for a page of another origin."),
    421: ("BadHost", "`bad_host`: sent to another name than 127.0.0.1 or localhost."),
    405: ("MethodNotAllowed", "`method_not_allowed`: the path knows other methods; Allow names them."),
    500: ("InternalError", "`internal_error`: a bug; it has been logged."),
}
"""What every route may answer, whatever it does: name and description, told once in the OpenAPI document."""


Shape = Callable[[int, str, str, dict[str, Any]], dict[str, Any] | str]
"""The body of a refusal, from its status, code, sentence and further fields; one that is a text is sent as such."""


class Dialect(NamedTuple):
    """How the clients of a wire know refusals. ``unprocessable`` is the status of what is a 422 elsewhere."""

    shape: Shape
    unprocessable: int = 422


class Refusals:
    """Refusals as the clients of a path expect them: ``dialects`` by the path's first part, such as ``/v1``."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    def of(self, path: str, status: int, code: str, detail: str, **extra: Any) -> Response:
        """The answer to a request for ``path``. What it quotes of the request may hold half a surrogate pair."""
        shape, unprocessable = self._dialect(path)
        status = unprocessable if status == 422 else status
        after = RETRY_AFTER.get(code) or RETRY_AFTER.get(status)
        headers = {"Retry-After": after} if after else {}
        body = shape(status, code, mended(detail), mended(extra))
        if isinstance(body, str):
            return PlainTextResponse(body, status, {**headers, CODE_HEADER: code})
        return JSONResponse(body, status, headers)

    def malformed(self, path: str, code: str, detail: str, field: str | None) -> Response:
        """The answer to a request of the wrong form; a wire of others names the ``field``, ours does in its sentence."""
        named = {} if self._dialect(path) is _OWN else {"param": field}
        return self.of(path, 422, code, detail, **named)

    def _dialect(self, path: str) -> Dialect:
        return self._dialects.get("/" + path.split("/", 2)[1], _OWN)


def problem_response(status: int, code: str, detail: str, **extra: Any) -> Response:
    """A refusal in the service's own shape."""
    return Refusals({}).of("/", status, code, detail, **extra)


def _own_shape(_: int, code: str, detail: str, extra: dict[str, Any]) -> dict[str, Any]:
    return {"detail": detail, "code": code, **extra}


_OWN = Dialect(_own_shape)


def install(app: FastAPI, refusals: Refusals) -> None:
    """Makes ``app`` answer every failure in those shapes."""

    async def refused(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return refusals.of(request.url.path, STATUS[problem.kind], problem.code, problem.detail, **problem.extra)

    async def malformed(request: Request, error: Exception) -> Response:
        path = request.url.path
        assert isinstance(error, RequestValidationError)
        faults = error.errors()
        if any(f["type"] == "json_invalid" for f in faults):
            return refusals.of(path, 400, "invalid_json", "The body is not valid JSON.")
        told = [f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:FAULTS_TOLD_MAX]]
        code = next((f["type"] for f in faults if f["type"].startswith(_OURS)), "invalid_request")
        field = next((str(f["loc"][1]) for f in faults if len(f["loc"]) > 1), None)
        return refusals.malformed(path, code, "; ".join(told)[:FAULTS_TOLD_CHARS_MAX], field)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path, status = request.url.path, error.status_code
        if status == 400 and error.detail == _UNREADABLE:
            return refusals.of(path, 400, "invalid_json", "The body holds JSON that cannot be read, such as a number too long.")
        answer = refusals.of(path, status, _CODES.get(status, "http_error"), str(error.detail))
        answer.headers.update(error.headers or {})  # such as Allow beside a 405
        return answer

    async def broken(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return refusals.of(request.url.path, 500, "internal_error", "Something broke inside the service; it has been logged.")

    app.add_exception_handler(Problem, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, broken)

"""Refusals in the words of this API: ``{"error": {"message", "type", "param", "code"}}``, whatever part refuses."""

from typing import Any

from pydantic import BaseModel

_PARAMS = {
    "bad_conversation_id": "conversation",
    "bad_text": "input",
    "empty_message": "input",
    "message_too_large": "input",
}
"""What is wrong in a request, by the codes of parts that do not know this API."""


class ErrorTold(BaseModel):
    """``code`` is the service's own; ``param`` names what is wrong in the request, where one thing is."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(BaseModel):
    """Body of every error answer under ``/v1``."""

    error: ErrorTold


def error_body(status: int, code: str, detail: str, extra: dict[str, Any]) -> dict[str, Any]:
    """The body of a refusal; ``extra`` may hold ``param``."""
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    told = ErrorTold(message=detail, type=kind, param=extra.get("param") or _PARAMS.get(code), code=code)
    return ErrorBody(error=told).model_dump()

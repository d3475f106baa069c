"""What an endpoint's refusal means: one of the codes of ``ModelFailed``, and whether trying again makes sense.

Knows statuses, headers and error bodies of OpenAI-compatible servers. Lets neither the key nor a whole upstream body into a
detail: details travel to people.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

from agent.domain.limits import MODEL_ERROR_QUOTED_CHARS_MAX
from agent.domain.model import CONTEXT_TOO_LONG, ModelFailed

_CONTEXT_CODES = {"context_length_exceeded", "exceed_context_size_error"}
_CONTEXT_PHRASES = ("context length", "context size", "context window", "context_length_exceeded", "prompt is too long")
_WINDOW = re.compile(r"(?:context (?:length|size|window)|n_ctx|maximum)\D{0,24}([0-9]{3,9})(?![0-9])", re.IGNORECASE)
_ABOUT_THE_REQUEST = {400, 413, 422}
_BUSY_STATUSES = {408, 409, 429}
# Inside a stream there is no status any more; these names stand for one, anything else counts as the server's own fault.
_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "invalid_request_error": 400,
    "model_not_found": 404,
}


def quote(text: str, secret: str) -> str:
    """At most 200 characters of ``text`` in one line, without control characters and without the secret."""
    visible = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return (visible.replace(secret, "***") if secret else visible)[:MODEL_ERROR_QUOTED_CHARS_MAX]


def from_response(status: int, headers: Mapping[str, str], body: object, secret: str) -> ModelFailed:
    """The failure that an HTTP status of 300 and above stands for."""
    names, message = _names_and_message(body)
    return _classify(f"The model endpoint answered {status}", status, names, quote(message, secret), retry_after(headers))


def from_stream(error: object, secret: str) -> ModelFailed:
    """The failure that an ``error`` inside a stream stands for."""
    names, message = _names_and_message(error)
    status = next((_STATUS_OF[name] for name in names if name in _STATUS_OF), 500)
    for name in names:
        if name.isdigit() and 400 <= int(name) <= 599:
            status = int(name)
    return _classify("The model endpoint broke off its answer", status, names, quote(message, secret), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from ``retry-after-ms`` or ``Retry-After`` (seconds, or a date beside the response's own ``Date``)."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None or not value:
        return seconds
    try:
        # Against the server's own clock: no skew, and no clock needed here.
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _seconds(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _classify(what: str, status: int, names: set[str], said: str, wait: float | None) -> ModelFailed:
    if names & _CONTEXT_CODES or (status in _ABOUT_THE_REQUEST and any(phrase in said.lower() for phrase in _CONTEXT_PHRASES)):
        detail = (
            f"The conversation is too long for the model: {said}" if said else "The conversation is too long for the model."
        )
        return ModelFailed(CONTEXT_TOO_LONG, detail, retryable=False, window=_window(said))
    if "content_filter" in names:
        return ModelFailed("content_filtered", "The model endpoint's content filter refused the request.", retryable=False)
    if "insufficient_quota" in names:
        return ModelFailed(
            "model_rate_limited", "The quota at the model endpoint is used up.", retryable=False, retry_after=wait
        )
    if status in (401, 403):
        # Never quoted: endpoints repeat parts of the key here.
        return ModelFailed("model_auth", f"The model endpoint refused the credentials ({status}).", retryable=False)
    detail = f"{what}: {said}" if said else f"{what}."
    if status in _BUSY_STATUSES:
        return ModelFailed("model_rate_limited", detail, retryable=True, retry_after=wait)
    if status >= 500:
        return ModelFailed("model_error", detail, retryable=True, retry_after=wait)
    return ModelFailed("model_rejected", detail, retryable=False)


def _window(said: str) -> int | None:
    """The tokens that the model takes, as far as the message names them: the smallest number it may mean."""
    return min(map(int, _WINDOW.findall(said)), default=None)


def _names_and_message(body: object) -> tuple[set[str], str]:
    """``code`` and ``type`` of an error object, in lower case, and its message; also of a nested one, or of bare text."""
    if not isinstance(body, dict):
        return set(), body if isinstance(body, str) else ""
    fields = cast(dict[str, Any], body)
    nested = fields.get("error")
    if nested:
        return _names_and_message(nested)
    names = {str(fields[key]).lower() for key in ("code", "type", "status") if fields.get(key) is not None}
    message = fields.get("message")
    return names, message if isinstance(message, str) else ""

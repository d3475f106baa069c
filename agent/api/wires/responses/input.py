"""``input`` of a request: its last item is what the user says, and the items before it can only be what has been said.

The history is the service's own, so of an earlier item nothing is used; one that tells something else than this wire or a user
has told would be lost, and is refused. What is null says nothing.
"""

from typing import Any

from agent.api.wires.refusal import refuse
from agent.api.wires.responses.items import SERVER_LABEL
from agent.domain.limits import NAME_TOLD_CHARS_MAX

Json = dict[str, Any]
OWN_PROMPT = "The service has a prompt of its own."
_ONLY_TEXT = "A message is text: 'input_text'."
_OF_USER = {"id", "type", "role", "status", "content"}  # id and status: as GET .../input_items tells them
_OF_PART = {"type", "text"}
_TEXTS = {"user": ("input_text",), "assistant": ("output_text", "refusal")}


def said(given: Any) -> str:
    """The text of the user message that ``given`` is, or ends with. Raises BadRequest with the name of what is not taken."""
    if isinstance(given, str):
        return given
    if not isinstance(given, list) or not given:
        refuse("invalid_input", "'input' is a string, or a list of items that ends with a user message.", "input")
    items: list[Any] = given
    for n, item in enumerate(items[:-1]):
        _check_earlier(item, f"input[{n}]")
    return _last(items[-1], f"input[{len(items) - 1}]")


def check_fields(given: Json, taken: set[str], where: str) -> None:
    """Refuses what ``given`` has beside ``taken``."""
    for name, value in given.items():
        if value is not None and name not in taken:
            told = f"{where}.{name[:NAME_TOLD_CHARS_MAX]}"
            refuse("unsupported_parameter", f"Unsupported parameter: '{told}'.", told)


def _check_earlier(item: Any, place: str) -> None:
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if kind == "mcp_call" and item.get("server_label") == SERVER_LABEL:
        return
    role = item.get("role") if kind == "message" else None
    if role in ("system", "developer"):
        refuse("unsupported_parameter", f"Unsupported parameter: '{place}'. {OWN_PROMPT}", place)
    if role not in ("user", "assistant"):
        why = "The history is the service's own: what comes before the last item can only be messages and its own 'mcp_call's."
        refuse("unsupported_parameter", f"Unsupported parameter: '{place}'. {why}", place)
    content = item.get("content")
    for n, part in enumerate(content if isinstance(content, list) else []):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        _kind_of(part, _TEXTS[role], f"{place}.content[{n}]")


def _last(item: Any, place: str) -> str:
    if isinstance(item, dict) and item.get("role") in ("system", "developer"):
        refuse("unsupported_parameter", f"Unsupported parameter: '{place}'. {OWN_PROMPT}", place)
    if not isinstance(item, dict) or item.get("type", "message") != "message" or item.get("role") != "user":
        refuse("invalid_input", f"The last item of 'input' is to be a user message; '{place}' is none.", place)
    check_fields(item, _OF_USER, place)
    content = item.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        refuse("invalid_input", f"'{place}.content' is to be a string or a list of parts.", f"{place}.content")
    return "\n".join(_text(part, f"{place}.content[{n}]") for n, part in enumerate(content))


def _text(part: Any, place: str) -> str:
    _kind_of(part, _TEXTS["user"], place)
    check_fields(part, _OF_PART, place)
    if not isinstance(part.get("text"), str):
        refuse("unsupported_content", f"'{place}' has no text.", place)
    return part["text"]


def _kind_of(part: Any, taken: tuple[str, ...], place: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in taken:
        told = str(kind)[:NAME_TOLD_CHARS_MAX]
        refuse("unsupported_content", f"Unsupported content: {told!r} at '{place}'. {_ONLY_TEXT}", place)

"""Results that were cut to a size: ``{"truncated": true, "preview": "{\\"tasks\\":[{..."}``. What came whole is still good."""

import json
from collections.abc import Mapping
from typing import Any, cast

_CLOSES = {"{": "}", "[": "]"}


def restored(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values that are whole in the preview of a cut result, still marked ``truncated``; any other result as it is."""
    preview = result.get("preview")
    if not result.get("truncated") or not isinstance(preview, str):
        return result
    try:
        value: Any = json.loads(_closed(preview))
    except (ValueError, RecursionError):
        return result
    return {**cast(Mapping[str, Any], value), "truncated": True} if isinstance(value, Mapping) else result


def _closed(text: str) -> str:
    """The text up to its last whole value, with the brackets closed that are open there."""
    stack: list[str] = []
    in_string = escaped = False
    end, closing = 0, ""
    for position, char in enumerate(text):
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in _CLOSES:
            stack.append(_CLOSES[char])
            end, closing = position + 1, "".join(reversed(stack))
        elif char in "}]" and stack:
            stack.pop()
            end, closing = position + 1, "".join(reversed(stack))
        elif char == ",":
            end, closing = position, "".join(reversed(stack))
    return text[:end] + closing

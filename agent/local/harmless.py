"""Text from outside without what a terminal would obey: a model's words must not clear the screen or rename the window.

Everything the terminal chat shows comes through here where it is read, so that no place that shows it has to remember.
"""

import json
import re
from typing import Any

_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u202a-\u202e\u2066-\u2069]"  # what turns the direction of text round
)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")


def harmless(text: str) -> str:
    """``text`` without control characters and changes of direction."""
    return _OBEYED.sub("", text)


def read_json(text: str) -> Any:
    """The value of a JSON text, with every text in it, names too, as ``harmless`` leaves it.

    The JSON itself is cleaned and not the value: a model may nest its arguments deeper than a walk could follow.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(_ESCAPE.sub(_harmless_escape, harmless(text)))


def _harmless_escape(match: re.Match[str]) -> str:
    escape = match[0]
    return escape if harmless(json.loads(f'"{escape}"')) else ""

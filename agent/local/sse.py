"""Server-sent events: from pieces of text to frames. Knows nothing of what they mean."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agent.local.harmless import read_json


@dataclass(frozen=True)
class Frame:
    """One event; ``data`` is its JSON object."""

    id: str
    event: str
    data: dict[str, Any]


PING = Frame("", "ping", {})
"""A comment: nothing but a sign that the other side is there."""


def lines(chunks: Iterable[str]) -> Iterator[str]:
    """Complete lines of a stream that arrives in pieces.

    Only a line feed ends a line: Python's own splitting (and httpx's) also cuts at U+0085 or U+2028, which JSON may contain.
    """
    rest = ""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split("\n")
        yield from (line.removesuffix("\r") for line in complete)


def frames(chunks: Iterable[str]) -> Iterator[Frame]:
    """Frames as they are complete, and PING for each comment; a frame that the end of the stream cuts off is dropped."""
    fields: dict[str, list[str]] = {}
    last_id = ""
    for line in lines(chunks):
        if line:
            name, _, value = line.partition(":")
            if name:
                fields.setdefault(name, []).append(value.removeprefix(" "))
            else:
                yield PING
            continue
        if "id" in fields:
            last_id = fields["id"][-1]
        if "data" in fields:
            yield Frame(last_id, fields.get("event", ["message"])[-1], read_json("\n".join(fields["data"])))
        fields = {}

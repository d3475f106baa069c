"""Server-sent events: from lines to frames. Knows nothing of what they mean."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One event; ``data`` is its JSON object."""

    id: str
    event: str
    data: dict[str, Any]


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """Frames as they are complete. Comments (pings) are skipped; a frame that the end of the stream cuts off is dropped."""
    fields: dict[str, list[str]] = {}
    last_id = ""
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            if name:
                fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "id" in fields:
            last_id = fields["id"][-1]
        if "data" in fields:
            yield Frame(last_id, fields.get("event", ["message"])[-1], json.loads("\n".join(fields["data"])))
        fields = {}

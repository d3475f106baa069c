"""Log entries as events again, for the wires that look into them.

An older replica may meet what a newer one has written: it passes over events it does not know, and fields of those it knows.
"""

from typing import get_args

import orjson

from agent.domain.events import AnyTurnEvent, LogEntry

_MODELS = {m.model_fields["type"].default: m for part in get_args(AnyTurnEvent) for m in (get_args(part) or (part,))}


def event_of(entry: LogEntry) -> AnyTurnEvent | None:
    """The event in ``entry``; None for one that this release does not know."""
    model = _MODELS.get(entry.name)
    if model is None:
        return None
    told = orjson.loads(entry.data)
    return model.model_validate({name: value for name, value in told.items() if name in model.model_fields})

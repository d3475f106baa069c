"""``docs/events.md`` from the models: ``python -m tests.unit.api.event_tables`` writes it, a test compares it."""

from pathlib import Path
from typing import Any, get_args

from agent.api.openapi import _models
from agent.domain import events

DOCUMENT = Path(__file__).parents[3] / "docs" / "events.md"
_HEAD = """\
# Events

The service's own wire: server-sent events, UTF-8, lines end with LF. `python -m tests.unit.api.event_tables` writes
this file from `agent/domain/events.py`; a test compares them. The JSON schema of each event is in `/openapi.json` under
the name in the first column.

## A turn

Channels: `POST /chat`, `POST /turns/{turn_id}/regenerate` and `GET /turns/{turn_id}/events`, all with the same frames
for everyone.

    id: {turn_id}/{epoch}-{seq}
    event: text.delta
    data: {"turn_id":"...","type":"text.delta","step":0,"delta":" word"}

- Ids only grow. `seq` is gap-free inside an epoch, until something is told from the record: that is numbered behind all
  that a log can have, from 500,000,000 on. With `Last-Event-ID` (or `?after=`) the stream goes on exactly behind that
  frame, on any replica.
- The stream ends with exactly one of `turn.completed`, `turn.failed`, `turn.cancelled`. One that ends without is cut
  off: come back. Behind that last frame there is nothing, which is 204: a browser's `EventSource` comes back after each
  end, and stops at that.
- Comments are pings. Leaving cancels nothing. Pass over events and fields that you do not know: later releases have more.
- Ten minutes after the end (or 500 later turns, without Redis) the log is gone; then each step is told whole, from the
  record, behind a `step.restarted`; so is what a cancelled turn had shown of the step that was cut off.

Every event has `type`, its name again, and `turn_id`.

"""
_FEED = """
## The feed

Channel: `GET /events`. What happens to the user's tasks and conversations, from now on, or behind `Last-Event-ID` while
that entry is kept. A hint: who reconnects fetches again.

    id: {number}
    event: task.created
    data: {"event_id":"...","event_type":"task.created", ...}

Every event has `event_type`, its name again, `event_id` (the same at every repeat: delivery is at least once),
`user_id`, and `timestamp` (ISO 8601 UTC).

"""
_COLUMNS = "| event, schema | when, and what a reader may rely on | fields |\n|---|---|---|\n"
_SHARED = {"type", "turn_id", "event_type", "event_id", "tenant_id", "user_id", "timestamp"}


def document() -> str:
    """The whole file."""
    turn = "".join(_row(m, [m.model_fields["type"].default]) for m in _models(events.AnyTurnEvent))
    feed = "".join(
        _row(m, list(get_args(m.model_fields["event_type"].annotation)), besides=frozenset({"turn_id"}))
        for m in _models(events.AnyFeedEvent)
    )
    return _HEAD + _COLUMNS + turn + _FEED + _COLUMNS + feed


def _row(
    model: type[events.TurnEvent] | type[events.FeedEvent], names: list[str], besides: frozenset[str] = frozenset()
) -> str:
    schema = model.model_json_schema(mode="serialization")
    fields = [
        f"`{name}`: {_shown(told)}" for name, told in schema["properties"].items() if name in besides or name not in _SHARED
    ]
    told = " ".join((model.__doc__ or "").split()).replace("``", "`")
    return f"| {', '.join(f'`{name}`' for name in names)}<br>{model.__name__} | {told} | {'<br>'.join(fields)} |\n"


def _shown(schema: dict[str, Any]) -> str:
    """A field's type in words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_shown(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_shown(schema['items'])}"
    return schema.get("type", "any")


if __name__ == "__main__":
    DOCUMENT.write_text(document())

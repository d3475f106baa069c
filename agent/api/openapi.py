"""The part of the OpenAPI document that routes do not say by themselves: events, and the refusals that all routes share."""

from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from agent.api.problems import ANYWHERE
from agent.domain import events

DESCRIPTION = """\
A conversational agent that gets tasks done.

`POST /chat` streams server-sent events. Each frame has `id: {turn_id}/{epoch}-{seq}`, `event: <name>` and `data: <JSON>` with
`type` and `turn_id`; lines that begin with a colon are pings. `GET /events` streams what happens to the user's tasks and
conversations: there an event's name is its `event_type`. The names, each with its schema under *components*:

"""
_HEAD = """\
| event | schema | meaning |
| --- | --- | --- |
"""


def _models(union: Any) -> list[Any]:
    return [m for part in get_args(union) for m in (_models(part) or [part])]


def _table() -> str:
    told = [(m, (m.model_fields["type"].default,)) for m in _models(events.AnyTurnEvent)]
    told += [(m, get_args(m.model_fields["event_type"].annotation)) for m in _models(events.AnyFeedEvent)]
    rows = [
        f"| {', '.join(f'`{name}`' for name in names)} | {m.__name__} | {(m.__doc__ or '').strip().splitlines()[0]} |"
        for m, names in told
    ]
    return _HEAD + "\n".join(rows)


def _drop_framework_refusals(document: dict[str, Any]) -> None:
    """The framework tells of a 422 of its own shape wherever a route has parameters; ours is told where it can happen."""
    for item in document["paths"].values():
        for operation in item.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _tell_shared_refusals(document: dict[str, Any]) -> None:
    """Every operation refers to what any route may answer, unless it tells that in the shape of its own wire."""
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    shared = {name: {"description": told, "content": body} for name, told in ANYWHERE.values()}
    document["components"]["responses"] = shared
    for item in document["paths"].values():
        for operation in item.values():
            for status, (name, _) in ANYWHERE.items():
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name}"})


def with_event_schemas(app: FastAPI) -> None:
    """Adds every event's schema, the table of events and the shared refusals to ``app``'s OpenAPI document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            models = _models(events.AnyTurnEvent) + _models(events.AnyFeedEvent)
            _, schemas = models_json_schema([(m, "serialization") for m in models], ref_template="#/components/schemas/{model}")
            document["components"]["schemas"] |= schemas["$defs"]
            _drop_framework_refusals(document)
            _tell_shared_refusals(document)
            document["info"]["description"] += _table()
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue] -- FastAPI documents this override

"""The public application: every route of the service and nothing of Dapr's."""

from collections.abc import Mapping

from fastapi import APIRouter, FastAPI

from agent.api import problems
from agent.api.docs import mount_docs
from agent.api.gate import Gate
from agent.api.openapi import DESCRIPTION, with_event_schemas
from agent.api.page import mount_page
from agent.api.problems import Dialect, Refusals
from agent.ports import UnderWay


def public_app(version: str, routers: list[APIRouter], under_way: UnderWay, dialects: Mapping[str, Dialect]) -> FastAPI:
    """The public API with its gate, its shapes of errors, and its OpenAPI document at ``/openapi.json``.

    The interactive documentation pages of the framework are off: they load scripts from another host. ``/docs`` is our own.
    """
    app = FastAPI(
        title="Task Agent",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    refusals = Refusals(dialects)
    problems.install(app, refusals)
    app.add_middleware(Gate, under_way=under_way, refusals=refusals)
    for router in routers:
        app.include_router(router)
    mount_page(app)
    mount_docs(app)
    with_event_schemas(app)
    return app

"""The public application: every route of the service and nothing of Dapr's."""

from fastapi import APIRouter, FastAPI

from agent.api import problems
from agent.api.gate import Gate
from agent.api.openapi import DESCRIPTION, with_event_schemas
from agent.api.page import mount_page
from agent.ports import UnderWay


def public_app(version: str, routers: list[APIRouter], under_way: UnderWay) -> FastAPI:
    """The public API with its gate, its one shape of errors, and its OpenAPI document at ``/openapi.json``.

    The interactive documentation pages of the framework are off: they load scripts from another host.
    """
    app = FastAPI(
        title="Task Agent",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.add_middleware(Gate, under_way=under_way)
    for router in routers:
        app.include_router(router)
    mount_page(app)
    with_event_schemas(app)
    return app

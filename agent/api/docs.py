"""``/docs``: the API to read and to try, offline. Swagger UI from files of an installed package, nothing from another host.

The page holds no script of its own, so that the policy can forbid any but ours; the one that starts it is a file as well.
"""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon.png"})  # the package has others

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Task Agent: API</title>
<link rel="icon" href="/docs/files/favicon.png"><link rel="stylesheet" href="/docs/files/swagger-ui.css"></head>
<body><main id="api"></main>
<script src="/docs/files/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
"""
_START = """\
SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null, tryItOutEnabled: true});
"""


def mount_docs(app: FastAPI) -> None:
    """Adds ``/docs`` and its files to ``app``; none of them is in the OpenAPI document."""

    async def page() -> Response:
        return HTMLResponse(_PAGE, headers=_HEADERS)

    async def start() -> Response:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    app.add_api_route("/docs", page, methods=["GET"], include_in_schema=False)
    app.add_api_route("/docs/start.js", start, methods=["GET"], include_in_schema=False)
    app.mount("/docs/files", GZipMiddleware(_Files(directory=_folder())))


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path if path in _FILES else "", scope)
        response.headers.update(_HEADERS)
        return response


def _folder() -> Path:
    """Where the package has its files; it is not imported, since it would patch nothing we use but brings an application."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_offline is not installed")
    return Path(found.origin).parent / "static"

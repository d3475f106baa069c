"""The page: the files of its build, served with headers that let it load nothing from any other host.

The build is made by ``make page`` from ``web/`` into ``agent/page``. Without it ``/`` says so; the API does not mind.
"""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE = Path(__file__).parents[1] / "page"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_REVALIDATE = {**HEADERS, "Cache-Control": "no-cache"}
_FOR_EVER = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}  # names of assets carry a hash of their content

_NO_WORKER = """\
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) =>
  event.waitUntil(caches.delete("shell").then(() => self.registration.unregister())));
"""
_NOT_BUILT = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Task Agent</title></head>
<body>
<h1>Task Agent runs; its page is not built</h1>
<p>The page is built with Node.js 20.19 or newer, which was missing when this service was installed. Get Node.js
and run this where the service's source is:</p>
<pre>make page</pre>
<p>Then load this page again; the service need not be restarted. Meanwhile everything works without it:
<code>task-agent chat</code> in a terminal, and the API described at <a href="/openapi.json">/openapi.json</a>.</p>
</body>
</html>
"""


def mount_page(app: FastAPI, folder: Path = PAGE) -> None:
    """Adds ``/``, ``/icon.svg``, ``/sw.js`` and ``/assets`` to ``app``. ``folder`` need not exist, and may come later."""

    def serve(path: str, name: str, without: Callable[[], Response]) -> None:
        async def file() -> Response:
            found = folder / name
            return FileResponse(found, headers=_REVALIDATE) if found.is_file() else without()

        app.add_api_route(path, file, methods=["GET", "HEAD"], include_in_schema=False)

    serve("/", "index.html", lambda: HTMLResponse(_NOT_BUILT, headers=_REVALIDATE))
    serve("/icon.svg", "icon.svg", lambda: Response(status_code=204, headers=_REVALIDATE))
    # Without a build, a worker that removes what an earlier build has left with the browser: a 404 would leave it there.
    serve("/sw.js", "sw.js", lambda: Response(_NO_WORKER, headers=_REVALIDATE, media_type="text/javascript"))
    app.mount("/assets", GZipMiddleware(_Assets(directory=folder / "assets", check_dir=False)))


class _Assets(StaticFiles):
    """What is found may be kept for ever; without a build nothing is found."""

    async def check_config(self) -> None:
        pass  # the folder may come later

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_FOR_EVER)
        return response

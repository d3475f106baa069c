"""The page's files: where they are served, and under which policy; and what is said when there are none."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from agent.api.page import mount_page

SCRIPT = "export const x = 1;\n" * 200


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>built</title>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "sw.js").write_text("// worker")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    return tmp_path


async def get(folder: Path, path: str) -> httpx.Response:
    app = FastAPI()
    mount_page(app, folder)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/icon.svg", "image/svg+xml"),
        ("/sw.js", "text/javascript"),
        ("/assets/index-abc.js", "text/javascript"),
    ],
)
async def test_every_file_comes_with_its_type_and_the_policy(page: Path, path: str, kind: str) -> None:
    answer = await get(page, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'", "'script'"}  # no other host, nothing inline, nothing evaluated
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_has_a_hash_in_its_name_is_kept_for_ever_and_the_index_is_asked_for_again(page: Path) -> None:
    assert "immutable" in (await get(page, "/assets/index-abc.js")).headers["cache-control"]
    for path in ("/", "/sw.js"):
        assert (await get(page, path)).headers["cache-control"] == "no-cache"


async def test_scripts_are_compressed(page: Path) -> None:
    answer = await get(page, "/assets/index-abc.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == SCRIPT


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/"])
async def test_nothing_else_is_served(page: Path, path: str) -> None:
    assert (await get(page, path)).status_code in (404, 405)


async def test_without_a_build_it_says_how_to_get_one(tmp_path: Path) -> None:
    answer = await get(tmp_path / "nothing", "/")
    assert answer.status_code == 200
    assert "make page" in answer.text
    assert not re.search(r"<(script|style|link|img)|https?://", answer.text)
    assert (await get(tmp_path / "nothing", "/icon.svg")).status_code == 204
    assert (await get(tmp_path / "nothing", "/assets/x.js")).status_code == 404
    assert "unregister" in (await get(tmp_path / "nothing", "/sw.js")).text, "what an earlier build has left goes away"


async def test_a_build_that_comes_later_is_served_at_once(tmp_path: Path) -> None:
    app = FastAPI()
    mount_page(app, tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert "make page" in (await client.get("/")).text
        (tmp_path / "index.html").write_text("built")
        assert (await client.get("/")).text == "built"

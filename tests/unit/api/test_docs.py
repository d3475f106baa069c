"""``/docs`` loads everything from this service, and its policy lets it load nothing else."""

import re

import pytest

from tests.unit.api.service import Service


async def test_the_page_and_what_it_loads_come_from_here(service: Service) -> None:
    async with service.client() as client:
        page = await client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert len(named) == 4
        for path in named:
            assert path.startswith("/docs/")
            assert (await client.get(path)).status_code == 200, path
        started = await client.get("/docs/start.js")
    assert "://" not in page.text + started.text
    assert '"/openapi.json"' in started.text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=", page.text), "the policy would not run it"


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/docs/files/swagger-ui-bundle.js"])
async def test_the_policy_names_no_other_host(service: Service, path: str) -> None:
    async with service.client() as client:
        policy = (await client.get(path)).headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert {word for sources in directives.values() for word in sources.split()} <= {"'none'", "'self'", "data:"}
    assert directives["script-src"] == "'self'"


async def test_the_bundle_is_compressed(service: Service) -> None:
    async with service.client(**{"Accept-Encoding": "gzip"}) as client:
        answer = await client.get("/docs/files/swagger-ui-bundle.js")
    assert answer.headers["content-encoding"] == "gzip"

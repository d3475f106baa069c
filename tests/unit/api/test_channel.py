"""The app channel answers only who has the token."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from agent.api.channel import channel_app
from tests.unit.api.service import is_problem

TOKEN = "channel-token"
GOOD = {"dapr-api-token": TOKEN}
CALLER = "the caller's"


def open_channel(token: str) -> httpx.AsyncClient:
    app, _ = channel_app(token, CALLER, [], lambda: False)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000")


@pytest.fixture
async def channel() -> AsyncGenerator[httpx.AsyncClient]:
    async with open_channel(TOKEN) as client:
        yield client


ROUTES = [
    ("GET", "/dapr/config"),
    ("GET", "/dapr/subscribe"),
    ("PUT", "/actors/ChatActor/default.local.main/method/GetTurn"),
    ("DELETE", "/actors/ChatActor/default.local.main"),
    ("GET", "/nowhere"),
    ("GET", "/healthz/../dapr/config"),
    ("GET", "//healthz"),
    ("GET", "/HEALTHZ"),
]


@pytest.mark.parametrize(("verb", "path"), ROUTES)
@pytest.mark.parametrize("given", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper()])
async def test_without_the_token_there_is_nothing(channel: httpx.AsyncClient, verb: str, path: str, given: str | None) -> None:
    headers = {} if given is None else {"dapr-api-token": given}
    assert is_problem(await channel.request(verb, path, headers=headers), 401, "unauthorized")


async def test_an_empty_token_opens_nothing() -> None:
    async with open_channel("") as client:
        for headers in ({}, {"dapr-api-token": ""}):
            assert is_problem(await client.get("/dapr/config", headers=headers), 401, "unauthorized")


async def test_health_is_open_and_tells_nothing(channel: httpx.AsyncClient) -> None:
    answer = await channel.get("/healthz")
    assert answer.status_code == 200
    assert len(answer.content) < 100


async def test_an_actor_call_needs_the_callers_token(channel: httpx.AsyncClient) -> None:
    route = "/actors/ChatActor/default.local.main/method/GetHistory"
    for given in ({}, {"x-task-agent-caller": ""}, {"x-task-agent-caller": TOKEN}):
        assert (await channel.put(route, headers=GOOD | given)).status_code == 403
    reached = await channel.put(route, headers=GOOD | {"x-task-agent-caller": CALLER})
    assert (reached.status_code, "not registered" in reached.text) == (500, True), (
        "it came to the SDK, which hosts nothing here"
    )


async def test_half_a_call_is_none() -> None:
    """A sidecar that hangs up mid-body must not have dispatched what had come so far."""
    app, _ = channel_app(TOKEN, CALLER, [], lambda: False)
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"dapr-api-token", TOKEN.encode()), (b"x-task-agent-caller", CALLER.encode())]
    path = "/actors/ChatActor/a/method/ClearHistory"
    scope = {"type": "http", "method": "PUT", "path": path, "headers": headers, "query_string": b""}
    await app(scope, receive, send)  # pyright: ignore[reportArgumentType] -- as a server would
    assert sent == []

"""The app channel answers only who has the token, feeds only our own events, and drops the rest for good."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from agent.api.channel import channel_app
from agent.domain.events import ConversationUpdated
from agent.domain.ids import Identity
from tests.fakes.ports import EPOCH, some_task
from tests.unit.api.service import is_problem

TOKEN = "channel-token"
GOOD = {"dapr-api-token": TOKEN}
EVENT = {
    "event_id": "e-1",
    "event_type": "conversation.updated",
    "tenant_id": "default",
    "user_id": "local",
    "timestamp": EPOCH.isoformat(),
    "conversation": "main",
    "turn_id": "main.1.x",
    "status": "completed",
    "user_message": "hi",
    "assistant_message": "ho",
}
TASK_EVENT = {
    **{k: EVENT[k] for k in ("tenant_id", "user_id", "timestamp")},
    "event_id": "t-1",
    "event_type": "task.created",
    "task_id": "t",
    "task": some_task("t").model_dump(),
    "by": "user:local",
}


class Heard:
    """A feed that remembers; nobody follows it."""

    def __init__(self) -> None:
        self.events: list[object] = []

    async def append(self, event: object) -> None:
        self.events.append(event)

    async def follow(self, who: Identity, after: int | None):
        raise NotImplementedError
        yield []


@pytest.fixture
def heard() -> Heard:
    return Heard()


def open_channel(heard: Heard, token: str) -> httpx.AsyncClient:
    app, _ = channel_app(heard, token, CALLER, [], lambda: False)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000")


@pytest.fixture
async def channel(heard: Heard) -> AsyncGenerator[httpx.AsyncClient]:
    async with open_channel(heard, TOKEN) as client:
        yield client


CALLER = "the caller's"
ROUTES = [
    ("GET", "/dapr/config"),
    ("GET", "/dapr/subscribe"),
    ("POST", "/subscriptions/task-events"),
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


async def test_an_empty_token_opens_nothing(heard: Heard) -> None:
    async with open_channel(heard, "") as client:
        for headers in ({}, {"dapr-api-token": ""}):
            assert is_problem(await client.get("/dapr/config", headers=headers), 401, "unauthorized")


async def test_health_is_open_and_tells_nothing(channel: httpx.AsyncClient) -> None:
    answer = await channel.get("/healthz")
    assert answer.status_code == 200
    assert len(answer.content) < 100


async def test_the_sidecar_learns_the_subscriptions(channel: httpx.AsyncClient) -> None:
    told = (await channel.get("/dapr/subscribe", headers=GOOD)).json()
    assert {s["topic"]: s["route"] for s in told} == {
        "task-events": "/subscriptions/task-events",
        "conversation-events": "/subscriptions/conversation-events",
    }
    assert all(s["deadLetterTopic"] == f"{s['topic']}-dead" for s in told)
    assert {s["pubsubname"] for s in told} == {"pubsub"}


async def deliver(channel: httpx.AsyncClient, body: bytes | None = None, topic: str = "task-events", **envelope: object) -> str:
    route = f"/subscriptions/{topic}"
    if body is not None:
        answer = await channel.post(route, content=body, headers={**GOOD, "Content-Type": "application/json"})
    else:
        answer = await channel.post(route, json={"specversion": "1.0", "id": "x", **envelope}, headers=GOOD)
    assert answer.status_code == 200, "anything else is delivered again and again"
    return answer.json()["status"]


async def test_our_events_reach_the_feed(channel: httpx.AsyncClient, heard: Heard) -> None:
    assert await deliver(channel, data=EVENT, topic="conversation-events") == "SUCCESS"
    assert await deliver(channel, data=TASK_EVENT) == "SUCCESS"
    assert heard.events[0] == ConversationUpdated.model_validate(EVENT)
    assert len(heard.events) == 2


FOREIGN = [b"", b"nonsense", b"[]", b"null", b"5", b'"text"', b"{}", b'{"data": null}', b'{"data": "text"}', b'{"data": []}']
MORE = [b'{"data": {}}', b"\xff\xfe", b"[" * 20_000, b'{"data":' * 5_000, b'{"data": {"event_type": "somebody.elses"}}']


@pytest.mark.parametrize("body", [*FOREIGN, *MORE], ids=lambda b: repr(b[:20]))
async def test_what_is_none_of_ours_is_dropped(channel: httpx.AsyncClient, heard: Heard, body: bytes) -> None:
    assert await deliver(channel, body) == "DROP"
    assert heard.events == []


@pytest.mark.parametrize("change", [{"event_type": "task.created"}, {"extra": 1}, {"user_id": None}, {"status": "cancelled"}])
async def test_an_event_of_another_form_is_dropped(channel: httpx.AsyncClient, heard: Heard, change: dict[str, object]) -> None:
    assert await deliver(channel, data={**EVENT, **change}) == "DROP"
    assert heard.events == []


async def test_an_actor_call_needs_the_callers_token(channel: httpx.AsyncClient) -> None:
    route = "/actors/ChatActor/default.local.main/method/GetHistory"
    for given in ({}, {"x-task-agent-caller": ""}, {"x-task-agent-caller": TOKEN}):
        assert (await channel.put(route, headers=GOOD | given)).status_code == 403
    reached = await channel.put(route, headers=GOOD | {"x-task-agent-caller": CALLER})
    assert (reached.status_code, "not registered" in reached.text) == (500, True), (
        "it came to the SDK, which hosts nothing here"
    )


async def test_half_a_call_is_none(heard: Heard) -> None:
    """A sidecar that hangs up mid-body must not have dispatched what had come so far."""
    app, _ = channel_app(heard, TOKEN, CALLER, [], lambda: False)
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"dapr-api-token", TOKEN.encode()), (b"x-task-agent-caller", CALLER.encode())]
    for method, path in (("PUT", "/actors/ChatActor/a/method/ClearHistory"), ("POST", "/subscriptions/task-events")):
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
        await app(scope, receive, send)  # pyright: ignore[reportArgumentType] -- as a server would
    assert sent == []
    assert heard.events == []

"""Half a surrogate pair, which JSON can escape and nothing can send, anywhere in what wires take: refused, or told whole."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.unit.api.service import Service

HALF = "\ud800"
PATIENCE = 10.0
USER = {"id": "u-2", "role": "user", "content": "hi there"}
CALL = {"id": "c-1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OWN = {"message": "hi there", "conversation": "main", "on_busy": "queue"}
AGUI = {
    "threadId": "main",
    "runId": "run-1",
    "messages": [
        {"id": "u-1", "role": "user", "content": [{"type": "text", "text": "sliced"}], "metadata": {"a": ["b"]}},
        {"id": "a-1", "role": "assistant", "content": "so", "toolCalls": [CALL]},
        {"id": "t-1", "role": "tool", "content": "{}", "toolCallId": "c-1"},
        {"id": "x-1", "role": "activity", "activityType": "task", "content": {"a": {"b": "c"}}},
        USER,
        {"id": "a-2", "role": "assistant", "content": "he"},  # of an earlier try: it joins, and gets them all back at once
    ],
    "state": {"a": "b"},
    "forwardedProps": {"on_busy": "queue"},
}
AISDK = {
    "id": "main",
    "trigger": "submit-message",
    "messages": [
        {"id": "m-1", "role": "assistant", "parts": [{"type": "text", "text": "so"}]},
        {"id": "m-2", "role": "user", "parts": [{"type": "text", "text": "hi there"}], "metadata": {"a": "b"}},
    ],
}
OF_OURS = {"id": "main", "messages": [{"id": "x.user", "role": "user", "parts": [{"type": "text", "text": "hi there"}]}]}
RESPONSES = {
    "model": "task-agent",
    "conversation": {"id": "main"},
    "input": [
        {"role": "assistant", "type": "message", "content": [{"type": "output_text", "text": "so", "annotations": []}]},
        {"role": "user", "type": "message", "content": [{"type": "input_text", "text": "hi there"}]},
    ],
    "stream": True,
    "text": {"format": {"type": "text"}},
}
FOLLOWS = {"input": "hi there", "previous_response_id": "resp_x"}
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/chat", OWN),
    ("/agui", AGUI),
    ("/agui", {"threadId": "main", "runId": "run-1", "messages": []}),
    ("/api/chat", AISDK),
    ("/api/chat", OF_OURS),
    ("/api/chat/main/stop", {"message_id": "main.1.x", "effects": "keep"}),
    ("/v1/responses", RESPONSES),
    ("/v1/responses", FOLLOWS),
]
ENDS = ("turn.completed", "RUN_FINISHED", "[DONE]", "response.completed", '"completed"')


def halved(value: Any) -> Iterator[Any]:
    """``value`` once for each text and each name in it, with half a pair there."""
    match value:
        case str():
            yield value + HALF
        case dict():
            for name, part in value.items():
                others = {k: v for k, v in value.items() if k != name}
                yield {**others, name + HALF: part}
                yield from ({**value, name: changed} for changed in halved(part))
        case list():
            for n, part in enumerate(value):
                yield from ([*value[:n], changed, *value[n + 1 :]] for changed in halved(part))
        case _:
            pass


async def posted(service: Service, path: str, body: Any) -> httpx.Response:
    """The whole answer; a turn that it began has been answered."""
    known = len(service.host.workflows.started)
    async with service.client(**{"Content-Type": "application/json"}) as client, asyncio.timeout(PATIENCE):
        asked = asyncio.ensure_future(client.post(path, content=json.dumps(body)))
        while not asked.done() and len(service.host.workflows.started) == known:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0)
        if not asked.done():
            await service.answer(service.host.workflows.started[-1][0], "hello")
        return await asked


@pytest.mark.parametrize(("path", "body"), BODIES, ids=[f"{path}-{n}" for n, (path, _) in enumerate(BODIES)])
async def test_it_never_breaks_an_answer(service: Service, path: str, body: dict[str, Any]) -> None:
    for changed in halved(body):
        answer = await posted(service, path, changed)
        assert answer.status_code < 500, (changed, answer.text)
        if answer.status_code == 200 and answer.content != b"null":
            assert any(end in "".join(answer.text.splitlines()[-2:]) for end in ENDS), (changed, answer.text)


async def test_what_is_needed_is_refused_by_name_and_what_is_only_told_back_is_mended(service: Service) -> None:
    def agui(**more: Any) -> dict[str, Any]:
        return {"threadId": "main", "runId": "run-1", "messages": [USER], **more}

    for body, named in (
        (agui(runId=HALF), "runId"),
        (agui(messages=[USER | {"id": HALF}]), "messages[0].id"),
        (agui(messages=[USER | {"content": HALF}]), "messages[0].content"),
        (agui(messages=[USER | {"content": [{"type": "text", "text": HALF}]}]), "messages[0].content[0].text"),
    ):
        refused = await posted(service, "/agui", body)
        assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (422, "bad_text", named)
    sliced = USER | {"id": "u-1", "content": "what a day \ud83d"}
    told = await posted(service, "/agui", agui(messages=[sliced, USER, {"id": "a-2", "role": "assistant", "content": "he"}]))
    assert "what a day \ufffd" in told.text
    assert "RUN_FINISHED" in told.text


async def test_a_message_nested_deeper_than_can_be_told_back_is_refused_by_name(service: Service) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"a": deep}
    old = {"id": "x-1", "role": "activity", "activityType": "task", "content": deep}
    refused = await posted(service, "/agui", {"threadId": "main", "runId": "run-1", "messages": [old, USER]})
    assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (422, "bad_message", "messages[0]")

"""The demo model over a real socket, spoken to with the real ``openai`` client."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import uvicorn
from openai import AsyncOpenAI

from agent.demo.limits import BODY_BYTES_MAX
from agent.demo.server import create_app
from tests.unit.demo.talking import SYSTEM, Service, offered

MODEL = "task-agent-offline-demo"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(delay=0.001), log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        await serving


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=10) as client:
        yield client


def _messages(*texts: str) -> Any:
    return [{"role": "system", "content": SYSTEM}, *({"role": "user", "content": text} for text in texts)]


async def _stream(client: AsyncOpenAI, messages: Any) -> tuple[list[Any], dict[str, Any]]:
    """All chunks, and the message that they add up to."""
    stream = await client.chat.completions.create(
        model=MODEL, messages=messages, tools=cast(Any, offered()), stream=True, stream_options={"include_usage": True}
    )
    chunks: list[Any] = [chunk async for chunk in stream]
    message: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": []}
    for delta in (chunk.choices[0].delta for chunk in chunks if chunk.choices):
        message["content"] += delta.content or ""
        for part in delta.tool_calls or []:
            if part.id:
                function = {"name": part.function.name, "arguments": ""}
                message["tool_calls"].append({"id": part.id, "type": part.type, "function": function})
            message["tool_calls"][part.index]["function"]["arguments"] += part.function.arguments
    return chunks, message


async def test_models(client: AsyncOpenAI) -> None:
    [model] = (await client.models.list()).data
    assert (model.id, model.owned_by) == (MODEL, "task-agent")


async def test_text_streams_word_by_word(client: AsyncOpenAI) -> None:
    chunks, message = await _stream(client, _messages("help"))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len([c for c in chunks if c.choices and c.choices[0].delta.content]) > 50
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert not chunks[-1].choices
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens > 2
    assert len({chunk.id for chunk in chunks}) == 1
    whole = await client.chat.completions.create(model=MODEL, messages=_messages("help"))
    assert whole.choices[0].message.content == message["content"]
    assert whole.usage is not None


async def test_a_whole_turn_with_tools(client: AsyncOpenAI) -> None:
    service, messages = Service(), _messages("Ask Bob to fix the bug and Alice to write the docs by Friday")
    chunks, message = await _stream(client, messages)
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert len({call["id"] for call in message["tool_calls"]}) == 2
    messages.append(message)
    for call in message["tool_calls"]:
        result = service.run(call["function"]["name"], json.loads(call["function"]["arguments"]))
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})
    chunks, message = await _stream(client, messages)
    assert message["content"].count("Done:") == 2
    assert not message["tool_calls"]


async def test_the_same_request_gets_the_same_bytes(client: AsyncOpenAI) -> None:
    first, _ = await _stream(client, _messages("Ask Bob to fix the bug"))
    second, _ = await _stream(client, _messages("Ask Bob to fix the bug"))
    assert [chunk.model_dump() for chunk in first] == [chunk.model_dump() for chunk in second]


async def test_whole_answers_call_tools_too(client: AsyncOpenAI) -> None:
    text = "Ask Bob to fix the bug and Alice to write the docs"
    options: Any = {"model": "any-name", "messages": _messages(text), "tools": offered()}
    whole = await client.chat.completions.create(**options)
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.content is None
    assert len(whole.choices[0].message.tool_calls or []) == 2
    one = await client.chat.completions.create(**options, parallel_tool_calls=False)
    assert len(one.choices[0].message.tool_calls or []) == 1
    none = await client.chat.completions.create(**options, tool_choice="none")
    assert none.choices[0].message.tool_calls is None


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[" * 100_000, 400, None),
        (b"{}", 400, "model"),
        (b'{"model": "m"}', 400, "messages"),
        (b'{"model": "m", "messages": []}', 400, "messages"),
        (b'{"model": "m", "messages": [5]}', 400, "messages[0]"),
        (b'{"model": "m", "messages": [{"role": "king"}]}', 400, "messages[0].role"),
        (b'{"model": "m", "messages": [{"role": "user"}], "stream": "yes"}', 400, "stream"),
        (b'{"model": "m", "messages": [{"role": "user"}], "tools": [{}]}', 400, "tools[0]"),
        (b'{"model": "m", "messages": [{"role": "user"}], "n": 2}', 400, "n"),
        (b" " * (BODY_BYTES_MAX + 1), 413, None),
    ],
)
async def test_bad_requests_get_openai_errors(url: str, body: bytes, status: int, param: str | None) -> None:
    async with httpx.AsyncClient() as plain:
        answer = await plain.post(f"{url}/chat/completions", content=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"]


async def test_unknown_routes_get_openai_errors(url: str) -> None:
    async with httpx.AsyncClient() as plain:
        assert (await plain.get(f"{url}/nothing")).json()["error"]["message"] == "Invalid URL (GET /v1/nothing)"
        assert (await plain.get(f"{url}/chat/completions")).status_code == 405

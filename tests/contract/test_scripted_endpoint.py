"""The double itself: directives, attempts, the ledger of the stand-alone server, and its complaints."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from agent.adapters.model import OpenAIModel
from agent.domain.model import Finished, ModelEvent, ModelFailed, ModelRequest, TextPart, ToolCallPart
from tests.fakes import endpoint_gate
from tests.fakes.endpoint_script import Step, directives
from tests.fakes.scripted_endpoint import ScriptedEndpoint


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


async def ask(url: str, *messages: dict[str, Any]) -> list[ModelEvent]:
    model = OpenAIModel(url, "key", "m")
    try:
        return [event async for event in model.stream(ModelRequest(list(messages)))]
    finally:
        await model.aclose()


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPart))


def test_directives() -> None:
    text = 'Do. [[script: tokens=40 delay=5ms]] [[script: tool=a args={"x": [[1]]} tool=b fault=429 retry_after=0.5s times=2]]'
    assert list(directives(text)) == [
        Step(tokens=40, delay=0.005),
        Step(tools=(("a", '{"x": [[1]]}'), ("b", "{}")), fault="429", retry_after=0.5, times=2),
    ]
    assert [step.text for step in directives('[[script: text="Hello, Bob [x]"]]')] == ["Hello, Bob [x]"]
    with pytest.raises(ValueError, match="no such fault"):
        list(directives("[[script: fault=flood]]"))


async def test_tools_then_the_results_are_quoted() -> None:
    async with ScriptedEndpoint() as endpoint:
        asked = user('Go [[script: tool=create_task args={"title":"T"}]]')
        call, end = await ask(endpoint.base_url, asked)
        assert call == ToolCallPart(0, "call_scripted_0", "create_task", '{"title": "T"}')
        assert end == Finished("tool_calls", end.usage if isinstance(end, Finished) else None)
        result = {"role": "tool", "tool_call_id": "call_scripted_0", "content": '{"task_id":"t-1"}'}
        answer = await ask(endpoint.base_url, asked, {"role": "assistant", "content": None}, result)
        assert said(answer) == 'The tools said: {"task_id":"t-1"}'


async def test_times_counts_the_attempts_of_one_call() -> None:
    async with ScriptedEndpoint() as endpoint:
        for name in ("one", "two"):
            asked = user(f"{name} [[script: fault=500 times=2 tokens=2]]")
            for _ in range(2):
                with pytest.raises(ModelFailed):
                    await ask(endpoint.base_url, asked)
            assert said(await ask(endpoint.base_url, asked)) == "w0 w1"
        assert [record.attempt for record in endpoint.ledger] == [1, 2, 3, 1, 2, 3]


async def test_a_window_is_for_the_messages_that_do_not_fit_it() -> None:
    async with ScriptedEndpoint() as endpoint:
        asked = user("Hi [[script: window=100 tokens=1]]")
        with pytest.raises(ModelFailed) as refused:
            await ask(endpoint.base_url, user("x" * 400), asked)
        assert (refused.value.code, refused.value.window) == ("context_too_long", 100)
        assert said(await ask(endpoint.base_url, asked)) == "w0"


async def test_an_answer_that_is_held_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence would end it as stalled after a while, and the test that holds it has no say in how fast its machine is."""
    monkeypatch.setattr(endpoint_gate, "PULSE", 0.01)
    async with ScriptedEndpoint() as endpoint, aiohttp.ClientSession() as http:
        body = {"messages": [user("Hi [[script: tokens=2 held=x]]")]}
        async with http.post(f"{endpoint.base_url}/chat/completions", json=body) as answer:
            lines = [line async for line in first(answer.content, 3, of=b'"delta":{}')]
            endpoint.gate.release("x")
            rest = await answer.content.read()
    assert (sum(b"w0" in line for line in lines), rest.count(b"w1"), rest.count(b"[DONE]")) == (1, 1, 1)


async def first(lines: aiohttp.StreamReader, count: int, of: bytes) -> AsyncIterator[bytes]:
    """The lines up to the ``count``-th that contains ``of``."""
    async for line in lines:
        yield line
        count -= of in line
        if not count:
            return


async def test_it_complains() -> None:
    with pytest.raises(AssertionError, match="nobody asked for"):
        async with ScriptedEndpoint() as endpoint:
            endpoint.queue(Step())
    with pytest.raises(AssertionError, match="nobody had scripted"):
        async with ScriptedEndpoint() as endpoint:
            with pytest.raises(ModelFailed):
                await ask(endpoint.base_url, user("Hi"))


async def test_stand_alone() -> None:
    command = (sys.executable, "-m", "tests.fakes.scripted_endpoint", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().strip()
        assert said(await ask(url, user("Hi"))) == "You said: Hi"
        root = url.removesuffix("/v1")
        async with aiohttp.ClientSession() as http:
            ledger = json.loads(await (await http.get(f"{root}/ledger")).read())
            await (await http.post(f"{root}/reset")).read()
            emptied = json.loads(await (await http.get(f"{root}/ledger")).read())
    finally:
        process.terminate()
        await process.wait()
    assert [(record["number"], record["body"]["messages"]) for record in ledger] == [(1, [user("Hi")])]
    assert ledger[0]["started"] <= ledger[0]["finished"]
    assert emptied == []

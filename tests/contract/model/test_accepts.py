"""The model adapter against real sockets: what it accepts."""

from contextlib import aclosing
from typing import Any

import pytest

from agent.adapters.model import OpenAIModel
from agent.domain import limits
from agent.domain.messages import Usage
from agent.domain.model import Finished, ModelEvent, ModelRequest, TextPart, ToolCallPart
from tests.contract.model.calls import KEY, REQUEST, STOP, ask, call, calls, said
from tests.fakes.endpoint_script import Step
from tests.fakes.endpoint_wire import STREAM_HEAD, chunk, framed, sse
from tests.fakes.scripted_endpoint import ScriptedEndpoint


class TestGoodAnswers:
    async def test_text_usage_and_what_was_sent(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(text="Hello there, Zoë ✓"))
        events = await ask(model)
        assert said(events) == "Hello there, Zoë ✓"
        assert events[-1] == Finished("stop", Usage(prompt_tokens=10, completion_tokens=4, total_tokens=14))
        sent = endpoint.ledger[0]
        assert sent.body == {
            "model": "gpt-test",
            "messages": REQUEST.messages,
            "tools": REQUEST.tools,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        assert sent.authorization == f"Bearer {KEY}"

    async def test_no_tools_no_tools_field(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step())
        await ask(model, ModelRequest(REQUEST.messages))
        assert "tools" not in endpoint.ledger[0].body

    async def test_each_part_comes_while_the_stream_runs(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(fault="stall", after=2))
        async with aclosing(model.stream(REQUEST)) as events:
            text = ""
            while text != "w0 w1":
                event = await anext(events)
                assert isinstance(event, TextPart)
                text += event.text

    async def test_lines_of_one_read_are_one_part(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(raw=(sse(*[chunk({"content": f"{n} "}) for n in range(50)], STOP),)))
        assert [type(event) for event in await ask(model)] == [TextPart, Finished]

    async def test_tool_calls(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(tools=(("create_task", '{"title": "Review ☂"}'), ("get_task", "{}"))))
        events = await ask(model)
        assert calls(events) == [
            ToolCallPart(0, "call_scripted_0", "create_task", '{"title": "Review ☂"}'),
            ToolCallPart(1, "call_scripted_1", "get_task", "{}"),
        ]
        assert isinstance(events[-1], Finished)
        assert events[-1].reason == "tool_calls"

    async def test_connections_are_used_again(
        self, endpoint: ScriptedEndpoint, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MODEL_DRAIN_TIMEOUT", 30.0)
        for _ in range(5):
            endpoint.queue(Step())
            await ask(model)
        assert endpoint.connections_made == 1

    @pytest.mark.parametrize(("fault", "reason"), [("odd_finish", "tired"), ("length", "length")])
    async def test_other_ends_are_ends(self, endpoint: ScriptedEndpoint, model: OpenAIModel, fault: str, reason: str) -> None:
        endpoint.queue(Step(fault=fault, tokens=2))
        events = await ask(model)
        assert said(events) == "w0 w1"
        assert isinstance(events[-1], Finished)
        assert events[-1].reason == reason


PLAIN = sse(chunk({"content": "Zoë "}), chunk({"content": "✓"}), STOP)
FRAMINGS = {
    "crlf": PLAIN.replace(b"\n", b"\r\n"),
    "no space": PLAIN.replace(b"data: ", b"data:"),
    "no blank lines": PLAIN.replace(b"\n\n", b"\n"),
    "other fields": b": comment\n\n" + PLAIN.replace(b"data: ", b"event: x\nid: 7\nretry: 9\ndata:  "),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "no done": PLAIN.removesuffix(b"data: [DONE]\n\n"),
    "no last newline": PLAIN.removesuffix(b"\n\ndata: [DONE]\n\n"),
    "null error": PLAIN.replace(b'"logprobs":null', b'"logprobs":null,"error":null'),
    "no choices": b'data: {"choices":[]}\n\ndata: {"choices":null,"usage":null}\n\n' + PLAIN,
    "null delta": b'data: {"choices":[{"delta":null}]}\n\n' + PLAIN,
    "null content": b'data: {"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":null}}]}\n\n' + PLAIN,
    "legacy function": b'data: {"choices":[{"delta":{"function_call":{"name":"f","arguments":"{}"}}}]}\n\n' + PLAIN,
}


class TestTolerance:
    """What real servers do to the format."""

    async def run(self, endpoint: ScriptedEndpoint, model: OpenAIModel, *raw: bytes) -> list[ModelEvent]:
        endpoint.queue(Step(raw=raw))
        return await ask(model)

    @pytest.mark.parametrize("raw", FRAMINGS.values(), ids=FRAMINGS.keys())
    async def test_framing(self, endpoint: ScriptedEndpoint, model: OpenAIModel, raw: bytes) -> None:
        events = await self.run(endpoint, model, raw)
        assert said(events) == "Zoë ✓"
        assert events[-1] == Finished("stop", None)

    async def test_every_byte_in_a_read_of_its_own(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        raw = sse(chunk({"content": "Zoë ✓"}), STOP).replace(b"\\u00eb", "ë".encode()).replace(b"\\u2713", "✓".encode())
        assert "✓".encode() in raw
        events = await self.run(endpoint, model, *(raw[n : n + 1] for n in range(len(raw))))
        assert said(events) == "Zoë ✓"

    @pytest.mark.parametrize("where", ["with the finish", "after it"])
    async def test_usage(self, endpoint: ScriptedEndpoint, model: OpenAIModel, where: str) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": None}
        ends: list[dict[str, Any]] = (
            [STOP | {"usage": usage}] if where == "with the finish" else [STOP, {"choices": [], "usage": usage}]
        )
        events = await self.run(endpoint, model, sse(chunk({"content": "x"}), *ends))
        assert events[-1] == Finished("stop", Usage(prompt_tokens=3, completion_tokens=4, total_tokens=7))

    async def test_interleaved_calls(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        fragments = [call(1, "", "b", "id-b"), call(0, '{"x"', "a", "id-a"), call(1, '{"y":2'), call(0, ":1}"), call(1, "}")]
        events = await self.run(endpoint, model, sse(*[chunk({"tool_calls": [f]}) for f in fragments], STOP))
        assert calls(events) == [ToolCallPart(0, "id-a", "a", '{"x":1}'), ToolCallPart(1, "id-b", "b", '{"y":2}')]

    async def test_calls_without_index(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        fragments = [call(None, "{", "a", "id-a"), call(None, "}"), call(None, "{}", "b", "id-b")]
        events = await self.run(endpoint, model, sse(*[chunk({"tool_calls": [f]}) for f in fragments], STOP))
        assert calls(events) == [ToolCallPart(0, "id-a", "a", "{}"), ToolCallPart(1, "id-b", "b", "{}")]

    async def test_calls_without_id_get_the_same_ones_each_time(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        raw = sse(chunk({"tool_calls": [call(0, "{}", "a"), call(1, "{}", "a")]}), STOP)
        first = calls(await self.run(endpoint, model, raw))
        assert first == calls(await self.run(endpoint, model, raw))
        assert first[0].provider_id.startswith("call_")
        assert first[0].provider_id != first[1].provider_id

    async def test_repeated_names_object_arguments_and_none(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        whole: dict[str, Any] = {"index": 0, "id": "x", "function": {"name": "a", "arguments": {"k": 1}}}
        fragments = [whole, call(1, "", "b", "y"), call(1, "", "b", "y")]
        events = await self.run(endpoint, model, sse(*[chunk({"tool_calls": [f]}) for f in fragments], STOP))
        assert calls(events) == [ToolCallPart(0, "x", "a", '{"k":1}'), ToolCallPart(1, "y", "b", "{}")]

    async def test_calls_that_share_an_index(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        fragments = [call(0, "{", "a", "id-a"), call(0, "}"), call(0, '{"y":', "b", "id-b"), call(0, "2}", "", "id-b")]
        events = await self.run(endpoint, model, sse(*[chunk({"tool_calls": [f]}) for f in fragments], STOP))
        assert calls(events) == [ToolCallPart(0, "id-a", "a", "{}"), ToolCallPart(1, "id-b", "b", '{"y":2}')]

    async def test_an_id_without_measure_is_replaced(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        raw = sse(chunk({"tool_calls": [call(0, "{}", "a", "i" * (limits.PROVIDER_ID_CHARS_MAX + 1))]}), STOP)
        assert calls(await self.run(endpoint, model, raw))[0].provider_id.startswith("call_")

    @pytest.mark.parametrize("tokens", [-1, limits.USAGE_TOKENS_MAX + 1, 10**20])
    async def test_no_number_of_tokens_is_no_report(self, endpoint: ScriptedEndpoint, model: OpenAIModel, tokens: int) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": tokens}
        events = await self.run(endpoint, model, sse(chunk({"content": "x"}), STOP | {"usage": usage}))
        assert events[-1] == Finished("stop", None)

    @pytest.mark.parametrize("fault", ["stall", "cut"])
    async def test_whatever_happens_after_the_finish_reason(
        self, endpoint: ScriptedEndpoint, model: OpenAIModel, fault: str
    ) -> None:
        body = sse(chunk({"content": "whole"}), STOP).removesuffix(b"data: [DONE]\n\n")
        endpoint.queue(Step(wire=STREAM_HEAD + framed(body), fault=fault))
        assert said(await ask(model)) == "whole"

"""The model adapter against real sockets: the code and verdict of everything it does not accept."""

import asyncio
import gzip
import json
import tracemalloc
from typing import Any

import pytest

from agent.adapters.model import OpenAIModel
from agent.domain import limits
from tests.contract.model.calls import KEY, REQUEST, STOP, ask, call, calls, fail, left, said
from tests.fakes.closed_port import closed_port, full_port
from tests.fakes.endpoint_script import Step
from tests.fakes.endpoint_wire import chunk, sse
from tests.fakes.scripted_endpoint import ScriptedEndpoint

CHATTER = (b": still here\n\n",) * 1_000


def open_ended(*chunks: dict[str, Any]) -> bytes:
    """A stream that goes on behind these."""
    return sse(*chunks).removesuffix(b"data: [DONE]\n\n")


class TestFailures:
    @pytest.mark.parametrize(
        ("step", "code", "retryable"),
        [
            (Step(fault="refuse"), "model_unreachable", True),
            (Step(fault="429"), "model_rate_limited", True),
            (Step(fault="408"), "model_rate_limited", True),
            (Step(fault="409"), "model_rate_limited", True),
            (Step(fault="quota"), "model_rate_limited", False),
            (Step(fault="500"), "model_error", True),
            (Step(fault="503"), "model_error", True),
            (Step(fault="401"), "model_auth", False),
            (Step(fault="403"), "model_auth", False),
            (Step(fault="400"), "model_rejected", False),
            (Step(fault="404"), "model_rejected", False),
            (Step(fault="422"), "model_rejected", False),
            (Step(fault="context"), "context_too_long", False),
            (Step(fault="nonsense"), "model_nonsense", True),
            (Step(fault="html"), "model_nonsense", True),
            (Step(fault="empty"), "empty_answer", True),
            (Step(raw=(sse(chunk(), chunk(finish="length")),)), "empty_answer", False),
            (Step(raw=(sse(chunk()),)), "model_cut_off", True),
            (Step(raw=(sse(),)), "model_nonsense", True),
            (Step(raw=(sse([1]),)), "model_nonsense", True),
            (Step(raw=(sse({"choices": 5}),)), "model_nonsense", True),
            (Step(raw=(sse(chunk({"content": 5})),)), "model_nonsense", True),
            (Step(raw=(sse(chunk({"tool_calls": [call(0, "{}")]}), STOP),)), "model_nonsense", True),
            (Step(raw=(sse(b'{"choices":[{"delta":{"content":"\xff"}}]}'),)), "model_nonsense", True),
            (Step(raw=(sse({"object": "error", "message": "x", "code": 400}),)), "model_rejected", False),
            (Step(raw=(sse({"error": {"code": 429, "message": "slow"}}),)), "model_rate_limited", True),
            (Step(raw=(sse({"error": {"code": "context_length_exceeded"}}),)), "context_too_long", False),
            (Step(raw=(sse({"error": "it fell over"}),)), "model_error", True),
            (Step(raw=(b"[]",), status=200, headers=(("content-type", "application/json"),)), "model_nonsense", True),
            (
                Step(raw=(b"x",), headers=(("content-type", "text/event-stream"), ("content-encoding", "gzip"))),
                "model_nonsense",
                True,
            ),
        ],
        ids=lambda value: value.fault or value.raw[0][:40].decode("latin-1") if isinstance(value, Step) else None,
    )
    async def test_code_and_verdict(
        self, endpoint: ScriptedEndpoint, model: OpenAIModel, step: Step, code: str, retryable: bool
    ) -> None:
        endpoint.queue(step)
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == (code, retryable)
        endpoint.queue(Step(tokens=1))
        assert said(await ask(model)) == "w0", "the client stays usable"

    @pytest.mark.parametrize(
        ("fault", "code", "retryable"),
        [
            ("cut", "model_cut_off", True),
            ("end", "model_cut_off", True),
            ("badjson", "model_nonsense", True),
            ("error", "model_error", True),
            ("content_filter", "content_filtered", False),
        ],
    )
    async def test_text_before_the_failure_is_delivered(
        self, endpoint: ScriptedEndpoint, model: OpenAIModel, fault: str, code: str, retryable: bool
    ) -> None:
        endpoint.queue(Step(fault=fault, after=3))
        failure, text = await fail(model)
        assert (failure.code, failure.retryable) == (code, retryable)
        assert text == "w0 w1 w2"

    @pytest.mark.parametrize("fault", ["cut", "reset", "end"])
    async def test_half_a_tool_call_is_none(self, endpoint: ScriptedEndpoint, model: OpenAIModel, fault: str) -> None:
        endpoint.queue(Step(fault=fault, tools=(("create_task", '{"title": "Review"}'),)))
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("model_cut_off", True)

    async def test_reset_in_the_text(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(fault="reset", after=3))
        assert (await fail(model))[0].code == "model_cut_off"

    async def test_nobody_listens(self) -> None:
        with closed_port() as url:
            model = OpenAIModel(url, KEY, "m")
            failure, _ = await fail(model)
            await model.aclose()
        assert (failure.code, failure.retryable) == ("model_unreachable", True)

    async def test_a_host_that_takes_no_connection(self) -> None:
        with full_port() as url:
            model = OpenAIModel(url, KEY, "m", connect_timeout=0.2)
            failure, _ = await fail(model)
            await model.aclose()
        assert (failure.code, failure.retryable) == ("model_unreachable", True)
        assert "connecting took too long" in failure.detail

    async def test_no_such_host(self) -> None:
        model = OpenAIModel("http://nowhere.invalid/v1", KEY, "m")
        failure, _ = await fail(model)
        await model.aclose()
        assert failure.code == "model_unreachable"
        assert "name" in failure.detail

    async def test_no_http(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(wire=b"SSH-2.0-OpenSSH_9.9\r\n\r\n"))
        assert (await fail(model))[0].code == "model_nonsense"

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "2"}, 2.0),
            ({"retry-after": "0.25"}, 0.25),
            ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
            ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
            ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "-1"}, None),
            ({"retry-after": "inf"}, None),
            ({}, None),
        ],
    )
    @pytest.mark.parametrize(("status", "code"), [(429, "model_rate_limited"), (503, "model_error")])
    async def test_retry_after(
        self,
        endpoint: ScriptedEndpoint,
        model: OpenAIModel,
        headers: dict[str, str],
        seconds: float | None,
        status: int,
        code: str,
    ) -> None:
        endpoint.queue(Step(status=status, headers=tuple(headers.items())))
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable, failure.retry_after) == (code, True, seconds)

    async def test_details_quote_little_and_no_secret(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        body = json.dumps({"error": {"message": f"bad\x1b[31m\n key {KEY}\u202e " + "x" * 5000}}).encode()
        endpoint.queue(Step(status=400, raw=(body,)))
        failure, _ = await fail(model)
        assert failure.detail.startswith("The model endpoint answered 400: bad [31m key *** xxx")
        assert failure.detail.isprintable()

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_redirects_are_not_followed(self, endpoint: ScriptedEndpoint, model: OpenAIModel, status: int) -> None:
        endpoint.queue(Step(status=status, headers=(("location", f"{endpoint.base_url}/chat/completions"),)))
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("model_rejected", False)
        assert failure.detail == f"The model endpoint answered {status}."
        assert len(endpoint.ledger) == 1

    async def test_packed_error_bodies_are_unpacked_up_to_a_bound(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        packed = (("content-encoding", "gzip"),)
        said = gzip.compress(b'{"error": {"message": "Too long.", "code": "context_length_exceeded"}}')
        endpoint.queue(Step(status=400, raw=(said,), headers=packed))
        assert (await fail(model))[0].code == "context_too_long"
        endpoint.queue(Step(status=500, raw=(gzip.compress(b"x" * 50_000_000),), headers=packed))
        tracemalloc.start()
        failure, _ = await fail(model)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert failure.code == "model_error"
        assert peak < 10_000_000

    async def test_endless_error_body_is_not_read_to_its_end(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        head = b"HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\n\r\n"
        endpoint.queue(Step(wire=head + b"x" * 100_000, fault="stall"))
        assert (await fail(model))[0].code == "model_error"
        await endpoint.until(lambda: endpoint.ledger[0].disconnected is not None)


class TestBounds:
    async def test_silence_before_the_headers(self, endpoint: ScriptedEndpoint) -> None:
        await self.silent(endpoint, Step(fault="hang"), "")

    async def test_headers_that_never_end(self, endpoint: ScriptedEndpoint) -> None:
        await self.silent(endpoint, Step(wire=b"HTTP/1.1 200 OK\r\nx-slow: ", fault="stall"), "")

    async def test_silence_within_the_stream(self, endpoint: ScriptedEndpoint) -> None:
        await self.silent(endpoint, Step(fault="stall", after=2), "w0 w1")

    async def test_comments_are_no_answer(self, endpoint: ScriptedEndpoint) -> None:
        await self.silent(endpoint, Step(raw=(open_ended(chunk({"content": "w0 w1"})), *CHATTER), delay=0.05), "w0 w1")

    async def test_nor_do_they_hold_up_one_that_is_whole(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(raw=(open_ended(chunk({"content": "w0 w1"}), STOP), *CHATTER), delay=0.05))
        assert said(await ask(model)) == "w0 w1"
        await endpoint.until(lambda: endpoint.ledger[0].disconnected is not None)

    async def silent(self, endpoint: ScriptedEndpoint, step: Step, expected: str) -> None:
        failure, text = await left(endpoint, step, expected, stall_timeout=1.0)
        assert (failure.code, failure.retryable, text) == ("model_stalled", True, expected)

    @pytest.mark.parametrize("step", [Step(tokens=10_000, delay=0.01), Step(fault="hang")])
    async def test_the_whole_call(self, endpoint: ScriptedEndpoint, step: Step) -> None:
        failure, _ = await left(endpoint, step, "", step_timeout=0.3)
        assert (failure.code, failure.retryable) == ("model_timeout", True)

    async def test_answer_too_large(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(fault="huge"))
        failure, text = await fail(model)
        assert (failure.code, failure.retryable) == ("answer_too_large", False)
        assert limits.ANSWER_BYTES_MAX - 8192 <= len(text) <= limits.ANSWER_BYTES_MAX
        await endpoint.until(lambda: endpoint.ledger[0].disconnected is not None)

    async def test_the_largest_answer_is_accepted(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        text = "ë" * (limits.ANSWER_BYTES_MAX // 2)
        endpoint.queue(Step(raw=(sse(chunk({"content": text}), STOP),)))
        assert said(await ask(model)) == text

    async def test_too_many_tool_calls(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        most = limits.TOOL_CALLS_PER_STEP_MAX
        endpoint.queue(Step(tools=(("a", "{}"),) * most), Step(tools=(("a", "{}"),) * (most + 1)))
        assert len(calls(await ask(model))) == most
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("too_many_tool_calls", False)

    async def test_tool_name_too_long(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        most = limits.TOOL_NAME_CHARS_MAX
        endpoint.queue(Step(tools=(("a" * most, "{}"),)), Step(tools=(("a" * (most + 1), "{}"),)))
        assert len(calls(await ask(model))[0].name) == most
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("model_nonsense", True)

    async def test_tool_arguments_too_large(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        most = json.dumps({"t": "é" * ((limits.TOOL_ARGUMENTS_BYTES_MAX - 9) // 2)}, ensure_ascii=False)
        endpoint.queue(Step(tools=(("a", most),)), Step(tools=(("a", most + "    "),)))
        assert calls(await ask(model))[0].arguments == most
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("answer_too_large", False)

    async def test_a_line_without_end(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(raw=(b"data: " + b"x" * (2 * 1024 * 1024),)))
        failure, _ = await fail(model)
        assert (failure.code, failure.retryable) == ("model_nonsense", True)


class TestLeaving:
    async def test_closing_the_iterator_closes_the_connection(self, endpoint: ScriptedEndpoint, model: OpenAIModel) -> None:
        endpoint.queue(Step(tokens=10_000, delay=0.001))
        events = model.stream(REQUEST)
        await anext(events)
        await events.aclose()
        await endpoint.until(lambda: endpoint.ledger[0].disconnected is not None)

    @pytest.mark.parametrize("step", [Step(fault="hang"), Step(fault="stall", after=1)])
    async def test_cancelling_closes_the_connection(self, endpoint: ScriptedEndpoint, model: OpenAIModel, step: Step) -> None:
        endpoint.queue(step)
        task = asyncio.create_task(ask(model))
        await endpoint.until(lambda: bool(endpoint.ledger) and endpoint.ledger[0].sent == step.after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await endpoint.until(lambda: endpoint.ledger[0].disconnected is not None)

    async def test_the_environment_is_not_read(self, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_ORG_ID", "org-x")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
        endpoint.queue(Step(tokens=1))
        model = OpenAIModel(endpoint.base_url, "", "m")
        assert said(await ask(model)) == "w0"
        assert endpoint.ledger[0].authorization == "Bearer none"
        await model.aclose()

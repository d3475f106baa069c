"""However the network cuts the bytes of an answer, the text, the calls and the verdict are the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters import model_wire
from agent.adapters.model_wire import AnswerParser
from agent.domain import limits
from agent.domain.model import ModelFailed
from tests.fakes.endpoint_wire import chunk


def fragment(fields: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": [{key: value for key, value in fields.items() if value is not None}]})


def content(text: str) -> dict[str, Any]:
    return chunk({"content": text})


def usage(tokens: int) -> dict[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 1}}


def line(value: dict[str, Any], ascii_only: bool) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=ascii_only).encode()


def stream_of(lines: list[bytes], end: bytes, last: bool) -> bytes:
    return end.join(lines) + (end if last else b"")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
functions = st.fixed_dictionaries({}, optional={"name": st.sampled_from(["", "get_task"]), "arguments": texts})
fragments = st.fixed_dictionaries(
    {
        "index": st.none() | st.integers(0, 3),
        "id": st.none() | st.sampled_from(["", "id-a", "id-b"]),
        "function": functions,
    }
)
fixed_chunks = st.sampled_from([chunk(), chunk({"content": None}), chunk(finish="stop"), chunk({"content": "x"}, "tool_calls")])
chunks = st.one_of(texts.map(content), fragments.map(fragment), st.integers(0, 9).map(usage), fixed_chunks)
good_lines = st.builds(line, chunks, st.booleans())
other_lines = st.sampled_from(
    [b"", b": ping", b"event: message", b"data:", b"data: [DONE]", b"\xef\xbb\xbf", b"<html>", b"data: {", b"data: 7"]
    + [b'data: {"error":{"code":429}}', b"data: " + b"y" * 900, b'data: {"choices":[{"delta":{"content":"\xe2"}}]}']
)
streams = st.builds(
    stream_of,
    st.lists(st.one_of(good_lines, good_lines, good_lines, other_lines), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"]),
    st.booleans(),
)


def outcome(reads: list[bytes]) -> tuple[str, object]:
    parser = AnswerParser(salt="2", secret="sk-secret")
    text = ""
    for read in reads:
        if not parser.ended:
            text += parser.feed(read)
    if not parser.ended:
        text += parser.end()
    try:
        return text, parser.events()
    except ModelFailed as failure:
        return text, (failure.code, failure.detail, failure.retryable)


@given(stream=streams, data=st.data(), tight=st.booleans())
def test_any_split_gives_the_same_events(stream: bytes, data: st.DataObject, tight: bool) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=20)))
    reads = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True) if end > begin]
    with pytest.MonkeyPatch.context() as patch:
        if tight:
            patch.setattr(limits, "ANSWER_BYTES_MAX", 20)
            patch.setattr(limits, "TOOL_ARGUMENTS_BYTES_MAX", 10)
            patch.setattr(limits, "TOOL_CALLS_PER_STEP_MAX", 2)
            patch.setattr(model_wire, "MODEL_LINE_BYTES_MAX", 400)
        whole = outcome([stream] if stream else [])
        assert outcome(reads) == whole
        assert outcome([stream[n : n + 1] for n in range(len(stream))]) == whole


def test_a_line_without_end_is_too_long_wherever_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_wire, "MODEL_LINE_BYTES_MAX", 400)
    stream = b"\ndata: " + b"y" * 900
    told = ("", ("model_nonsense", "The model endpoint sent a line of more than 400 bytes.", True))
    assert [outcome([stream]), outcome([stream[:1], stream[1:]])] == [told, told]


@given(stream=st.binary(max_size=200))
def test_garbage_is_judged_not_raised(stream: bytes) -> None:
    _, verdict = outcome([stream])
    assert isinstance(verdict, tuple)

"""Whatever is said, whatever the tools return: no exception, and always a valid answer in reasonable time."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.demo import wire
from agent.demo.brain import Reply, think
from agent.demo.limits import CALLS_PER_STEP_MAX, TOOL_ROUNDS_MAX
from tests.unit.demo.talking import SYSTEM, TOOLS

SECONDS_MAX = 2.0  # of processor for one hostile message of 4,000 characters
WORDS = (
    "ask Bob to review the auth PR by Friday and Alice , . ? ! mark it as done cancel give Carol instead undo that list my "
    "tasks what is status of create a task for him should needs tomorrow at 5pm in two hours all both first last t-abc 2 'the "
    '" ( - : \n'
).split(" ")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["task_id", "status", "message", "task", "tasks", "error", "title", "deadline", "assignee", "result", "steps"]
)
results = st.dictionaries(fields, json_values, max_size=5) | json_values
sentences = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
texts = st.text(max_size=200) | sentences


def _check(reply: Reply) -> None:
    assert isinstance(reply.text, str)
    assert reply.text or reply.calls
    assert len(reply.calls) <= CALLS_PER_STEP_MAX
    envelope = wire.Envelope("id", 0, "demo")
    for call in reply.calls:
        assert call.name in TOOLS
    completion = wire.completion(envelope, reply, wire.usage([], reply))
    streamed = list(wire.chunks(envelope, reply, None))
    json.dumps([completion, streamed])
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk, _ in streamed)
    assert text == reply.text


@given(texts)
@settings(max_examples=80, deadline=None)
def test_any_text_gets_an_answer(text: str) -> None:
    _check(think([{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}], TOOLS))


@given(st.lists(texts, min_size=1, max_size=4), st.lists(results, min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_any_results_end_in_text(said: list[str], returned: list[Any]) -> None:
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}]
    count = 0
    for text in said:
        messages.append({"role": "user", "content": text})
        for _ in range(TOOL_ROUNDS_MAX + 1):
            reply = think(messages, TOOLS)
            _check(reply)
            message = wire.completion(wire.Envelope(wire.digest(messages), 0, "demo"), reply, {})["choices"][0]["message"]
            messages.append(message)
            if not reply.calls:
                break
            for call in message["tool_calls"]:
                content = json.dumps(returned[count % len(returned)])
                count += 1
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
        else:
            raise AssertionError("the turn did not end")


roles = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])
keys = st.sampled_from(["content", "tool_calls", "tool_call_id", "name"])


@given(st.lists(st.builds(lambda role, rest: {**rest, "role": role}, roles, st.dictionaries(keys, json_values, max_size=3))))
@settings(max_examples=60, deadline=None)
def test_any_messages_get_an_answer(messages: list[dict[str, Any]]) -> None:
    _check(think(messages, TOOLS))


@pytest.mark.parametrize(
    "piece",
    [
        *[
            "a",
            " ",
            "'",
            "a's ",
            "to ",
            "and ",
            "and ask Bob to ",
            ", Bob to review ",
            "1 ",
            "1.",
            "in 1 hour ",
            "(",
            "- ",
            "the ",
        ],
        *[
            "tasks for ",
            "mark ",
            "Bob and ",
            "should ",
            ": ",
            "; ",
            "\n- Bob to x",
            "\x00",
            "my list ",
            "all open ",
            "hi, ",
            "please ",
        ],
        *["done ", ". Ask Bob to x", "x by Friday "],
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    for start in ("ask Bob to ", "what "):
        text = (start + piece * 4_000)[:4_000]
        began = time.process_time()
        _check(think([{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}], TOOLS))
        assert time.process_time() - began < SECONDS_MAX

"""The wire shape of any history, also a damaged one: no orphan either way, nothing a strict server refuses."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.messages import Message, ToolCall
from agent.domain.model_messages import CANCELLED_RESULT, paired, provider_messages, schema_text, token_text

SEARCH = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
SYSTEM = Message(role="system", content="be good", tokens=5)
TEXTS = st.text(max_size=8)


def call(call_id: str, provider_id: str = "", name: str = "get_task", arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id=call_id, provider_id=provider_id or f"p-{call_id}", name=name, arguments=arguments)


def user(content: str = "hi", tokens: int = 1) -> Message:
    return Message(role="user", content=content, tokens=tokens)


def says(content: str = "ok", *calls: ToolCall, tokens: int = 1) -> Message:
    return Message(role="assistant", content=content, tool_calls=calls, tokens=tokens)


def returns(call_id: str, content: str = "{}", tokens: int = 1) -> Message:
    return Message(role="tool", content=content, call_id=call_id, ok=True, tokens=tokens)


MESSAGES = st.lists(
    st.one_of(
        st.builds(user, TEXTS),
        st.builds(
            lambda text, ids: says(text, *(call(i, f"p{i[0]}") for i in ids)),
            TEXTS,
            st.lists(st.sampled_from(["a1", "a2", "b1"]), unique=True),
        ),
        st.builds(returns, st.sampled_from(["a1", "a2", "b1", "zz"]), TEXTS),
    ),
    max_size=12,
)


def assert_paired(messages: Sequence[Message]) -> None:
    expected: list[str] = []
    for message in messages:
        if message.role == "tool":
            assert expected, "a result without its call"
            assert message.call_id == expected.pop(0)
        else:
            assert not expected, "a call without its result"
            expected = [c.call_id for c in message.tool_calls]
    assert not expected


@SEARCH
@given(MESSAGES)
def test_pairing_leaves_no_orphan_either_way_and_settles(messages: list[Message]) -> None:
    once = paired(messages)
    assert_paired(once)
    assert paired(once) == once
    assert [m for m in once if m.role == "user"] == [m for m in messages if m.role == "user"]


@SEARCH
@given(MESSAGES)
def test_the_wire_names_each_call_once_and_answers_it_at_once(messages: list[Message]) -> None:
    open_ids: list[str] = []
    for message in provider_messages(messages):
        if message["role"] == "tool":
            assert message["tool_call_id"] == open_ids.pop(0)
            continue
        assert open_ids == []
        open_ids = [c["id"] for c in message.get("tool_calls", [])]
        assert len(set(open_ids)) == len(open_ids)
        assert message["content"] != "" or message["role"] == "user"
    assert open_ids == []


def test_wire_shape() -> None:
    messages = [SYSTEM, user("do"), says("", call("c1", "call_9", arguments='{"a":1}')), returns("c1", '{"x":2}'), says("done")]
    assert provider_messages(messages) == [
        {"role": "system", "content": "be good"},
        {"role": "user", "content": "do"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_9", "type": "function", "function": {"name": "get_task", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "tool_call_id": "call_9", "content": '{"x":2}'},
        {"role": "assistant", "content": "done"},
    ]


def test_a_call_cut_short_is_answered_as_cancelled() -> None:
    wire = provider_messages([user(), says("I will", call("c1"), call("c2")), returns("c2", "two"), user("well?")])
    assert [m["content"] for m in wire] == ["hi", "I will", CANCELLED_RESULT, "two", "well?"]
    assert CANCELLED_RESULT == '{"error":{"code":"cancelled","detail":"cancelled; effect unknown"}}'


def test_the_first_result_of_a_call_counts_and_later_steps_keep_theirs() -> None:
    step = says("", call("c1"))
    sent = paired([user(), step, returns("c1", "first"), returns("c1", "second"), step, returns("c1", "third")])
    assert [m.content for m in sent if m.role == "tool"] == ["first", "third"]


def test_a_call_does_not_take_the_result_of_a_later_step() -> None:
    step = says("", call("c1"))
    sent = paired([step, step, returns("c1", "mine")])
    assert [m.content for m in sent if m.role == "tool"] == [CANCELLED_RESULT, "mine"]


@pytest.mark.parametrize("given_ids", [("same", "same"), ("", ""), ("fine", "")])
def test_provider_ids_that_name_nothing_are_replaced(given_ids: tuple[str, str]) -> None:
    calls = [ToolCall(call_id=f"c{i}", provider_id=p, name="get_task", arguments="{}") for i, p in enumerate(given_ids)]
    wire = provider_messages([says("", *calls), returns("c0", "zero"), returns("c1", "one")])
    assert [m["tool_call_id"] for m in wire[1:]] == ["fine" if "fine" in given_ids else "c0", "c1"]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ("", "{}"),
        ('{"a": ', '{"unparsed": "{\\"a\\": "}'),
        ("[1]", '{"unparsed": "[1]"}'),
        ('{"a": NaN}', '{"unparsed": "{\\"a\\": NaN}"}'),
        ("[" * 100_000, '{"unparsed": "' + "[" * 100_000 + '"}'),
    ],
)
def test_arguments_are_always_a_json_object_on_the_wire(written: str, sent: str) -> None:
    message = says("", call("c1", arguments=written))
    assert provider_messages([message])[0]["tool_calls"][0]["function"]["arguments"] == sent
    assert sent in token_text(message)


def test_token_text() -> None:
    assert token_text(user("a\nb")) == "a\nb"
    assert token_text(says("x", call("c1", arguments='{"t":1}'), call("c2"))) == 'x\nget_task\n{"t":1}\nget_task\n{}'
    assert schema_text([]) == ""
    assert schema_text([{"type": "function", "x": "é"}]) == '[{"type":"function","x":"é"}]'


@pytest.mark.parametrize("name", ["multi_tool_use.parallel", "functions create", "ü" * 128, "", "get_task"])
def test_a_name_that_the_model_made_up_goes_back_as_one_that_every_endpoint_takes(name: str) -> None:
    sent = provider_messages([SYSTEM, user(), says("", call("a", name=name)), returns("a")])
    assert re.fullmatch("[A-Za-z0-9_-]{1,64}", shown := sent[2]["tool_calls"][0]["function"]["name"])
    assert (shown == name) == (name == "get_task")

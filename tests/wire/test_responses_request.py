"""What ``POST /v1/responses`` takes and what it refuses: each parameter by its name, in the shape of that API."""

from typing import Any

import pytest

from agent.api.wires.responses.request import Create, parse
from agent.domain.errors import BadRequest

USER: dict[str, Any] = {"role": "user", "content": "hi"}


def test_what_sdks_send_by_themselves_is_taken() -> None:
    sent: dict[str, Any] = {
        "input": "hi",
        "model": "task-agent",
        "stream": None,
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "top_p": 1,
        "store": True,
        "metadata": {},
        "text": {"format": {"type": "text"}, "verbosity": None},
        "reasoning": {"effort": None, "summary": None},
        "instructions": None,
        "service_tier": "auto",
        "truncation": "auto",
        "include": [],
    }
    assert parse(sent) == Create("hi", False, False, None, None)


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"tools": [{"type": "function", "name": "f"}]}, "tools", "unsupported_parameter"),
        ({"instructions": "be brief"}, "instructions", "unsupported_parameter"),
        ({"temperature": 0.2}, "temperature", "unsupported_parameter"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls", "unsupported_parameter"),
        ({"top_logprobs": False}, "top_logprobs", "unsupported_parameter"),
        ({"store": False}, "store", "unsupported_parameter"),
        ({"truncation": "disabled"}, "truncation", "unsupported_parameter"),
        ({"text": {"format": {"type": "json_object"}}}, "text", "unsupported_parameter"),
        ({"metadata": {"a": "b"}}, "metadata", "unsupported_parameter"),
        ({"user": "me"}, "user", "unsupported_parameter"),
        ({"reasoning": {"effort": "low"}}, "reasoning", "unsupported_parameter"),
        ({"model": "gpt-4o"}, "model", "model_not_found"),
        ({"surprise": None}, "surprise", "unknown_parameter"),
        ({"\ud800" * 100: 1}, "\ud800" * 64, "unknown_parameter"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"conversation": 7}, "conversation", "invalid_type"),
        ({"conversation": {"name": "x"}}, "conversation.name", "unsupported_parameter"),
        ({"conversation": {"id": "a", "metadata": {}}}, "conversation.metadata", "unsupported_parameter"),
        ({"conversation": {"id": None}}, "conversation", "invalid_type"),
        ({"conversation": "a", "previous_response_id": 7}, "previous_response_id", "invalid_type"),
        ({"conversation": {"id": "a"}, "previous_response_id": "resp_b"}, "conversation", "mutually_exclusive_parameters"),
        ({"input": None}, "input", "invalid_input"),
        ({"input": []}, "input", "invalid_input"),
        ({"input": [USER, {"role": "assistant", "content": "x"}]}, "input[1]", "invalid_input"),
        ({"input": [USER, {"type": "function_call_output", "call_id": "c", "output": "x"}]}, "input[1]", "invalid_input"),
        ({"input": [{"role": "developer", "content": "x"}, USER]}, "input[0]", "unsupported_parameter"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content", "invalid_input"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image"}]}]},
            "input[0].content[1]",
            "unsupported_content",
        ),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0]", "unsupported_content"),
        ({"input": [USER | {"phase": "commentary"}]}, "input[0].phase", "unsupported_parameter"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {}}]}]},
            "input[0].content[0].prompt_cache_breakpoint",
            "unsupported_parameter",
        ),
    ],
)
def test_what_is_not_done_is_refused_by_its_name(more: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"input": "hi", **more})
    assert (refused.value.code, refused.value.extra["param"]) == (code, param)


@pytest.mark.parametrize(
    ("earlier", "param", "code"),
    [
        ({"type": "function_call_output", "call_id": "c", "output": "x"}, "input[1]", "unsupported_parameter"),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, "input[1]", "unsupported_parameter"),
        ({"type": "item_reference", "id": "msg_1"}, "input[1]", "unsupported_parameter"),
        ({"type": "reasoning", "id": "rs_1", "summary": []}, "input[1]", "unsupported_parameter"),
        ({"type": "mcp_call", "server_label": "other", "name": "f", "arguments": "{}"}, "input[1]", "unsupported_parameter"),
        ({"role": "tool", "content": "x"}, "input[1]", "unsupported_parameter"),
        ({"role": "developer", "content": "x"}, "input[1]", "unsupported_parameter"),
        ({"role": "user", "content": [{"type": "input_image"}]}, "input[1].content[0]", "unsupported_content"),
        ({"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}, "input[1].content[0]", "unsupported_content"),
        ("hi", "input[1]", "unsupported_parameter"),
        (None, "input[1]", "unsupported_parameter"),
    ],
)
def test_what_comes_before_can_only_be_what_was_said(earlier: Any, param: str, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"input": [USER, earlier, USER], "conversation": "work"})
    assert (refused.value.code, refused.value.extra["param"]) == (code, param)


def test_what_a_client_holds_as_the_history_of_a_new_conversation_is_not_lost_in_silence() -> None:
    history = [USER, {"role": "assistant", "content": "x"}, USER]
    with pytest.raises(BadRequest) as refused:
        parse({"input": history})
    assert (refused.value.code, refused.value.extra["param"]) == ("unsupported_parameter", "input[0]")
    assert parse({"input": history, "conversation": "work"}).text == parse({"input": [USER]}).text


def test_a_key_stands_for_the_message_and_its_place_not_for_how_it_is_watched() -> None:
    one = parse({"input": "hi", "stream": True}).fingerprint()
    assert one == parse({"input": [USER], "background": True}).fingerprint()
    assert (
        len(
            {
                one,
                *(
                    parse({"input": "hi", **more}).fingerprint()
                    for more in ({"conversation": "a"}, {"previous_response_id": "a"})
                ),
            }
        )
        == 3
    )

"""Whatever a model writes as arguments is taken or refused with a sentence, and can be shown on every wire. Random."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from agent.domain.errors import BadRequest
from agent.domain.tools import TOOLS, arguments_shown, parse_call

FIELDS = sorted({field for spec in TOOLS.values() for field in spec.arguments.model_fields})
TEXTS = st.one_of(st.text(st.characters(codec=None), max_size=8), st.sampled_from(["", "all", "pending", "t-1", "7"]))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS) | TEXTS, VALUES, max_size=4)
WRITTEN = st.one_of(TEXTS, VALUES.map(json.dumps), OBJECTS.map(json.dumps))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([*TOOLS, "x"]), WRITTEN)
def test_anything_gives_arguments_or_a_refusal(name: str, text: str) -> None:
    try:
        assert isinstance(parse_call(name, text), TOOLS[name].arguments)
    except BadRequest as refused:
        assert refused.code in {"unknown_tool", "bad_arguments"}
        refused.detail.encode()


@pytest.mark.parametrize("status", [["pending"], {}, {"in": ["pending"]}, 1, True])
def test_a_filter_that_is_no_text_is_refused_like_any_other(status: object) -> None:
    with pytest.raises(BadRequest, match="status"):
        parse_call("list_tasks", json.dumps({"status": status}))


@settings(max_examples=200, deadline=None)
@given(OBJECTS)
def test_what_is_shown_as_json_every_encoder_takes(written: dict[str, Any]) -> None:
    shown = arguments_shown(json.dumps(written))
    if isinstance(shown, dict):
        assert json.loads(to_json(shown)) == json.loads(orjson.dumps(shown)) == shown


@pytest.mark.parametrize(
    "text",
    ['{"a":' * depth + "1" + "}" * depth for depth in (33, 250, 900, 6_000)]
    + ['{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a": NaN}', '{"a": [1e999]}', '{"a": 18446744073709551616}', "[1]", "{"],
)
def test_what_not_every_encoder_takes_is_shown_as_it_was_written(text: str) -> None:
    assert arguments_shown(text) is text


def test_what_is_an_object_is_shown_as_one() -> None:
    deep = '{"a":' * 32 + '"é\\ud83d\\ude00"' + "}" * 32
    assert arguments_shown(deep) == json.loads(deep)
    assert arguments_shown("") == {}

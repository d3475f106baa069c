"""Frames from a stream, however it is cut into pieces."""

import json

import pytest

from agent.local.sse import PING, Frame, frames

STREAM = """\
: ping

id: t/1-0
event: turn.started
data: {"turn_id": "t"}

id: t/2-0
event: text.delta
data: {"delta":
data:  "Hallo"}

data: {}

id: t/3-0
event: text.delta
data: {"cut": "off
"""


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_frames_come_whole_whatever_the_pieces(size: int, ending: str) -> None:
    stream = STREAM.replace("\n", ending)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert list(frames(pieces)) == [
        PING,
        Frame("t/1-0", "turn.started", {"turn_id": "t"}),
        Frame("t/2-0", "text.delta", {"delta": "Hallo"}),
        Frame("t/2-0", "message", {}),
    ]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\U0001f600"])
def test_only_line_feeds_end_lines(character: str) -> None:
    data = {"delta": f"a{character}b"}
    (frame,) = frames([f"data: {json.dumps(data, ensure_ascii=False)}\n\n"])
    assert frame.data == data


@pytest.mark.parametrize("character", ["\u0085", "\u202e"])
def test_what_a_terminal_would_obey_ends_no_line_and_is_gone(character: str) -> None:
    (frame,) = frames([f'data: {{"delta": "a{character}b"}}\n\n'])
    assert frame.data == {"delta": "ab"}

"""Any turn, however it went: the terminal chat's reader of the service's own stream ends up with the log itself."""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.sse import _turn_frames
from agent.local.harmless import read_json
from agent.local.sse import PING, frames
from tests.wire.logs import TURN_ID, Logged, logged_turns
from tests.wire.pieces import SIZES, pieces, sent


def decoded(data: Iterable[bytes]) -> Iterator[str]:
    """As the HTTP client decodes a body that comes in pieces, also where they cut a character."""
    decoder = getincrementaldecoder("utf-8")()
    yield from map(decoder.decode, data)


@settings(deadline=None)
@given(logged_turns(), SIZES, st.data())
def test_it_reads_every_entry_in_its_place(turn: Logged, sizes: list[int], data: st.DataObject) -> None:
    body = sent(lambda entries: _turn_frames(TURN_ID, entries), turn.entries, data)
    seen = [frame for frame in frames(decoded(pieces(body, sizes))) if frame is not PING]
    assert [(frame.id, frame.event, frame.data) for frame in seen] == [
        (f"{TURN_ID}/{entry.id}", entry.name, read_json(entry.data.decode())) for entry in turn.entries
    ]

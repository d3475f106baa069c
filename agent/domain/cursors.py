"""Places in a turn's stream, as clients bring them back: ``{turn_id}/{epoch}-{seq}``, the id of a frame."""

import re

from agent.domain.errors import BadRequest
from agent.domain.events import CLOSING_EPOCH, CLOSING_ID, EntryId
from agent.domain.replay import SHOWN_SEQ

_FRAME = re.compile(r"(?P<turn>[A-Za-z0-9_.-]{1,128})/(?P<epoch>[0-9]{1,19})-(?P<seq>[0-9]{1,19})")


def parse(turn_id: str, cursor: str) -> EntryId:
    """The place that ``cursor`` names in the stream of ``turn_id``.

    Raises:
        BadRequest: ``bad_cursor``, or ``cursor_of_another_turn``.
    """
    match = _FRAME.fullmatch(cursor)
    if match is None or int(match["epoch"]) > CLOSING_EPOCH:
        raise BadRequest("bad_cursor", "A cursor is the id of a frame: {turn_id}/{epoch}-{seq}.")
    if match["turn"] != turn_id:
        raise BadRequest("cursor_of_another_turn", "The cursor is of another turn.")
    return EntryId(int(match["epoch"]), int(match["seq"]))


def check(cursor: EntryId | None, begun: EntryId, newest: EntryId | None, *, ended: bool) -> None:
    """Refuses a place that the stream has not reached: ``begun`` is the newest epoch handed out, ``newest`` the log's end.

    Raises:
        BadRequest: ``cursor_from_the_future``.
    """
    if cursor is None or (ended and (cursor == CLOSING_ID or cursor.seq >= SHOWN_SEQ)):
        return
    ahead = cursor > newest if newest is not None else False
    if cursor.epoch > begun.epoch or ahead:
        raise BadRequest("cursor_from_the_future", "The stream has not come to that place.")

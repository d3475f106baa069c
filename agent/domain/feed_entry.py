"""An event as its user's feed keeps it: a hint, hundreds of which are kept for every user, so its texts are cut.

Knows what to leave out. Refuses to know where a feed is kept; the topic gets every event whole.
"""

from typing import NamedTuple

from agent.domain.events import AnyFeedEvent, ConversationUpdated
from agent.domain.limits import FEED_TEXT_BYTES_MAX

CUT = "\u2026"


class FeedEntry(NamedTuple):
    """One event on a feed: ``data`` is it as JSON, without the tenant."""

    id: int
    name: str
    data: bytes


def feed_json(event: AnyFeedEvent) -> str:
    """The entry's JSON: without the tenant, and with at most FEED_TEXT_BYTES_MAX of each text."""
    if isinstance(event, ConversationUpdated):
        texts = {"user_message": _cut(event.user_message), "assistant_message": _cut(event.assistant_message)}
        event = event.model_copy(update=texts)
    return event.model_dump_json(exclude={"tenant_id"})


def _cut(text: str) -> str:
    whole = text.encode()
    if len(whole) <= FEED_TEXT_BYTES_MAX:
        return text
    return whole[: FEED_TEXT_BYTES_MAX - len(CUT.encode())].decode(errors="ignore") + CUT

"""A thread as it is stored, page by page, as far back as a client can post it again with its next message."""

from agent.api.wires.agui.messages import stored_messages
from agent.domain.ids import ConversationKey
from agent.domain.limits import HISTORY_PAGE_MAX, THREAD_SHOWN_BYTES_MAX
from agent.domain.turn_record import ENDED
from agent.domain.turn_view import HistoryTurn
from agent.ports import Chats


async def newest_turns(chats: Chats, key: ConversationKey) -> tuple[list[HistoryTurn], str | None]:
    """Oldest first, and which of them runs. The newest, and what runs or waits, are not left out for their size."""
    page = await chats.get_history(key, HISTORY_PAGE_MAX, None)
    running, found, size = page.running, list[HistoryTurn](), 0
    while True:
        for turn in reversed(page.turns):
            size += sum(len(message.model_dump_json()) for message in stored_messages([turn]))
            if found and size > THREAD_SHOWN_BYTES_MAX and turn.status in ENDED:
                return found[::-1], running
            found.append(turn)
        if page.next is None:
            return found[::-1], running
        page = await chats.get_history(key, HISTORY_PAGE_MAX, page.next)

"""Which of several answers to one message counts."""

from agent.domain.ids import TurnKey
from agent.domain.turn_view import TurnView
from agent.ports import Chats


async def newest_answer(chats: Chats, turn: TurnKey) -> TurnView:
    """``turn``, or the last of those that answered its message anew, one after the other. Raises NotFound."""
    view = await chats.get_turn(turn)
    while view.regenerated_by is not None:
        view = await chats.get_turn(turn._replace(turn_id=view.regenerated_by))
    return view

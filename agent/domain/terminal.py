"""How a turn's end is told. Made from the record alone, so every replica tells the same, whenever it is asked."""

from agent.domain.events import TerminalEvent, TurnCancelled, TurnCompleted, TurnFailed
from agent.domain.messages import public
from agent.domain.turn_record import TurnRecord
from agent.domain.undo import tasks_ordered


def terminal_event(turn: TurnRecord) -> TerminalEvent:
    """The one terminal event of an ended turn. Raises ValueError for one that has not ended."""
    if turn.status == "completed":
        return TurnCompleted(turn_id=turn.turn_id, message=public(turn.steps[-1].message), usage=turn.usage())
    if turn.status == "failed" and turn.failure:
        return TurnFailed(turn_id=turn.turn_id, **turn.failure.model_dump())
    if turn.status == "cancelled":
        return TurnCancelled(turn_id=turn.turn_id, undo_ordered=tasks_ordered(turn.undo))
    raise ValueError(f"turn {turn.turn_id} has not ended")

"""What runs or waits in a conversation, as its history tells, however far back.

Only cancelled turns can stand in any number behind one that waits: who says something with ``interrupt`` cancels what runs and
goes next. A turn that comes to its own end lets the next in the queue begin, so of such ends there are few, and the look back
is over where more have been seen.
"""

from collections.abc import Callable
from typing import Any

from agent.domain.limits import QUEUE_MAX

_OWN_ENDS = ("completed", "failed")

Page = dict[str, Any]


def at_work(page: Page, older: Callable[[int], Page]) -> list[str]:
    """Ids in the order to cancel them: what runs comes last, for what waits would start when it ends.

    ``page`` is the newest of the history, ``older`` gets the one behind a page's ``next``.
    """
    turns = page["turns"][::-1]
    running = [page["running"]]
    while page["next"] and _may_wait_behind(turns):
        page = older(page["next"])
        turns += page["turns"][::-1]
        running.append(page["running"])  # another one may have begun meanwhile
    last = list(dict.fromkeys(turn_id for turn_id in running if turn_id))
    waiting = [turn["turn_id"] for turn in turns if turn["status"] == "queued"]
    return [*(turn_id for turn_id in waiting if turn_id not in last), *last]


def _may_wait_behind(turns: list[dict[str, Any]]) -> bool:
    """Each end lets one begin of the at most QUEUE_MAX that waited; the newest end may not have done so yet."""
    states = [turn["status"] for turn in turns]
    return states.count("queued") < QUEUE_MAX and sum(map(states.count, _OWN_ENDS)) <= QUEUE_MAX

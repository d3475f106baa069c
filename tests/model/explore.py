"""Breadth-first over every interleaving, so that the trace of a violation is a shortest one.

Attempts that can do nothing any more are dropped at once (``_tidied``). That is sound: whatever such an attempt would still do
changes nothing, nor whether anything else is possible, and no check looks at it; its death would only waste a crash.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tests.model import clients, engine, generate, hosts, saga, tools, undo
from tests.model.check import broken, broken_at_rest
from tests.model.rules import Bounds
from tests.model.state import UNANSWERED, Attempt, Record, State

STATES_MAX = 5_000_000


class Found(NamedTuple):
    """``violation`` is the invariant broken, with the moves that lead there; None when all hold in all ``states``."""

    states: int
    at_rest: int
    violation: str | None = None
    trace: tuple[str, ...] = ()
    last: State | None = None


def explore(b: Bounds, states_max: int = STATES_MAX) -> Found:
    """Tries everything within ``b``, or until an invariant breaks. Raises OverflowError beyond ``states_max``."""
    start = State(Record(), (UNANSWERED,) * len(b.posts), b.budget)
    ids, states, todo = {start: 0}, [start], deque([0])
    came: list[tuple[int, str]] = [(0, "")]
    before: list[list[int]] = [[]]
    rest: list[int] = []
    while todo:
        at = todo.popleft()
        s = states[at]
        name, ends = broken(s, b), True
        if name:
            return _found(states, rest, name, at, came)
        for label, after in moves(s, b):
            after = _tidied(after, b)
            ends = False
            known = ids.get(after)
            if known is None:
                known = ids[after] = len(states)
                states.append(after)
                came.append((at, label))
                before.append([])
                todo.append(known)
                if known > states_max:
                    raise OverflowError(f"more than {states_max} states")
            before[known].append(at)
        if ends:
            rest.append(at)
            if name := broken_at_rest(s, b):
                return _found(states, rest, name, at, came)
    stuck = _never_at_rest(before, rest)
    return Found(len(states), len(rest)) if stuck is None else _found(states, rest, "answered", stuck, came)


def moves(s: State, b: Bounds) -> Iterator[tuple[str, State]]:
    """Every next state, with what leads there."""
    for part in (clients, engine, generate, tools, saga, undo, hosts):
        yield from part.moves(s, b)


def _tidied(s: State, b: Bounds) -> State:
    if b.without or s.pending:
        return s
    left = tuple(a for a in s.attempts if not _is_idle(s, a))
    return s if len(left) == len(s.attempts) else s._replace(attempts=left)


def _is_idle(s: State, a: Attempt) -> bool:
    """Nobody waits for its answer, and whatever it does next will be refused: its turn ended, its instance was replaced."""
    if engine.waiting_for(s, a) is not None:
        return False
    if a.phase in "vw":
        return True
    if not s.record.knows(a.number, a.ident):
        return a.phase == "n" and a.number < s.record.meta.next
    turn = s.record.turns[a.number]
    if a.phase == "n":
        return turn.ended or turn.instance != a.instance and turn.instance != 0
    return bool(s.logs[a.number].closing) and 1 not in a.calls


def _never_at_rest(before: list[list[int]], rest: list[int]) -> int | None:
    """The first state from which no rest can be reached."""
    reaches, todo = set(rest), list(rest)
    while todo:
        for at in before[todo.pop()]:
            if at not in reaches:
                reaches.add(at)
                todo.append(at)
    return next((at for at in range(len(before)) if at not in reaches), None)


def _found(states: list[State], rest: list[int], name: str, at: int, came: list[tuple[int, str]]) -> Found:
    trace: list[str] = []
    last = states[at]
    while at:
        at, label = came[at]
        trace.append(label)
    return Found(len(states), len(rest), name, tuple(reversed(trace)), last)

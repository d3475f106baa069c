"""Two replicas that both take themselves for the host of the actor: one freezes in the middle of a method, the other goes on.

A method reads ``meta``, then what else it needs, plans, and saves key by key: a key is stored if it is still what was read.
What was stored of a save that is refused in part stays. The caller of a frozen replica hears nothing and calls again elsewhere.
"""

from collections.abc import Iterator
from typing import Any

from tests.model import actor, clients
from tests.model.rules import Bounds
from tests.model.state import REFUSED, UNANSWERED, Attempt, Order, Pending, Record, State, Turn

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """A replica freezes when it has read ``meta``; wakes, goes on, and may freeze again behind each effect."""
    if s.pending is None:
        if s.budget.freezes:
            for what in _methods(s, b):
                spent = s.spend("freezes") if what[0] != "cancel" else s.spend("freezes").spend("cancels")
                yield f"{_name(what)}: frozen as it reads", spent._replace(pending=Pending(what, s.record))
        return
    p, what = s.pending, f"frozen {_name(s.pending.what)}"
    if not p.parts:
        yield f"{what} plans", _plan(s, b, p)
        return
    record, refused = _stored(s.record, b, p.base, p.parts[0])
    after = actor.save(s, record)._replace(pending=None)
    if p.parts[1:] and not (refused and b.on("all-or-stop")):
        yield f"{what} saves", after._replace(pending=p._replace(base=p.parts[0], parts=p.parts[1:]))
        return
    if not refused and p.what[0] == "post" and s.told[p.what[1]] == UNANSWERED:
        after = clients.told(after, p.what[1], (p.parts[0].meta.idents.index(p.what[1]), p.what[1]))
    yield f"{what} saves {'not all' if refused else 'all'}", after


def _methods(s: State, b: Bounds) -> Iterator[tuple[Any, ...]]:
    for index in range(len(b.posts)):
        if s.told[index] == UNANSWERED:
            yield "post", index
    if s.budget.cancels:
        yield from (("cancel", n) for n in range(s.record.meta.first, s.record.meta.next) if not s.record.turns[n].ended)
    yield from (("commit", *a) for a in s.attempts if a.doing == "g" and a.phase == "l")


def _name(what: tuple[Any, ...]) -> str:
    return " ".join(map(str, what[:2]))


def _plan(s: State, b: Bounds, p: Pending) -> State:
    """What it makes of an old ``meta`` and whatever else is stored by now."""
    gone = s._replace(pending=None)
    read = s.record._replace(meta=p.base.meta)
    mixed = gone._replace(record=read)
    effects = _planned(mixed, b, p.what)
    if effects is None:
        return gone
    scheduled, saved = effects
    scheduled = scheduled._replace(record=s.record, logs=s.logs, asked=s.asked)
    parts = tuple(actor.parts(b, read, saved.record))
    return scheduled._replace(pending=Pending(p.what, read, parts))


def _planned(s: State, b: Bounds, what: tuple[Any, ...]) -> tuple[State, State] | None:
    """The effects of the method over what it has read; None when there are none."""
    if what[0] == "post":
        if actor.follow_on(s, b) is not None or clients.fence(s, b) is not None:
            return None  # a save that the other replica makes just as well
        decided = clients.decide(s, b, int(what[1]))
        return (decided.scheduled, decided.saved) if decided.saved != s and decided.told != REFUSED else None
    if what[0] == "cancel":
        turn = s.record.turns[int(what[1])]
        return None if turn.ended else actor.cancel(s, b, int(what[1]))
    a = Attempt(*what[1:])
    if not s.record.knows(a.number, a.ident):
        return None
    turn = s.record.turns[a.number]
    if turn.ended or turn.epoch != a.epoch or len(turn.steps) != a.step:
        return None
    return actor.commit_step(s, b, a)


def _stored(now: Record, b: Bounds, base: Record, plan: Record) -> tuple[Record, bool]:
    """The record after the save, and whether a key of it was refused."""
    after, refused = now, False
    for old, there, new in _changed(base, now, plan):
        if old != there and b.on("etag"):
            refused = True
        elif isinstance(new, Turn):
            after = after.with_turn(plan.turns.index(new), new)
        elif isinstance(new, Order):
            after = after.with_order(new.number, new)
        else:
            after = after._replace(keys=(*(k for k in after.keys if k[0] != new[0]), new))
    if plan.meta == base.meta:
        return after, refused
    if base.meta != now.meta and b.on("etag"):
        return after, True
    return after._replace(meta=plan.meta), refused


def _changed(base: Record, now: Record, plan: Record) -> Iterator[tuple[Any, Any, Any]]:
    """Each key that is to be stored: what was read of it, what is there now, and what it is to be."""
    for name in ("turns", "keys", "orders"):
        old, there, new = (_by_name(getattr(record, name)) for record in (base, now, plan))
        yield from ((old.get(key), there.get(key), value) for key, value in new.items() if old.get(key) != value)


def _by_name(values: tuple[Any, ...]) -> dict[int, Any]:
    return dict(enumerate(values)) if values and isinstance(values[0], Turn) else {v[0]: v for v in values}

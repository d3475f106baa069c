"""The workflow ``undo``: it asks the actor whether it is meant (u), then bars each tool key and takes back what was done (U).

Its activities are idempotent and have no state of their own, so an attempt that dies differs in nothing from one that has not
begun: they are single moves. V: it was told that it is not meant and has not ended yet.
"""

from collections.abc import Iterator

from tests.model import actor, engine
from tests.model.rules import Bounds
from tests.model.saga import effect_of, with_effect
from tests.model.state import Effect, Order, Record, State, Workflow

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """The next act of every undo workflow, and (watched) another one for an undo whose workflow is gone."""
    for w in s.workflows:
        if w.doing == "u":
            order = _meant(s, b, w)
            told = f"undo {w.number}.{w.instance} {'is' if order else 'is not'} meant"
            yield told, engine.go_on(s, w, "U" if order else "V", len(order.keys) if order and order.exhausted else 0)
        elif w.doing == "V":
            yield f"undo {w.number}.{w.instance} ends", engine.end(s, w)
        elif w.doing == "U":
            yield f"undo {w.number}.{w.instance} key {w.step}", _undo_next(s, b, w)
    if b.watched and b.on("heal"):
        for order in s.record.orders:
            if order.number >= s.record.meta.first and not engine.alive(s, order.number, order.instance, "uUV"):
                yield from _heal(s, b, order)


def _heal(s: State, b: Bounds, order: Order) -> Moves:
    """Who looks at a turn whose undo is gone starts another; beyond the bound only to tell that it failed, and once.

    What half a refused cancel has left of an order is forgotten.
    """
    what, turn = f"undo {order.number} is healed", s.record.turns[order.number]
    if not turn.ended:
        return
    if order.exhausted or (turn.undo == "" and b.on("undo-cancelled")):
        yield f"{what} no more", actor.save(s, s.record.with_order(order.number, None))
        return
    record = s.record
    if order.starts >= b.undo_starts_max and b.on("undo-starts-max"):
        order = order._replace(exhausted=True)
        record = record.with_turn(order.number, turn._replace(undo="failed"))
    scheduled, order = actor.start_undo(s, b, order)
    saved = actor.save(scheduled, record.with_order(order.number, order))
    yield what, saved
    if s.budget.crashes:
        for left in actor.torn(s, b, (scheduled, saved)):
            yield f"{what}: crash in between", left.spend("crashes")


def _meant(s: State, b: Bounds, w: Workflow) -> Order | None:
    """The order that this workflow is to carry out: the recorded one, of a turn that is cancelled with undo, if still there."""
    order = s.record.order(w.number)
    if not b.on("undo-match"):
        return order or Order(w.number, w.ident, w.instance, 0, _keys(s.record, w, None))
    if order is None or (order.ident, order.instance) != (w.ident, w.instance):
        return None
    cancelled = not s.record.knows(w.number, w.ident) or s.record.turns[w.number].undo != ""
    return order if cancelled or not b.on("undo-cancelled") else None


def _undo_next(s: State, b: Bounds, w: Workflow) -> State:
    """One key after another; a call that was never done is barred all the same. Then the record says so."""
    order = s.record.order(w.number)
    keys = _keys(s.record, w, order)
    if w.step < len(keys):
        effect = effect_of(s, w.number, *keys[w.step])
        return engine.go_on(with_effect(s, _undone(effect, b)), w, "U", w.step + 1)
    if order is not None and order.instance == w.instance:
        record = s.record.with_order(w.number, None)
        turn = record.turns[w.number]
        if record.knows(w.number, w.ident) and turn.undo == "ordered":
            record = record.with_turn(w.number, turn._replace(undo="done"))
        s = actor.save(s, record)
    return engine.end(s, w)


def _undone(effect: Effect, b: Bounds) -> Effect:
    if effect.state == "d" and not (effect.touched and b.on("left-alone")):
        return effect._replace(state="u")
    if effect.state == "d":
        return effect._replace(state="l")
    return effect._replace(state="b") if effect.state in ("", "r") and b.on("bar") else effect


def _keys(record: Record, w: Workflow, order: Order | None) -> tuple[tuple[int, int], ...]:
    """The workflow was told them at its beginning, so it has them even when the order is gone or another's by now."""
    if order is not None:
        return order.keys
    return tuple((step, call) for step, done in enumerate(record.turns[w.number].steps) for call in range(len(done.results)))

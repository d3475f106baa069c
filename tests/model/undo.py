"""The workflow ``undo``: it asks the actor whether it is meant (u), then bars each tool key and takes back what was done (U).

Its activities are idempotent and have no state of their own, so an attempt that dies differs in nothing from one that has not
begun: they are single moves. V: it was told that it is not meant and has not ended yet.
"""

from collections.abc import Iterator

from tests.model import actor, engine, tools
from tests.model.rules import Bounds
from tests.model.state import State, Workflow

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """The next act of every undo workflow, and (watched) another one for an undo whose workflow is gone."""
    for w in s.workflows:
        if w.doing == "u":
            meant = s.record.knows(w.number, w.key) and _meant(s, b, w)
            yield f"undo {w.number} {'is' if meant else 'is not'} meant", engine.go_on(s, w, "U" if meant else "V", 0)
        elif w.doing == "V":
            yield f"undo {w.number} ends", engine.end(s, w)
        elif w.doing == "U":
            yield f"undo {w.number} key {w.step}", _undo_next(s, b, w)
    if b.watched and b.on("heal"):
        for number, turn in enumerate(s.record.turns):
            if turn.undo == "ordered" and not engine.alive(s, number, turn.undo_instance, "uUV"):
                again, instance = engine.instance(s, b, 0, "undo-fresh")
                again = engine.schedule(again, number, turn.key, instance, "u")
                record = s.record.with_turn(number, turn._replace(undo_instance=instance))
                yield f"undo {number} is healed", actor.save(again, record)


def _meant(s: State, b: Bounds, w: Workflow) -> bool:
    turn = s.record.turns[w.number]
    return not b.on("undo-match") or (turn.undo == "ordered" and turn.undo_instance == w.instance)


def _undo_next(s: State, b: Bounds, w: Workflow) -> State:
    """One key after another; a call that was never done is barred all the same. Then the record says so."""
    turn = s.record.turns[w.number]
    keys = [(step, call) for step, committed in enumerate(turn.steps) for call in range(len(committed.results))]
    if w.step < len(keys):
        effect = tools.effect_of(s, w.number, *keys[w.step])
        left = effect._replace(state="u" if effect.state in ("d", "u") else "b" if b.on("bar") else "")
        return engine.go_on(tools.with_effect(s, left), w, "U", w.step + 1)
    record = s.record.with_turn(w.number, turn._replace(undo="done"))
    return engine.end(actor.save(s, record), w)

"""What a tool call does to the world: an effect under its key, or (with sagas) a TaskProcessingWorkflow over a TaskActor.

The saga: o create, a assign, n notify and record the result; k takes back its own and records that it failed. Its activities
are idempotent by key and have no memory, so one that dies is one not begun: single moves. It outlives its turn.
"""

from collections.abc import Iterator

from tests.model import engine
from tests.model.rules import Bounds
from tests.model.state import Attempt, Effect, State, Workflow

Moves = Iterator[tuple[str, State]]


def effect_of(s: State, number: int, step: int, call: int) -> Effect:
    """What the world knows of the key."""
    known = (e for e in s.effects if (e.number, e.step, e.call) == (number, step, call))
    return next(known, Effect(number, step, call, 0, ""))


def with_effect(s: State, effect: Effect) -> State:
    """The key and its effect in one save, as every actor with tool effects does it."""
    others = [e for e in s.effects if (e.number, e.step, e.call) != (effect.number, effect.step, effect.call)]
    return s._replace(effects=tuple(sorted([*others, effect])))


def reserve(s: State, b: Bounds, a: Attempt, call: int) -> State:
    """The task's id is taken for the call; refused when its turn is barred."""
    known = effect_of(s, a.number, a.step, call)
    return s if known.state else with_effect(s, known._replace(state="r"))


def order(s: State, b: Bounds, a: Attempt, call: int) -> State:
    """Reserves, then schedules the workflow, unless its result is known."""
    s = reserve(s, b, a, call)
    known = effect_of(s, a.number, a.step, call)
    workflow = Workflow(a.number, call, 0, "o", a.step)
    at_work = any((w.number, w.ident, w.step) == (a.number, call, a.step) and w.doing in "oank" for w in s.workflows)
    return s if known.result or known.state in ("b", "u") or at_work else engine.add(s, workflow)


def moves(s: State, b: Bounds) -> Moves:
    """The next act of every TaskProcessingWorkflow, and what somebody else does to a task meanwhile."""
    for w in s.workflows:
        if w.doing in "oank":
            yield f"task {w.number} step {w.step} call {w.ident}: {w.doing}", _act(s, b, w)
    if s.budget.persons:
        for effect in s.effects:
            if effect.state == "d" and not effect.touched:
                what = f"somebody changes task {effect.number} step {effect.step} call {effect.call}"
                yield what, with_effect(s, effect._replace(touched=True)).spend("persons")


def _act(s: State, b: Bounds, w: Workflow) -> State:
    task = effect_of(s, w.number, w.step, w.ident)
    match w.doing:
        case "o":
            if task.state in ("b", "u"):
                return engine.end(with_effect(s, task._replace(result="x")), w)
            if task.state == "r" or not b.on("tool-keys"):
                s = with_effect(s, task._replace(state="d", times=task.times + 1))
            return engine.go_on(s, w, "a", w.step)
        case "a":
            return engine.go_on(s, w, "n" if task.state != "u" else "k", w.step)
        case "n":
            if task.state == "u" and b.on("notify-looks"):
                return engine.go_on(s, w, "k", w.step)
            result = task.result or ("k" if task.state != "u" else "v")
            told = task._replace(notified=task.notified + 1, result=result)
            return engine.end(with_effect(s, told), w)
        case _:
            return engine.end(with_effect(s, task._replace(result="x")), w)

"""The workflow engine: it remembers workflows through every crash, dispatches their activities, and takes one answer to each.

A workflow's own code touches nothing but the engine, so it advances in the same move as the answer arrives: a delay in between
could only delay the next dispatch, which is a move of its own. Which attempt's answer counts is not ours to know, so any does.
"""

from collections.abc import Iterator

from tests.model.rules import Bounds
from tests.model.state import Attempt, State, Workflow

Moves = Iterator[tuple[str, State]]


def instance(s: State, b: Bounds, otherwise: int, rule: str) -> tuple[State, int]:
    """An id for a new workflow: never used before, or (without the rule) one that a crash in between makes us use again."""
    if not b.on(rule):
        return s, -otherwise
    return s._replace(next_instance=s.next_instance + 1), s.next_instance


def schedule(s: State, number: int, ident: int, instance: int, doing: str) -> State:
    """As Dapr does it: an id that is active stays as it is, one that has ended runs again from its start."""
    family = "gtx" if doing == "g" else "uUV"
    if any((w.number, w.ident, w.instance) == (number, ident, instance) and w.doing in family for w in s.workflows):
        return s
    return add(s, Workflow(number, ident, instance, doing))


def add(s: State, workflow: Workflow) -> State:
    return s._replace(workflows=tuple(sorted([*s.workflows, workflow])))


def alive(s: State, number: int, instance: int, family: str) -> bool:
    return any((w.number, w.instance) == (number, instance) and w.doing in family for w in s.workflows)


def end(s: State, workflow: Workflow) -> State:
    return s._replace(workflows=tuple(w for w in s.workflows if w != workflow))


def go_on(s: State, workflow: Workflow, doing: str, step: int) -> State:
    return _changed(s, workflow, workflow._replace(doing=doing, step=step, tries=0, retry=0))


def _changed(s: State, workflow: Workflow, after: Workflow) -> State:
    return s._replace(workflows=tuple(sorted(after if w == workflow else w for w in s.workflows)))


def waiting_for(s: State, a: Attempt) -> Workflow | None:
    """The workflow that waits for this attempt's answer, if any does (still)."""
    waits = Workflow(a.number, a.ident, a.instance, a.doing, a.step, a.tries, a.retry)
    return waits if waits in s.workflows else None


def answer(s: State, a: Attempt, outcome: str) -> State:
    """The attempt ends with ``tools`` (of run_tools: ``done``), ``ended``, ``failed``, ``again``, ``void``, or ``raised``."""
    workflow, s = waiting_for(s, a), s.without(a)
    match outcome:
        case _ if workflow is None:
            return s
        case "raised":
            return _changed(s, workflow, workflow._replace(tries=workflow.tries + 1))
        case "again":
            return _changed(s, workflow, workflow._replace(tries=0, retry=workflow.retry + 1))
        case "tools":
            return go_on(s, workflow, "t", a.step)
        case "done":
            return go_on(s, workflow, "g", a.step + 1)
        case "failed":
            return go_on(s, workflow, "x", a.step)
        case _:
            return end(s, workflow)


def moves(s: State, b: Bounds) -> Moves:
    """Dispatches, once and (zombies) once more; workflows that vanish."""
    for w in s.workflows:
        if w.doing in "gt":
            at_work = [a for a in s.attempts if a[: len(w)] == w]
            fresh = Attempt(*w)
            if not at_work:
                yield f"dispatch {_name(w)}", s._replace(attempts=tuple(sorted([*s.attempts, fresh])))
            elif s.budget.zombies and all(a.phase != "n" for a in at_work):
                yield f"dispatch {_name(w)} again", s.spend("zombies")._replace(attempts=tuple(sorted([*s.attempts, fresh])))
        if s.budget.losses and w.doing in ("gtuUV" if b.undo else "gt"):
            yield f"workflow {w.doing} {w.number}.{w.instance} vanishes", end(s, w).spend("losses")


def _name(w: Workflow) -> str:
    what = "generate" if w.doing == "g" else "run_tools"
    return f"{what} {w.number}.{w.instance} step {w.step}"

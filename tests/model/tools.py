"""The activity ``run_tools``: BeginTools, then for each call, all at once: do it once per key, tell the log, CommitTool."""

from collections.abc import Iterator

from tests.model import actor, engine, log, saga
from tests.model.generate import cut_off, fenced, stand_by
from tests.model.rules import Bounds
from tests.model.saga import effect_of, with_effect
from tests.model.state import Attempt, State, put

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """Every next effect of every attempt at ``run_tools``."""
    for a in dict.fromkeys(s.attempts):
        if a.doing != "t":
            continue
        who = f"{a.number}.{a.instance} step {a.step}"
        if s.budget.crashes:
            yield f"run_tools {who} (epoch {a.epoch}) dies", s.without(a).spend("crashes")
        if a.phase == "s":
            yield from cut_off(s, b, a, f"run_tools {who} (epoch {a.epoch})")
        match a.phase:
            case "n":
                yield f"BeginTools {who}", _begin(s, b, a)
            case "s":
                for call, phase in enumerate(a.calls):
                    yield from _step(s, b, a, call, phase)
            case _:
                yield from stand_by(s, b, a, who)


def _begin(s: State, b: Bounds, a: Attempt) -> State:
    if not s.record.knows(a.number, a.ident):
        return engine.answer(s, a, "done")  # and the next BeginStep says void
    turn = s.record.turns[a.number]
    if turn.ended or turn.instance != a.instance:
        return engine.answer(s, a, "done")
    results = turn.steps[a.step].results
    if all(results):
        return engine.answer(s, a, "done")
    begun = actor.begin_epoch(turn, b, a)
    if begun is None:
        return engine.answer(actor.close_turn(s, b, a.number, "e")[1], a, "done")
    calls = tuple(0 if r and b.on("open-calls") else 1 for r in results)
    s = s.replace(a, a._replace(phase="s", epoch=begun.epoch, calls=calls))
    return s._replace(record=s.record.with_turn(a.number, begun))


def _step(s: State, b: Bounds, a: Attempt, call: int, phase: int) -> Moves:
    what = f"{a.number} step {a.step} call {call} epoch {a.epoch}"
    match phase:
        case 1:
            if not b.sagas:
                yield f"tool does {what}", _do(s, b, a, call).replace(a, _moved(a, call))
                return
            yield f"tool orders {what}", saga.order(s, b, a, call).replace(a, _moved(a, call))
            reserved = saga.reserve(s, b, a, call)
            if s.budget.crashes and reserved != s:
                yield f"tool reserves {what} and dies", reserved.without(a).spend("crashes")
        case 2:
            after, refusal = log.append_result(s, b, a, call)
            match refusal:
                case "":
                    yield f"log result {what}", after.replace(a, _moved(a, call))
                case "closed":
                    yield f"log closed to {what}", engine.answer(s, a, "done")
                case _:
                    yield f"log fences {what}", fenced(s, b, a)
            if s.budget.outages:
                yield f"log out of reach of {what}", s.replace(a, _moved(a, call)._replace(incomplete=True)).spend("outages")
        case 3:
            yield from _commit(s, b, a, call, what)
        case _:
            pass


def _do(s: State, b: Bounds, a: Attempt, call: int) -> State:
    known = effect_of(s, a.number, a.step, call)
    if known.state and b.on("tool-keys"):
        return s  # done before, or barred
    return with_effect(s, known._replace(times=known.times + 1, state="d"))


def _commit(s: State, b: Bounds, a: Attempt, call: int, what: str) -> Moves:
    if not s.record.knows(a.number, a.ident):
        yield f"CommitTool {what}: not found", engine.answer(s, a, "raised")
        return
    saved = actor.commit_tool(s, b, a, call)
    if saved is None:
        yield f"CommitTool {what}: refused", fenced(s, b, a)
        return
    after = _moved(a, call)
    if any(phase in (1, 2, 3) for phase in after.calls):
        yield f"CommitTool {what}", saved.replace(a, after)
    else:
        yield f"CommitTool {what}, the last", engine.answer(saved, a, "done")
    if s.budget.crashes and saved != s:
        yield f"CommitTool {what}, answer lost", saved.spend("crashes")
        yield f"CommitTool {what}, then it dies", saved.without(a).spend("crashes")


def _moved(a: Attempt, call: int) -> Attempt:
    return a._replace(calls=put(a.calls, call, a.calls[call] + 1))

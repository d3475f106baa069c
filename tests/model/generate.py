"""The activity ``generate``: BeginStep, stream to the log, CommitStep; and what an attempt does that is fenced."""

from collections.abc import Iterator

from tests.model import actor, engine, log
from tests.model.rules import Bounds
from tests.model.state import Attempt, State, put

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """Every next effect of every attempt at ``generate``."""
    for a in dict.fromkeys(s.attempts):
        if a.doing != "g":
            continue
        who = f"{a.number}.{a.instance} step {a.step}"
        if s.budget.crashes:
            yield f"generate {who} (epoch {a.epoch}) dies", s.without(a).spend("crashes")
        if a.phase == "s":
            yield from cut_off(s, b, a, f"generate {who} (epoch {a.epoch})")
        match a.phase:
            case "n":
                yield f"BeginStep {who}", begin(s, b, a)
                if s.budget.crashes and (torn := giving_up(s, b, a)):
                    yield f"BeginStep {who}: actor dies as it gives up", torn.spend("crashes")
            case "v":
                yield f"generate {who} reports void", engine.answer(s, a, "void")
            case "s":
                yield from _stream(s, b, a, who)
            case "l":
                yield from _commit(s, b, a, who)
            case _:
                yield from stand_by(s, b, a, who)


def begin(s: State, b: Bounds, a: Attempt) -> State:
    """BeginStep: what is stored, or a new epoch, which is a model call."""
    if not s.record.knows(a.number, a.ident):
        return _void(s, a)
    turn = s.record.turns[a.number]
    if turn.instance != a.instance and b.on("instance-match"):
        return _void(s, a)
    if len(turn.steps) > a.step and b.on("reuse"):
        return engine.answer(s, a, "ended" if turn.ended else "tools")
    if turn.ended:
        return engine.answer(s, a, "ended")
    begun = actor.begin_epoch(turn, b, a)
    if begun is None:
        return engine.answer(actor.close_turn(s, b, a.number, "e")[1], a, "ended")
    s = s.replace(a, a._replace(phase="s", epoch=begun.epoch, restart=turn.attempted == a.step))
    s = s._replace(asked=put(s.asked, a.number, s.asked[a.number] + 1))
    return s._replace(record=s.record.with_turn(a.number, begun))


def giving_up(s: State, b: Bounds, a: Attempt) -> State | None:
    """What is left when the actor dies while it ends a turn that may have no further attempt; None when it does not end it."""
    if not s.record.knows(a.number, a.ident):
        return None
    turn = s.record.turns[a.number]
    if turn.ended or turn.instance != a.instance or len(turn.steps) > a.step or actor.begin_epoch(turn, b, a):
        return None
    return next(actor.torn(s, b, actor.close_turn(s, b, a.number, "e")), None)


def fenced(s: State, b: Bounds, a: Attempt) -> State:
    """There is a newer attempt: wait for it, or (without the rule) tell the engine that this one failed."""
    return s.replace(a, a._replace(phase="w")) if b.on("stand-by") else engine.answer(s, a, "raised")


def cut_off(s: State, b: Bounds, a: Attempt, who: str) -> Moves:
    """Its process dies of it; or it stops: then the attempt says so and ends, or lives on for a while."""
    if b.poison:
        yield f"{who} kills its process", s.without(a)
    if s.budget.stops:
        told = actor.hand_over(s, b, a).spend("stops")
        yield f"{who} is handed over", told.without(a)
        yield f"{who} is handed over, and lives on", told


def stand_by(s: State, b: Bounds, a: Attempt, who: str) -> Moves:
    """Reports what the newer attempt came to; raises when there is none any more (no beat of it any more)."""
    if not s.record.knows(a.number, a.ident):
        yield f"standing by {who}: cleared", engine.answer(s, a, "raised")
        return
    turn = s.record.turns[a.number]
    if a.doing == "g" and (len(turn.steps) > a.step or turn.ended):
        yield f"standing by {who}: settled", begin(s, b, a)
    elif a.doing == "t" and (turn.ended or all(turn.steps[a.step].results)):
        yield f"standing by {who}: settled", engine.answer(s, a, "done")
    elif b.on("stand-by-bound") and not any(r.number == a.number and r.epoch > a.epoch and r.phase != "w" for r in s.attempts):
        yield f"standing by {who}: silence", engine.answer(s, a, "raised")


def _void(s: State, a: Attempt) -> State:
    """The answer and its arrival at the engine are two moves: in between the same id can be scheduled again, in vain."""
    return s.replace(a, a._replace(phase="v")) if engine.waiting_for(s, a) else s.without(a)


def _stream(s: State, b: Bounds, a: Attempt, who: str) -> Moves:
    who = f"{who} epoch {a.epoch}"
    after, refusal = log.append_text(s, b, a)
    match refusal:
        case "":
            yield f"log text {who}", after.replace(a, a._replace(phase="l"))
        case "closed":
            yield f"log closed to {who}", engine.answer(s, a, "ended")
        case _:
            yield f"log fences {who}", fenced(s, b, a)
    if not b.on("log-first"):
        yield from _commit(s, b, a, who)
    if s.budget.outages:
        yield f"log out of reach of {who}", s.replace(a, a._replace(phase="l", incomplete=True)).spend("outages")
    for budget, outcome in (("failures", "failed"), ("refusals", "again")):
        if getattr(s.budget, budget):
            newest = s.record.knows(a.number, a.ident) and s.record.turns[a.number].epoch == a.epoch
            ended = engine.answer(s, a, outcome) if newest else fenced(s, b, a)
            yield f"endpoint fails {who}: {outcome}", ended.spend(budget)


def _commit(s: State, b: Bounds, a: Attempt, who: str) -> Moves:
    if not s.record.knows(a.number, a.ident):
        yield f"CommitStep {who}: not found", engine.answer(s, a, "raised")
        return
    turn = s.record.turns[a.number]
    outcome = "ended" if turn.ended else "tools"
    if len(turn.steps) > a.step and turn.steps[a.step].epoch == a.epoch:
        yield f"CommitStep {who}: repeated", engine.answer(s, a, outcome)
    elif turn.ended and b.on("ended"):
        yield f"CommitStep {who}: ended", engine.answer(s, a, "ended")
    elif len(turn.steps) != a.step or (turn.epoch != a.epoch and b.on("epoch")):
        yield f"CommitStep {who}: superseded", fenced(s, b, a)
    else:
        yield from _commits(s, b, a, who)


def _commits(s: State, b: Bounds, a: Attempt, who: str) -> Moves:
    """The commit that counts, with a crash of the actor's process, the attempt's, or both, at each of its effects."""
    scheduled, saved = actor.commit_step(s, b, a)
    outcome = "ended" if saved.record.turns[a.number].ended else "tools"
    yield f"CommitStep {who}", engine.answer(saved, a, outcome)
    if s.budget.crashes:
        for left in actor.torn(s, b, (scheduled, saved)):
            yield f"CommitStep {who}, actor dies in between", left.spend("crashes")
            yield f"CommitStep {who}, all die in between", left.without(a).spend("crashes")
        yield f"CommitStep {who}, answer lost", saved.spend("crashes")
        yield f"CommitStep {who}, then it dies", saved.without(a).spend("crashes")
    if s.budget.outages and b.watched and scheduled != s:
        _, saved = actor.commit_step(s, b, a, reachable=False)
        yield f"CommitStep {who}, engine out of reach", engine.answer(saved, a, outcome).spend("outages")

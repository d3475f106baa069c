"""What must be true in every state, and what must be true when nothing can happen any more."""

from tests.model.rules import Bounds
from tests.model.state import NOBODY, State

INVARIANTS = {
    "one at a time": "at most one turn of a conversation runs, and the record knows which",
    "not lost": "an acknowledged message has its turn, with its key and its words",
    "not twice": "one key has one turn, and a cleared one is never run again",
    "ends once": "a turn ends once, and stays as it ended",
    "one terminal": "a log has one closing entry, nothing behind it, and it says what the record says",
    "shown": "what readers were shown of committed steps and results is what is stored, unless it is marked incomplete",
    "effect once": "a tool's effect happens at most once per key",
    "bounded": "queue and workflow starts keep to their bounds",
    "billed": "the model is asked once per step, and once more at most for each crash, zombie and other fault",
    "answered": "at rest every acknowledged turn has ended, and rest can be reached from everywhere",
    "all or nothing": "at rest an undo that was ordered is done and nothing of the turn stands; without one, everything does",
}


def broken(s: State, b: Bounds) -> str | None:
    """The invariant this state breaks, if any."""
    for name, holds in _ALWAYS.items():
        if not holds(s, b):
            return name
    return None


def broken_at_rest(s: State, _: Bounds) -> str | None:
    """The invariant that is broken by nothing more happening in this state, if any."""
    turns = s.record.turns
    if not all(turns[n].ended for n in s.told if n >= 0) or s.record.running != NOBODY or s.record.queue:
        return "answered"
    for effect in s.effects:
        undone = turns[effect.number].undo != ""
        if effect.state == ("d" if undone else "u"):
            return "all or nothing"
    return "all or nothing" if any(t.undo == "ordered" for t in turns) else None


def _one_at_a_time(s: State, _: Bounds) -> bool:
    running = [n for n, t in enumerate(s.record.turns) if t.status == "r" and n >= s.record.first]
    return running == ([] if s.record.running == NOBODY else [s.record.running])


def _not_lost(s: State, b: Bounds) -> bool:
    turns = s.record.turns
    told = [(n, p) for n, p in zip(s.told, b.posts, strict=True) if n >= 0]
    return all(n < len(turns) and (turns[n].key, turns[n].body) == (p.key, p.body) for n, p in told) and all(
        t.ended for t in turns[: s.record.first]
    )


def _not_twice(s: State, _: Bounds) -> bool:
    return len({t.key for t in s.record.turns}) == len(s.record.turns)


def _ends_once(s: State, _: Bounds) -> bool:
    return all(t.ends == (1 if t.ended else 0) for t in s.record.turns)


def _one_terminal(s: State, _: Bounds) -> bool:
    return all(not g.closing or g.closing == t.status for g, t in zip(s.logs, s.record.turns, strict=False))


def _shown(s: State, b: Bounds) -> bool:
    for log, turn in zip(s.logs, s.record.turns, strict=False):
        if turn.incomplete:
            continue  # readers end with the committed text
        for step, committed in enumerate(turn.steps):
            if log.shown[step : step + 1] != ((committed.epoch,),):
                return False
            results = log.results[step] if step < len(log.results) else (0,) * b.calls
            if any(stored and stored != shown for stored, shown in zip(committed.results, results, strict=False)):
                return False
    return True


def _effect_once(s: State, _: Bounds) -> bool:
    return all(e.times <= 1 for e in s.effects)


def _bounded(s: State, b: Bounds) -> bool:
    return len(s.record.queue) <= b.queue_max and all(t.starts <= b.attempts_max + 1 for t in s.record.turns)


def _billed(s: State, b: Bounds) -> bool:
    faults = b.budget.faults() - s.budget.faults()
    return all(asked <= b.steps + faults for asked in s.asked)


_ALWAYS = {
    "not twice": _not_twice,
    "not lost": _not_lost,
    "one at a time": _one_at_a_time,
    "ends once": _ends_once,
    "one terminal": _one_terminal,
    "shown": _shown,
    "effect once": _effect_once,
    "bounded": _bounded,
    "billed": _billed,
}

"""What must be true in every state, and what must be true when nothing can happen any more."""

from tests.model.rules import Bounds
from tests.model.state import NOBODY, State

INVARIANTS = {
    "one at a time": "at most one turn of a conversation runs, and the record knows which, and which ones wait",
    "not lost": "an acknowledged message has its turn, with its key and its words",
    "not twice": "one key has one turn, and a cleared one is never run again",
    "ends once": "a turn ends once, and stays as it ended",
    "one terminal": "a log has one closing entry, nothing behind it, and it says what the record says",
    "shown": "what readers were shown of committed steps and results is what is stored, unless it is marked incomplete",
    "effect once": "a tool's effect happens at most once per key",
    "bounded": "queue, keys, workflow starts and attempts without progress keep to their bounds",
    "patient": "a turn is given up, and an undo has failed, only after so many attempts in vain as their bounds say",
    "billed": "the model is asked once per step, and once more at most for each crash, zombie and other fault",
    "answered": "at rest every acknowledged turn has ended, and rest can be reached from everywhere",
    "all or nothing": "at rest an undo that was ordered is done and nothing of the turn stands; without one, everything does",
    "not ours": "what somebody else has changed is left alone",
}


def broken(s: State, b: Bounds) -> str | None:
    """The invariant this state breaks, if any."""
    for name, holds in _ALWAYS.items():
        if not holds(s, b):
            return name
    return None


def broken_at_rest(s: State, b: Bounds) -> str | None:
    """The invariant that is broken by nothing more happening in this state, if any."""
    record = s.record
    idle = record.meta.running == NOBODY and not record.meta.queue
    if not idle or not all(record.turns[n].ended for n, _ in s.told if n >= 0):
        return "answered"
    for effect in s.effects:
        undo = record.turns[effect.number].undo
        if effect.state not in ({"": "dr", "failed": "drbul"}.get(undo, "bul")):
            return "all or nothing"
        if b.sagas and effect.result != ("k" if effect.state in "dl" else effect.result or "") and effect.state in "dl":
            return "all or nothing"
    cleared = record.meta.first
    return "all or nothing" if any(t.undo == "ordered" for t in record.known()[cleared:]) or record.orders else None


def _one_at_a_time(s: State, b: Bounds) -> bool:
    meta, known = s.record.meta, list(enumerate(s.record.known()))[s.record.meta.first :]
    running = [n for n, t in known if t.status == "r"]
    if s.pending or b.split or b.budget.freezes:
        return len(running) <= 1  # until somebody finds what half a save has left
    waiting = sorted(n for n, t in known if t.status == "q")
    return running == ([] if meta.running == NOBODY else [meta.running]) and waiting == sorted(meta.queue)


def _not_lost(s: State, b: Bounds) -> bool:
    turns = s.record.known()
    if len(turns) < s.record.meta.next or not all(t.ended for t in turns[: s.record.meta.first]):
        return False
    told = [(n, ident, p) for (n, ident), p in zip(s.told, b.posts, strict=True) if n >= 0]
    return all(n < len(turns) and (turns[n].ident, turns[n].key, turns[n].body) == (i, p.key, p.body) for n, i, p in told)


def _not_twice(s: State, _: Bounds) -> bool:
    keys = [t.key for t in s.record.known()]
    return len(set(keys)) == len(keys)


def _ends_once(s: State, _: Bounds) -> bool:
    return all(t.ends == (1 if t.ended else 0) for t in s.record.known())


def _one_terminal(s: State, _: Bounds) -> bool:
    return all(not g.closing or g.closing == t.status for g, t in zip(s.logs, s.record.known(), strict=False))


def _shown(s: State, b: Bounds) -> bool:
    for log, turn in zip(s.logs, s.record.known(), strict=False):
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
    return all(e.times <= 1 and e.notified <= 1 for e in s.effects)


def _not_ours(s: State, _: Bounds) -> bool:
    return not any(e.touched and e.state == "u" for e in s.effects)


def _told_in_vain(s: State, _: Bounds) -> bool:
    return not any(e.result == "v" for e in s.effects)


def _bounded(s: State, b: Bounds) -> bool:
    return (
        len(s.record.meta.queue) <= b.queue_max
        and len(s.record.keys) <= b.keys_max
        and all(t.starts - t.heard_starts <= b.attempts_max + 1 for t in s.record.known())
        and all(t.epoch - t.heard_epoch <= b.silent_max for t in s.record.known() if b.silent_max)
        and all(o.starts <= b.undo_starts_max + 1 for o in s.record.orders)
    )


def _patient(s: State, b: Bounds) -> bool:
    for turn in s.record.known():
        in_vain = turn.epoch - turn.heard_epoch >= (b.silent_max or 99) or turn.starts - turn.heard_starts > b.attempts_max
        if turn.status == "e" and not in_vain:
            return False
        if turn.undo == "failed" and b.budget.losses - s.budget.losses < b.undo_starts_max:
            return False
    return True


def _billed(s: State, b: Bounds) -> bool:
    faults = b.budget.faults() - s.budget.faults() + (b.silent_max * b.steps if b.poison else 0)
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
    "patient": _patient,
    "billed": _billed,
    "not ours": _not_ours,
    "all or nothing": _told_in_vain,
}

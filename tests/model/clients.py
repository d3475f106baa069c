"""What comes from outside: messages, repeats, cancels, clears, followers that heal and close; and an actor that moves."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.model import actor, engine, log
from tests.model.rules import Bounds
from tests.model.state import GONE, NOBODY, REFUSED, UNANSWERED, Post, Record, State, Told, put

Moves = Iterator[tuple[str, State]]


class Decided(NamedTuple):
    """What ProcessMessage comes to: the answer, and its effects when it admits something."""

    told: Told
    how: str
    scheduled: State
    saved: State


def moves(s: State, b: Bounds) -> Moves:
    """Everything that clients, followers and the placement of actors may do next."""
    for index in range(len(b.posts)):
        if s.told[index] == UNANSWERED and _next_of_its_kind(s, b, index):
            yield from _submit(s, b, index, f"post {index}")
        elif s.told[index][0] >= 0 and s.budget.repeats:
            yield from _submit(s.spend("repeats"), b, index, f"post {index} again")
    for number in range(s.record.meta.first, s.record.meta.next):
        yield from _cancel(s, b, number)
    for number in range(s.record.meta.next):
        if (closed := log.close(s, b, number)) is not None:
            yield f"close log {number}", closed
    if s.budget.clears and s.record.meta.first < s.record.meta.next:
        yield from _clear(s, b)
    yield from _heal(s, b)
    yield from _fail_turn(s, b)
    if not b.on("fresh-record"):
        yield from _move(s)


def _next_of_its_kind(s: State, b: Bounds, index: int) -> bool:
    """Symmetry: of two posts that differ in their key alone, both without a trace so far, only the first is tried.

    Swapping two such posts maps the state to itself and every run to a run, and no check depends on which key is which.
    """
    post = b.posts[index]
    if any(other.key == post.key for i, other in enumerate(b.posts) if i != index):
        return True
    for i in range(index):
        other = b.posts[i]
        if other._replace(key=post.key) == post and s.told[i] == UNANSWERED and not _traced(s, other.key, i):
            return False
    return True


def _traced(s: State, key: int, ident: int) -> bool:
    if s.pending and s.pending.what == ("post", ident):
        return True
    turns = (*s.record.turns, *(s.stale.turns if s.stale else ()))
    at_work = (*s.workflows, *s.attempts)
    return any(t.key == key for t in turns) or any(w.ident == ident and w.doing in "gtx" for w in at_work)


def decide(s: State, b: Bounds, index: int) -> Decided:
    """ProcessMessage: what is known first, then the policy, then the bounds."""
    post = b.posts[index]
    if (number := _admitted_before(s.record, b, post, index)) is not None:
        turn = s.record.turns[number] if number < len(s.record.turns) else None
        told = GONE if number < s.record.meta.first else (number, turn.ident if turn else index)
        if turn and turn.body != post.body and b.on("same-body"):
            told = REFUSED
        return Decided(told, "known", s, s)
    busy = s.record.meta.running != NOBODY
    full = busy and post.policy == "queue" and len(s.record.meta.queue) >= b.queue_max and b.on("queue-bound")
    no_room = len(s.record.keys) >= b.keys_max and post.key not in (k[0] for k in s.record.keys) and b.on("young-keys")
    if full or no_room or (busy and post.policy == "reject"):
        return Decided(REFUSED, "refused", s, s)
    into = "begin" if not busy else post.policy if post.policy == "interrupt" else "queue"
    scheduled, saved = actor.admit(s, b, post, index, into=into)
    return Decided((s.record.meta.next, index), "admitted", scheduled, saved)


def _admitted_before(record: Record, b: Bounds, post: Post, ident: int) -> int | None:
    """The turn of this very submission, or else of its key; a key whose turn is another's by now counts for nothing."""
    if not b.on("replay"):
        return None
    first = 0 if b.on("keys-outlive-clear") else record.meta.first
    if ident in record.meta.idents[first:]:
        return record.meta.idents.index(ident)
    used = next((k for k in record.keys if k[0] == post.key), None)
    if used is None or used[1] < first:
        return None
    _, number, of = used
    its_own = number < record.meta.next and record.turns[number].ident == of
    return number if its_own or not b.on("own-turn") else None


def told(s: State, index: int, answer: Told) -> State:
    """The client has its answer."""
    return s._replace(told=put(s.told, index, answer))


def _submit(s: State, b: Bounds, index: int, what: str) -> Moves:
    if (followed := actor.follow_on(s, b)) is not None:
        s = followed[1]  # saved by itself, first
    if (fenced := fence(s, b)) is not None:
        s = fenced  # and this
    d = decide(s, b, index)
    yield f"{what}: {d.how}", told(d.saved, index, d.told)
    if s.budget.crashes and d.saved != s:
        for left in actor.torn(s, b, (d.scheduled, d.saved)):
            yield f"{what}: crash in between", left.spend("crashes")
        yield f"{what}: admitted, answer lost", d.saved.spend("crashes")


def fence(s: State, b: Bounds) -> State | None:
    """There is a turn where the next one belongs: whoever wrote it may be frozen, and must not make it known any more."""
    meta = s.record.meta
    if not b.on("fence-orphan") or len(s.record.turns) == meta.next:
        return None
    return actor.save(s, s.record.with_meta(fences=meta.fences + 1))


def _cancel(s: State, b: Bounds, number: int) -> Moves:
    turn = s.record.turns[number]
    if not s.budget.cancels or turn.status == "c" or (turn.ended and b.on("cancel-once")):
        return
    first, both = actor.cancel(s, b, number)
    yield f"cancel {number}", both.spend("cancels")
    if s.budget.crashes:
        for left in actor.torn(s, b, (first, both)):
            # Nobody was told that it is cancelled, so somebody who still wants it says so again.
            yield f"cancel {number}: crash in between", left.spend("crashes")


def _clear(s: State, b: Bounds) -> Moves:
    if (followed := actor.follow_on(s, b)) is not None:
        s = followed[1]
    if not b.on("clear-idle") or s.record.meta.running == NOBODY:
        yield "clear", actor.clear(s).spend("clears")


def _heal(s: State, b: Bounds) -> Moves:
    if not b.watched or not b.on("heal"):
        return
    healed = actor.follow_on(s, b) or actor.revive(s, b)
    if healed is not None:
        yield f"heal {s.record.meta.running}", healed[1]
        if s.budget.crashes:
            for left in actor.torn(s, b, healed):
                yield f"heal {s.record.meta.running}: crash in between", left.spend("crashes")
    elif s.budget.suspicions and (healed := actor.revive(s, b, suspected=True)) is not None:
        yield f"heal {s.record.meta.running}, which lives", healed[1].spend("suspicions")


def _fail_turn(s: State, b: Bounds) -> Moves:
    """The activity ``fail_turn``: repeated until it is done, so an attempt that dies differs in nothing from none."""
    for w in s.workflows:
        if w.doing != "x":
            continue
        if not s.record.knows(w.number, w.ident):
            yield f"fail_turn {w.number}: not found", engine.end(s, w)
            continue
        scheduled, saved = actor.fail(s, b, w.number, w.instance)
        yield f"fail_turn {w.number}", engine.end(saved, w)
        if s.budget.crashes and saved != s:
            for left in actor.torn(s, b, (scheduled, saved)):
                yield f"fail_turn {w.number}: crash in between", left.spend("crashes")
            yield f"fail_turn {w.number}: answer lost", saved.spend("crashes")


def _move(s: State) -> Moves:
    """The actor moves to another replica and back; the first, never told, still has it in memory. With the rule: nothing."""
    if s.stale is not None:
        yield "actor moves back and remembers", s._replace(record=s.stale, stale=None)
    elif s.budget.moves:
        yield "actor moves away", s._replace(stale=s.record).spend("moves")

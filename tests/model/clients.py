"""What comes from outside: messages, repeats, cancels, clears, followers that heal and close; and an actor that moves."""

from collections.abc import Iterator

from tests.model import actor, engine, log
from tests.model.rules import Bounds
from tests.model.state import GONE, NOBODY, REFUSED, UNANSWERED, Post, State, put

Moves = Iterator[tuple[str, State]]


def moves(s: State, b: Bounds) -> Moves:
    """Everything that clients, followers and the placement of actors may do next."""
    for index, post in enumerate(b.posts):
        if s.told[index] == UNANSWERED and _next_of_its_kind(s, b, index):
            yield from _submit(s, b, index, post, f"post {index}")
        elif s.told[index] >= 0 and s.budget.repeats:
            yield from _submit(s.spend("repeats"), b, index, post, f"post {index} again")
    for number in range(s.record.first, len(s.record.turns)):
        yield from _cancel(s, b, number)
    for number in range(len(s.record.turns)):
        if (closed := log.close(s, b, number)) is not None:
            yield f"close log {number}", closed
    if s.budget.clears and (not b.on("clear-idle") or s.record.running == NOBODY) and s.record.first < len(s.record.turns):
        yield "clear", actor.clear(s).spend("clears")
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
        if other._replace(key=post.key) == post and s.told[i] == UNANSWERED and not _traced(s, other.key):
            return False
    return True


def _traced(s: State, key: int) -> bool:
    everything = (*s.record.turns, *s.workflows, *s.attempts, *(s.stale.turns if s.stale else ()))
    return any(thing.key == key for thing in everything)


def _submit(s: State, b: Bounds, index: int, post: Post, what: str) -> Moves:
    """ProcessMessage: a known key first, then the policy, then the bound."""
    number = _admitted_before(s, b, post)
    if number is not None:
        turn = s.record.turns[number]
        told = GONE if number < s.record.first else number
        if turn.body != post.body and b.on("same-body"):
            told = REFUSED
        yield f"{what}: known", _told(s, index, told)
        return
    if s.record.running == NOBODY:
        scheduled, saved = actor.begin_turn(s, b, post)
    elif post.policy == "interrupt":
        scheduled, saved = actor.interrupt(s, b, post)
    elif post.policy == "reject" or (len(s.record.queue) >= b.queue_max and b.on("queue-bound")):
        yield f"{what}: refused", _told(s, index, REFUSED)
        return
    else:
        scheduled, saved = s, actor.enqueue(s, post)
    yield f"{what}: admitted", _told(saved, index, len(s.record.turns))
    if s.budget.crashes:
        if scheduled != s:
            yield f"{what}: crash in between", scheduled.spend("crashes")
        yield f"{what}: admitted, answer lost", saved.spend("crashes")


def _admitted_before(s: State, b: Bounds, post: Post) -> int | None:
    if not b.on("replay"):
        return None
    first = 0 if b.on("keys-outlive-clear") else s.record.first
    known = (n for n in range(first, len(s.record.turns)) if s.record.turns[n].key == post.key)
    return next(known, None)


def _told(s: State, index: int, answer: int) -> State:
    return s._replace(told=put(s.told, index, answer))


def _cancel(s: State, b: Bounds, number: int) -> Moves:
    turn = s.record.turns[number]
    if not s.budget.cancels or turn.status == "c" or (turn.ended and b.on("cancel-once")):
        return
    first, both = actor.cancel(s, b, number)
    yield f"cancel {number}", both.spend("cancels")
    if s.budget.crashes and first != s:
        # Nobody was told that it is cancelled, so somebody who still wants it says so again.
        yield f"cancel {number}: crash in between", first.spend("crashes")


def _heal(s: State, b: Bounds) -> Moves:
    if not b.watched or not b.on("heal"):
        return
    revived = actor.revive(s, b)
    if revived is not None:
        scheduled, saved = revived
        yield f"heal {s.record.running}", saved
        if s.budget.crashes:
            yield f"heal {s.record.running}: crash in between", scheduled.spend("crashes")


def _fail_turn(s: State, b: Bounds) -> Moves:
    """The activity ``fail_turn``: repeated until it is done, so an attempt that dies differs in nothing from none."""
    for w in s.workflows:
        if w.doing != "x":
            continue
        if not s.record.knows(w.number, w.key):
            yield f"fail_turn {w.number}: not found", engine.end(s, w)
            continue
        scheduled, saved = actor.fail(s, b, w.number, w.instance)
        yield f"fail_turn {w.number}", engine.end(saved, w)
        if s.budget.crashes and saved != s:
            yield f"fail_turn {w.number}: crash in between", scheduled.spend("crashes")
            yield f"fail_turn {w.number}: answer lost", saved.spend("crashes")


def _move(s: State) -> Moves:
    """The actor moves to another replica and back; the first, never told, still has it in memory. With the rule: nothing."""
    if s.stale is not None:
        yield "actor moves back and remembers", s._replace(record=s.stale, stale=None)
    elif s.budget.moves:
        yield "actor moves away", s._replace(stale=s.record).spend("moves")

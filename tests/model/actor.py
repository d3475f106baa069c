"""ChatActor: each method as the durable effects it has, in their order: workflows are scheduled, then the record is saved.

A function here returns both states, ``(scheduled, saved)``. What a crash in between leaves: see :func:`torn`; methods that
schedule nothing have one effect and return one state.
"""

from collections.abc import Iterator
from itertools import pairwise

from tests.model import engine
from tests.model.rules import Bounds
from tests.model.state import NOBODY, Attempt, Log, Order, Post, Record, State, Step, Turn, put

Effects = tuple[State, State]


def torn(before: State, b: Bounds, effects: Effects) -> Iterator[State]:
    """The states that a crash in the middle of a method may leave, besides the one before and the one after."""
    scheduled, saved = effects
    if scheduled != before:
        yield scheduled
    yield from (save(scheduled, part) for part in parts(b, scheduled.record, saved.record)[:-1])


def parts(b: Bounds, old: Record, new: Record) -> list[Record]:
    """What is stored one after another where a save is refused key by key: the record after each save, the last is ``new``.

    First the running turn that ends, with its undo; then a new turn with its key; then all the rest, which makes that known.
    """
    if not b.split:
        return [new]
    ended = old._replace(orders=new.orders)
    for number, turn in enumerate(new.turns[: len(old.turns)]):
        if turn.ended and old.turns[number].status == "r":
            ended = ended.with_turn(number, turn)
    ended = ended if b.on("ended-first") else old
    there = old.meta.next
    admitted = ended._replace(keys=new.keys, turns=(*ended.turns[:there], *new.turns[there:]))
    if not b.on("meta-last"):
        admitted = new._replace(keys=old.keys, turns=(*new.turns[:there], *old.turns[there:]))
    return [part for before, part in pairwise((old, ended, admitted, new)) if part != before] or [new]


def admit(s: State, b: Bounds, post: Post, ident: int, *, into: str) -> Effects:
    """A new turn that runs at once (``into``: begin), waits (queue), or takes the running one's place (interrupt)."""
    record, number, scheduled = s.record, s.record.meta.next, s
    turn = Turn(post.key, post.body, ident, "q")
    keys = [k for k in record.keys if k[0] != post.key]
    keys = keys[1:] if len(keys) >= b.keys_max else keys
    record = record._replace(keys=(*keys, (post.key, number, ident)))
    record = record.with_meta(idents=(*record.meta.idents, ident))
    if into == "queue":
        record = record.with_turn(number, turn).with_meta(queue=(*record.meta.queue, number))
        return s, save(s, record)
    scheduled, turn = start(s, b, number, turn)
    if into == "interrupt":
        old = record.meta.running
        record = record.with_turn(old, end(record.turns[old], "c"))
    record = record.with_turn(number, turn).with_meta(running=number)
    saved = save(scheduled, record)
    return (scheduled, saved) if b.on("schedule-first") else (save(s, record), saved)


def start(s: State, b: Bounds, number: int, turn: Turn) -> tuple[State, Turn]:
    """A workflow for the turn, and the turn as running under it; nothing is saved."""
    s, instance = engine.instance(s, b, turn.starts + 1, "fresh-instance")
    s = engine.schedule(s, number, turn.ident, instance, "g")
    silent = turn.silent_starts + 1
    return s, turn._replace(status="r", instance=instance, starts=turn.starts + 1, silent_starts=silent)


def cancel(s: State, b: Bounds, number: int) -> Effects:
    """Ends the turn as cancelled, running or queued; with ``undo`` its undo workflow is scheduled first."""
    turn, scheduled, record = s.record.turns[number], s, s.record
    if b.undo:
        keys = tuple((step, call) for step, done in enumerate(turn.steps) for call in range(len(done.results)))
        turn = turn._replace(undo="ordered" if keys else "done")
        if keys:
            scheduled, order = start_undo(s, b, Order(number, turn.ident, 0, 0, keys))
            record = record.with_order(number, order)
    both, record = finish(scheduled._replace(record=record), b, number, end(turn, "c"))
    both = both._replace(record=s.record)
    if b.undo and not b.on("undo-first"):
        return save(s, record), save(both, record)
    return both, save(both, record)


def start_undo(s: State, b: Bounds, order: Order) -> tuple[State, Order]:
    """A workflow for the undo, and the order that names it; nothing is saved."""
    s, instance = engine.instance(s, b, 0, "undo-fresh")
    s = engine.schedule(s, order.number, order.ident, instance, "u")
    return s, order._replace(instance=instance, starts=order.starts + 1)


def finish(s: State, b: Bounds, number: int, ended: Turn, reachable: bool = True) -> tuple[State, Record]:
    """The turn's end and the start of the next: (the state with what was scheduled, the record to save).

    With the engine out of reach the next turn counts as started all the same, for whoever looks at it to heal.
    """
    record = s.record.with_turn(number, ended)
    if number != record.meta.running:
        queue = tuple(n for n in record.meta.queue if n != number) if b.on("dequeue") else record.meta.queue
        return s, record.with_meta(queue=queue)
    queue = record.meta.queue
    while queue and record.turns[queue[0]].ended:  # what half a refused save has left
        queue = queue[1:]
    if not queue or not b.on("start-next"):
        return s, record.with_meta(running=NOBODY, queue=queue)
    head, scheduled = queue[0], s
    if record.turns[head].status == "q":
        scheduled, turn = start(s, b, head, record.turns[head])
        record = record.with_turn(head, turn)
        if not reachable:
            scheduled = s._replace(next_instance=scheduled.next_instance)
    return scheduled, record.with_meta(running=head, queue=queue[1:])


def follow_on(s: State, b: Bounds) -> Effects | None:
    """The running turn has ended, and what half a save has left does not tell: the next one starts."""
    number = s.record.meta.running
    if number == NOBODY or not s.record.turns[number].ended or not b.on("follow-on"):
        return None
    scheduled, record = finish(s, b, number, s.record.turns[number])
    return scheduled, save(scheduled, record)


def revive(s: State, b: Bounds, suspected: bool = False) -> Effects | None:
    """Another workflow for the running turn if its own is gone, or ``suspected``; the last only tells that it was given up."""
    number = s.record.meta.running
    if number == NOBODY or engine.alive(s, number, s.record.turns[number].instance, "gtx") != suspected:
        return None
    turn = s.record.turns[number]
    exhausted = turn.silent_starts >= b.attempts_max and b.on("attempts-max")
    scheduled, turn = start(s, b, number, turn)
    if not exhausted:
        return scheduled, save(scheduled, s.record.with_turn(number, turn))
    scheduled, record = finish(scheduled, b, number, end(turn, "e"))
    return scheduled, save(scheduled, record)


def close_turn(s: State, b: Bounds, number: int, status: str) -> Effects:
    """The running turn ends without an answer: failed, or given up."""
    scheduled, record = finish(s, b, number, end(s.record.turns[number], status))
    return scheduled, save(scheduled, record)


def fail(s: State, b: Bounds, number: int, instance: int) -> Effects:
    """EndTurn: the workflow's last act."""
    turn = s.record.turns[number]
    return (s, s) if turn.ended or turn.instance != instance else close_turn(s, b, number, "f")


def begin_epoch(turn: Turn, b: Bounds, a: Attempt) -> Turn | None:
    """The turn with the next epoch handed out; None when so many were heard of no more that there is none."""
    heard = a.doing == "g" and a.step == turn.attempted and a.retry > turn.retried
    if heard:
        turn = turn._replace(heard_epoch=turn.epoch, heard_starts=turn.starts - 1)
    heard = heard and b.on("heard")
    if b.silent_max and b.on("silent-max") and not heard and turn.silent_epochs >= b.silent_max:
        return None
    turn = turn._replace(epoch=turn.epoch + 1, silent_epochs=(0 if heard else turn.silent_epochs) + 1 if b.silent_max else 0)
    if heard:
        turn = turn._replace(silent_starts=1)
    return turn._replace(attempted=a.step, retried=a.retry) if a.doing == "g" else turn


def hand_over(s: State, b: Bounds, a: Attempt) -> State:
    """HandOver: the attempts behind it, if any, are all that is left to be heard of."""
    if not s.record.knows(a.number, a.ident):
        return s
    turn = s.record.turns[a.number]
    if turn.status != "r" or turn.instance != a.instance:
        return s
    turn = turn._replace(heard_epoch=max(turn.heard_epoch, a.epoch), heard_starts=max(turn.heard_starts, turn.starts - 1))
    if b.on("handed-over"):
        silent = min(turn.silent_epochs, turn.epoch - a.epoch)
        turn = turn._replace(silent_epochs=silent, silent_starts=min(turn.silent_starts, 1))
    return save(s, s.record.with_turn(a.number, turn))


def commit_step(s: State, b: Bounds, a: Attempt, reachable: bool = True) -> Effects:
    """Stores the step; the last one ends the turn."""
    turn = s.record.turns[a.number]
    last = a.step == b.steps - 1
    step = Step(a.epoch, () if last else (0,) * b.calls)
    turn = turn._replace(steps=(*turn.steps, step), incomplete=turn.incomplete or (a.incomplete and b.on("incomplete")))
    turn = _heard(turn, b)
    if not last:
        return s, save(s, s.record.with_turn(a.number, turn))
    scheduled, record = finish(s, b, a.number, end(turn, "d"), reachable)
    return scheduled, save(scheduled, record)


def commit_tool(s: State, b: Bounds, a: Attempt, call: int) -> State | None:
    """Stores a result, unless there is one; None when the attempt's epoch is refused."""
    turn = s.record.turns[a.number]
    step = turn.steps[a.step]
    if step.results[call]:
        return s
    if turn.ended or (turn.epoch != a.epoch and b.on("tool-epoch")):
        return None
    step = step._replace(results=put(step.results, call, a.epoch))
    turn = turn._replace(
        steps=put(turn.steps, a.step, step), incomplete=turn.incomplete or (a.incomplete and b.on("incomplete"))
    )
    return save(s, s.record.with_turn(a.number, _heard(turn, b)))


def clear(s: State) -> State:
    """Moves the mark behind everything there is; whatever ran or waited is forgotten."""
    return save(s, s.record.with_meta(first=s.record.meta.next, running=NOBODY, queue=()))


def save(s: State, record: Record) -> State:
    """The record is stored; a new turn gets its place in the checker's books."""
    new = len(record.turns) - len(s.logs)
    return s._replace(record=record, logs=s.logs + (Log(),) * new, asked=s.asked + (0,) * new)


def end(turn: Turn, status: str) -> Turn:
    return turn._replace(status=status, ends=turn.ends + 1)


def _heard(turn: Turn, b: Bounds) -> Turn:
    """Something was committed: whatever died before has not been in vain."""
    turn = turn._replace(heard_epoch=turn.epoch, heard_starts=turn.starts)
    return turn._replace(silent_epochs=0, silent_starts=0) if b.on("progress") else turn

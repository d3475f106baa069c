"""ChatActor: each method as the two durable effects it has, in their order: workflows are scheduled, then the record is saved.

A function here returns both states, ``(scheduled, saved)``. A crash in between leaves the first; methods that schedule nothing
have one effect and return one state.
"""

from tests.model import engine
from tests.model.rules import Bounds
from tests.model.state import NOBODY, Attempt, Log, Post, Record, State, Step, Turn, put

Effects = tuple[State, State]


def begin_turn(s: State, b: Bounds, post: Post) -> Effects:
    """A new turn for an idle conversation."""
    number = len(s.record.turns)
    scheduled, turn = start(s, b, number, Turn(post.key, post.body, "q"))
    record = s.record._replace(turns=(*s.record.turns, turn), running=number)
    return _in_order(s, b, scheduled, record)


def enqueue(s: State, post: Post) -> State:
    """A new turn that waits."""
    number = len(s.record.turns)
    turns = (*s.record.turns, Turn(post.key, post.body, "q"))
    return save(s, s.record._replace(turns=turns, queue=(*s.record.queue, number)))


def interrupt(s: State, b: Bounds, post: Post) -> Effects:
    """The running turn is cancelled and the new one runs at once, ahead of the queue: one save."""
    old, number = s.record.running, len(s.record.turns)
    scheduled, turn = start(s, b, number, Turn(post.key, post.body, "q"))
    record = s.record.with_turn(old, _end(s.record.turns[old], "c"))
    record = record._replace(turns=(*record.turns, turn), running=number)
    return _in_order(s, b, scheduled, record)


def start(s: State, b: Bounds, number: int, turn: Turn) -> tuple[State, Turn]:
    """A workflow for the turn, and the turn as running under it; nothing is saved."""
    s, instance = engine.instance(s, b, turn.starts + 1, "fresh-instance")
    s = engine.schedule(s, number, turn.key, instance, "g")
    return s, turn._replace(status="r", instance=instance, starts=turn.starts + 1)


def cancel(s: State, b: Bounds, number: int) -> Effects:
    """Ends the turn as cancelled, running or queued; with ``undo`` its undo workflow is scheduled first."""
    turn, scheduled = s.record.turns[number], s
    if b.undo:
        scheduled, instance = engine.instance(s, b, 0, "undo-fresh")
        scheduled = engine.schedule(scheduled, number, turn.key, instance, "u")
        turn = turn._replace(undo="ordered", undo_instance=instance)
    both, record = finish(scheduled, b, number, _end(turn, "c"))
    if b.undo and not b.on("undo-first"):
        return save(s, record), save(both, record)
    return both, save(both, record)


def finish(s: State, b: Bounds, number: int, ended: Turn, reachable: bool = True) -> tuple[State, Record]:
    """The turn's end and the start of the next: (the state with what was scheduled, the record to save).

    With the engine out of reach the next turn counts as started all the same, for whoever looks at it to heal.
    """
    record = s.record.with_turn(number, ended)
    if number != record.running:
        queue = tuple(n for n in record.queue if n != number) if b.on("dequeue") else record.queue
        return s, record._replace(queue=queue)
    if not record.queue or not b.on("start-next"):
        return s, record._replace(running=NOBODY)
    head = record.queue[0]
    scheduled, turn = start(s, b, head, record.turns[head])
    if not reachable:
        scheduled = s._replace(next_instance=scheduled.next_instance)
    return scheduled, record.with_turn(head, turn)._replace(running=head, queue=record.queue[1:])


def revive(s: State, b: Bounds) -> Effects | None:
    """Another workflow for the running turn if its own is gone; the last one only tells that it failed."""
    number = s.record.running
    if number == NOBODY or engine.alive(s, number, s.record.turns[number].instance, "gtx"):
        return None
    turn = s.record.turns[number]
    exhausted = turn.starts >= b.attempts_max and b.on("attempts-max")
    scheduled, turn = start(s, b, number, turn)
    if not exhausted:
        return scheduled, save(scheduled, s.record.with_turn(number, turn))
    scheduled, record = finish(scheduled, b, number, _end(turn, "f"))
    return scheduled, save(scheduled, record)


def fail(s: State, b: Bounds, number: int, instance: int) -> Effects:
    """EndTurn: the workflow's last act."""
    turn = s.record.turns[number]
    if turn.ended or turn.instance != instance:
        return s, s
    scheduled, record = finish(s, b, number, _end(turn, "f"))
    return scheduled, save(scheduled, record)


def commit_step(s: State, b: Bounds, a: Attempt, reachable: bool = True) -> Effects:
    """Stores the step; the last one ends the turn."""
    turn = s.record.turns[a.number]
    last = a.step == b.steps - 1
    step = Step(a.epoch, () if last else (0,) * b.calls)
    turn = turn._replace(steps=(*turn.steps, step), incomplete=turn.incomplete or (a.incomplete and b.on("incomplete")))
    if not last:
        return s, save(s, s.record.with_turn(a.number, turn))
    scheduled, record = finish(s, b, a.number, _end(turn, "d"), reachable)
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
    return save(s, s.record.with_turn(a.number, turn))


def clear(s: State) -> State:
    """Moves the mark behind everything there is; whatever ran or waited is forgotten."""
    return save(s, s.record._replace(first=len(s.record.turns), running=NOBODY, queue=()))


def save(s: State, record: Record) -> State:
    """The record is stored; a new turn gets its place in the checker's books."""
    new = len(record.turns) - len(s.logs)
    return s._replace(record=record, logs=s.logs + (Log(),) * new, asked=s.asked + (0,) * new)


def _end(turn: Turn, status: str) -> Turn:
    return turn._replace(status=status, ends=turn.ends + 1)


def _in_order(s: State, b: Bounds, scheduled: State, record: Record) -> Effects:
    saved = save(scheduled, record)
    return (scheduled, saved) if b.on("schedule-first") else (save(s, record), saved)

"""What is tried in CI: a few small worlds, each with its own kind of trouble, and for each rule the world that misses it.

What takes more troubles at once than a world has is not found here; ``python -m tests.model`` takes any bounds.
"""

from typing import NamedTuple

from tests.model.rules import Bounds
from tests.model.state import Budget, Post


class Missed(NamedTuple):
    """The world in which a rule is missed, and the invariant that breaks first."""

    world: str
    invariant: str


ONE = (Post(0),)
WORLDS = {
    "queue": Bounds(budget=Budget(crashes=1, zombies=1, cancels=1)),
    "alone": Bounds(budget=Budget(crashes=2), watched=False),
    "zombies": Bounds(posts=ONE, budget=Budget(crashes=1, zombies=2, cancels=1)),
    "full": Bounds(posts=(Post(0), Post(1), Post(2)), budget=Budget(crashes=1, cancels=1)),
    "policies": Bounds(posts=(Post(0), Post(1, policy="interrupt"), Post(2, policy="reject")), budget=Budget(crashes=1)),
    "interrupts": Bounds(
        posts=(Post(0), Post(1, policy="interrupt"), Post(2, policy="interrupt")), budget=Budget(zombies=1, repeats=1)
    ),
    "keys": Bounds(posts=(Post(0), Post(0), Post(0, body=1)), budget=Budget(crashes=1, clears=1, repeats=1)),
    "clears": Bounds(budget=Budget(crashes=1, zombies=1, clears=1, repeats=1)),
    "vanishing": Bounds(attempts_max=1, budget=Budget(crashes=1, losses=2)),
    "suspicion": Bounds(posts=ONE, steps=2, budget=Budget(zombies=1, suspicions=1, cancels=1)),
    "outages": Bounds(steps=2, budget=Budget(outages=1, failures=1, zombies=1)),
    "tools": Bounds(posts=ONE, steps=2, calls=2, budget=Budget(crashes=1, zombies=1)),
    "steps": Bounds(posts=ONE, steps=3, budget=Budget(crashes=1, zombies=1)),
    "undo": Bounds(posts=ONE, steps=2, undo=True, budget=Budget(crashes=1, zombies=1, cancels=1)),
    "undo alone": Bounds(posts=ONE, steps=2, undo=True, watched=False, budget=Budget(crashes=1, cancels=1)),
    "undo lost": Bounds(posts=ONE, steps=2, undo=True, undo_starts_max=1, budget=Budget(losses=2, cancels=1)),
    "undo cleared": Bounds(posts=ONE, steps=2, undo=True, budget=Budget(zombies=1, cancels=1, clears=1)),
    "tasks": Bounds(posts=ONE, steps=2, undo=True, sagas=True, budget=Budget(crashes=1, cancels=1, persons=1)),
    "zombie tasks": Bounds(posts=ONE, steps=2, undo=True, sagas=True, budget=Budget(zombies=1, cancels=1, persons=1)),
    "room": Bounds(posts=(Post(0), Post(0), Post(1)), keys_max=1, budget=Budget(crashes=1, clears=1, repeats=1)),
    "poison": Bounds(posts=ONE, steps=2, poison=True, silent_max=2, budget=Budget(crashes=1)),
    "patience": Bounds(posts=ONE, steps=3, silent_max=2, budget=Budget(crashes=2, refusals=1)),
    "stops": Bounds(posts=ONE, steps=2, silent_max=1, attempts_max=1, budget=Budget(crashes=1, losses=1, stops=2)),
    "moves": Bounds(budget=Budget(moves=1)),
    "halves": Bounds(split=True, budget=Budget(crashes=2)),
    "frozen": Bounds(split=True, budget=Budget(zombies=1, freezes=1)),
    "frozen key": Bounds(posts=(Post(0), Post(0)), split=True, budget=Budget(crashes=1, freezes=1)),
    "frozen cancel": Bounds(split=True, budget=Budget(freezes=1, cancels=1)),
    "frozen undo": Bounds(posts=ONE, steps=2, undo=True, split=True, budget=Budget(freezes=1, cancels=1)),
}

MISSED = {
    "schedule-first": Missed("alone", "answered"),
    "fresh-instance": Missed("alone", "answered"),
    "instance-match": Missed("undo alone", "billed"),
    "reuse": Missed("steps", "shown"),
    "log-first": Missed("zombies", "shown"),
    "epoch": Missed("zombies", "shown"),
    "ended": Missed("zombies", "ends once"),
    "fence": Missed("zombies", "shown"),
    "closing": Missed("zombies", "one terminal"),
    "restart": Missed("zombies", "shown"),
    "incomplete": Missed("outages", "shown"),
    "stand-by": Missed("zombies", "billed"),
    "stand-by-bound": Missed("steps", "answered"),
    "start-next": Missed("queue", "answered"),
    "heal": Missed("vanishing", "answered"),
    "attempts-max": Missed("vanishing", "bounded"),
    "silent-max": Missed("poison", "bounded"),
    "progress": Missed("patience", "patient"),
    "heard": Missed("patience", "patient"),
    "handed-over": Missed("stops", "patient"),
    "tool-keys": Missed("steps", "effect once"),
    "open-calls": Missed("tools", "shown"),
    "tool-epoch": Missed("steps", "shown"),
    "last-result": Missed("steps", "shown"),
    "replay": Missed("interrupts", "not twice"),
    "keys-outlive-clear": Missed("clears", "not twice"),
    "same-body": Missed("keys", "not lost"),
    "young-keys": Missed("room", "not twice"),
    "own-turn": Missed("halves", "not lost"),
    "queue-bound": Missed("full", "bounded"),
    "clear-idle": Missed("clears", "not lost"),
    "cancel-once": Missed("zombies", "ends once"),
    "dequeue": Missed("queue", "one at a time"),
    "undo-first": Missed("undo alone", "all or nothing"),
    "undo-fresh": Missed("undo alone", "all or nothing"),
    "undo-match": Missed("undo alone", "all or nothing"),
    "bar": Missed("undo alone", "all or nothing"),
    "undo-cancelled": Missed("frozen undo", "all or nothing"),
    "undo-starts-max": Missed("undo lost", "bounded"),
    "left-alone": Missed("tasks", "not ours"),
    "notify-looks": Missed("tasks", "all or nothing"),
    "fresh-record": Missed("moves", "not lost"),
    "etag": Missed("frozen", "not lost"),
    "ended-first": Missed("frozen", "one at a time"),
    "meta-last": Missed("halves", "not lost"),
    "all-or-stop": Missed("frozen key", "not lost"),
    "fence-orphan": Missed("frozen key", "not lost"),
    "follow-on": Missed("halves", "ends once"),
}

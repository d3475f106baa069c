"""Everything there is in the model, as values: what is stored, what the engine remembers, who is at work, who was told what.

Times, texts and tokens are left out. A text or a result is told apart by the epoch that made it. Everything is a tuple, so
that a state can be looked up among those seen.
"""

from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

Told = tuple[int, int]  # what a client was told: number and ident of its turn, or one of these three
UNANSWERED, REFUSED, GONE = (-1, 0), (-2, 0), (-3, 0)
NOBODY = -1  # no turn runs
ENDED = "dcfe"  # completed, cancelled, failed, given up; before that q (queued) and r (running)


class Post(NamedTuple):
    """Something a client says, with its idempotency key and its words. Its place in the world is its secret: see ``ident``."""

    key: int
    body: int = 0
    policy: str = "queue"


class Step(NamedTuple):
    """A committed step: the epoch whose text was stored, and for each tool call the epoch whose result was stored (0: open)."""

    epoch: int
    results: tuple[int, ...]


class Turn(NamedTuple):
    """What ChatActor stores of one turn. ``ident`` is what its id has besides the number: the secret of one submission.

    ``silent_epochs`` and ``silent_starts`` are the actor's own counts of attempts nobody has heard of since. The last three are
    the checker's: how often it ended, and at which epoch and start something was last heard of it.
    """

    key: int
    body: int
    ident: int
    status: str
    instance: int = 0
    starts: int = 0
    epoch: int = 1
    attempted: int = -1
    retried: int = 0
    silent_epochs: int = 0
    silent_starts: int = 0
    steps: tuple[Step, ...] = ()
    incomplete: bool = False
    undo: str = ""  # "", ordered, done, failed
    ends: int = 0
    heard_epoch: int = 1
    heard_starts: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Order(NamedTuple):
    """Key ``undo-{number}``: who may carry the undo out, and what it is about. An ``exhausted`` one only tells the end."""

    number: int
    ident: int
    instance: int
    starts: int
    keys: tuple[tuple[int, int], ...]
    exhausted: bool = False


class Workflow(NamedTuple):
    """A live workflow and what it waits for: g generate, t run_tools, x fail_turn; others: see ``undo.py`` and ``saga.py``.

    ``tries`` counts the attempts at this activity that raised: an answer to an earlier one is not heard. ``retry`` counts those
    that told of a failure of the endpoint.
    """

    number: int
    ident: int
    instance: int
    doing: str = "g"
    step: int = 0
    tries: int = 0
    retry: int = 0


class Attempt(NamedTuple):
    """An activity that somebody runs, zombies included.

    ``phase``: n new, s streaming (or running tools), l all of it in the log, w standing by, v void but not reported.
    ``calls``: for each tool call 0 not mine, 1 to do, 2 done, 3 in the log, 4 committed.
    """

    number: int
    ident: int
    instance: int
    doing: str
    step: int
    tries: int
    retry: int
    phase: str = "n"
    epoch: int = 0
    restart: bool = False
    incomplete: bool = False
    calls: tuple[int, ...] = ()


class Log(NamedTuple):
    """One turn's log as its reader sees it: for each step the epochs whose text is shown, for each call the result shown.

    ``closing``: the closing entries written (one, if all is well), ``+`` for an entry behind one.
    """

    epoch: int = 0
    closing: str = ""
    shown: tuple[tuple[int, ...], ...] = ()
    results: tuple[tuple[int, ...], ...] = ()


class Effect(NamedTuple):
    """What the world knows of a tool call's key: how often it was done, and where it is now.

    ``state``: d done, b barred before it was done, u undone, l left alone. With sagas also r (reserved) before it is done, and
    then whether somebody else has touched it, its workflow's result (k completed, x not, v told in vain), and how often that
    has notified.
    """

    number: int
    step: int
    call: int
    times: int
    state: str
    touched: bool = False
    result: str = ""
    notified: int = 0


class Budget(NamedTuple):
    """How much may still go wrong, and how often clients may still interfere."""

    crashes: int = 0
    zombies: int = 0
    losses: int = 0  # a workflow vanishes from the engine
    suspicions: int = 0  # somebody who looks takes a turn for forgotten whose workflow lives
    outages: int = 0  # the log, or the engine, is out of reach for one call
    failures: int = 0  # the endpoint fails for good
    refusals: int = 0  # the endpoint fails, and is asked again
    stops: int = 0  # a process stops in the middle of an attempt, and says so
    moves: int = 0  # the actor moves to another replica and back
    freezes: int = 0  # a replica freezes in the middle of a method, the actor moves on, and it wakes up
    persons: int = 0  # somebody else changes what a tool made
    cancels: int = 0
    clears: int = 0
    repeats: int = 0  # a delivery that was answered is delivered again

    def less(self, what: str) -> "Budget":
        return self._replace(**{what: getattr(self, what) - 1})

    def faults(self) -> int:
        """Those that may cost a model call each."""
        return sum(getattr(self, what) for what in _FAULTS)


_FAULTS = ("crashes", "zombies", "losses", "suspicions", "outages", "failures", "refusals", "stops", "freezes")


class Meta(NamedTuple):
    """Key ``meta``. Turns before ``first`` are cleared. ``idents`` are those of all turns there are, by number.

    ``fences``: how often it was written with nothing changed, so that a save which has read it before is refused.
    """

    idents: tuple[int, ...] = ()
    queue: tuple[int, ...] = ()
    running: int = NOBODY
    first: int = 0
    fences: int = 0

    @property
    def next(self) -> int:
        return len(self.idents)


class Record(NamedTuple):
    """The stored state of one ChatActor, key by key. A turn that ``meta`` does not know is what half an admission has left.

    ``keys``: for each idempotency key, in the order of their use, number and ident of its turn.
    """

    meta: Meta = Meta()
    turns: tuple[Turn, ...] = ()
    keys: tuple[tuple[int, int, int], ...] = ()
    orders: tuple[Order, ...] = ()

    def known(self) -> tuple[Turn, ...]:
        """Every turn there is, also the cleared ones."""
        return self.turns[: self.meta.next]

    def knows(self, number: int, ident: int) -> bool:
        """Whether there is that turn, and it is not cleared."""
        return self.meta.first <= number < self.meta.next and self.turns[number].ident == ident

    def with_turn(self, number: int, turn: Turn) -> "Record":
        """The turn, in its place or behind all others."""
        return self._replace(turns=put(self.turns, number, turn) if number < len(self.turns) else (*self.turns, turn))

    def with_meta(self, **changes: Any) -> "Record":
        return self._replace(meta=self.meta._replace(**changes))

    def order(self, number: int) -> Order | None:
        return next((o for o in self.orders if o.number == number), None)

    def with_order(self, number: int, order: Order | None) -> "Record":
        others = [o for o in self.orders if o.number != number]
        return self._replace(orders=tuple(sorted([*others, order] if order else others)))


class Pending(NamedTuple):
    """A method in a frozen replica: ``what`` it does, the record as it was read, and as it is to be after each of its saves.

    Without ``parts`` it has read ``meta`` and nothing else. Once it has planned, what it wants to start is scheduled.
    """

    what: tuple[Any, ...]
    base: Record
    parts: tuple[Record, ...] = ()


class State(NamedTuple):
    """One state of the whole system."""

    record: Record
    told: tuple[Told, ...]
    budget: Budget
    workflows: tuple[Workflow, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    logs: tuple[Log, ...] = ()
    asked: tuple[int, ...] = ()  # model calls made, for each turn
    effects: tuple[Effect, ...] = ()
    next_instance: int = 1
    stale: Record | None = None  # what another replica still holds of the actor in memory
    pending: Pending | None = None

    def spend(self, what: str) -> "State":
        return self._replace(budget=self.budget.less(what))

    def without(self, attempt: Attempt) -> "State":
        """The attempt has ended. Equal attempts are told apart only by how many there are."""
        left = list(self.attempts)
        left.remove(attempt)
        return self._replace(attempts=tuple(left))

    def replace(self, attempt: Attempt, by: Attempt) -> "State":
        left = list(self.attempts)
        left.remove(attempt)
        return self._replace(attempts=tuple(sorted([*left, by])))


def put(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    """``values`` with the one at ``index`` replaced."""
    return (*values[:index], value, *values[index + 1 :])

"""Everything there is in the model, as values: what is stored, what the engine remembers, who is at work, who was told what.

Times, texts and tokens are left out. A text or a result is told apart by the epoch that made it. Everything is a tuple, so
that a state can be looked up among those seen.
"""

from typing import NamedTuple, TypeVar

T = TypeVar("T")

UNANSWERED, REFUSED, GONE = -1, -2, -3  # what a client was told, besides the number of its turn
NOBODY = -1  # no turn runs
ENDED = "dcf"  # completed, cancelled, failed; before that q (queued) and r (running)


class Post(NamedTuple):
    """Something a client says. ``key`` is its identity (Idempotency-Key, else the submission's secret), ``body`` its words."""

    key: int
    body: int = 0
    policy: str = "queue"


class Step(NamedTuple):
    """A committed step: the epoch whose text was stored, and for each tool call the epoch whose result was stored (0: open)."""

    epoch: int
    results: tuple[int, ...]


class Turn(NamedTuple):
    """What ChatActor stores of one turn. ``ends`` is the checker's own count of how often it ended."""

    key: int
    body: int
    status: str
    instance: int = 0
    starts: int = 0
    epoch: int = 1
    attempted: int = -1
    steps: tuple[Step, ...] = ()
    incomplete: bool = False
    undo: str = ""  # "", ordered, done
    undo_instance: int = 0
    ends: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Workflow(NamedTuple):
    """A live workflow and the activity it waits for: g generate, t run_tools, x fail_turn; u, U, V: see ``undo.py``.

    ``tries`` counts the retries of this activity: an answer to an earlier try is not heard.
    """

    number: int
    key: int
    instance: int
    doing: str = "g"
    step: int = 0
    tries: int = 0


class Attempt(NamedTuple):
    """An activity that somebody runs, zombies included.

    ``phase``: n new, s streaming (or running tools), l all of it in the log, w standing by, v void but not reported.
    ``calls``: for each tool call 0 not mine, 1 to do, 2 done, 3 in the log, 4 committed.
    """

    number: int
    key: int
    instance: int
    doing: str
    step: int
    tries: int
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
    """What the world knows of a tool call's key: how often it was done; whether it stands (d), is barred (b) or undone (u)."""

    number: int
    step: int
    call: int
    times: int
    state: str


class Budget(NamedTuple):
    """How much may still go wrong, and how often clients may still interfere."""

    crashes: int = 0
    zombies: int = 0
    losses: int = 0  # a workflow vanishes from the engine
    outages: int = 0  # the log, or the engine, is out of reach for one call
    failures: int = 0  # the endpoint fails for good
    moves: int = 0  # the actor moves to another replica and back
    cancels: int = 0
    clears: int = 0
    repeats: int = 0  # a delivery that was answered is delivered again

    def less(self, what: str) -> "Budget":
        return self._replace(**{what: getattr(self, what) - 1})

    def faults(self) -> int:
        """Those that may cost a model call each."""
        return self.crashes + self.zombies + self.losses + self.outages + self.failures


class Record(NamedTuple):
    """The stored state of one ChatActor. Turns before ``first`` are cleared: only their keys are still known."""

    turns: tuple[Turn, ...] = ()
    queue: tuple[int, ...] = ()
    running: int = NOBODY
    first: int = 0

    def knows(self, number: int, key: int) -> bool:
        """Whether there is that turn, and it is not cleared."""
        return self.first <= number < len(self.turns) and self.turns[number].key == key

    def with_turn(self, number: int, turn: Turn) -> "Record":
        return self._replace(turns=put(self.turns, number, turn))


class State(NamedTuple):
    """One state of the whole system."""

    record: Record
    told: tuple[int, ...]
    budget: Budget
    workflows: tuple[Workflow, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    logs: tuple[Log, ...] = ()
    asked: tuple[int, ...] = ()  # model calls made, for each turn
    effects: tuple[Effect, ...] = ()
    next_instance: int = 1
    stale: Record | None = None  # what another replica still holds of the actor in memory

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

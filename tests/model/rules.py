"""The rules of the protocol, each of which can be taken away, and the bounds within which everything is tried."""

from dataclasses import dataclass, field

from tests.model.state import Budget, Post

RULES = {
    "schedule-first": "a turn's workflow is scheduled before the save that says it runs",
    "fresh-instance": "every scheduling uses an instance id never used before",
    "instance-match": "a workflow that is not the recorded one ends without effect",
    "reuse": "BeginStep of a committed step returns what is stored",
    "log-first": "a step is committed when all its entries are in the log",
    "epoch": "CommitStep is refused for any epoch but the newest",
    "ended": "CommitStep is refused once the turn has ended",
    "fence": "the log refuses a writer of an older epoch",
    "closing": "the closing entry takes the largest id: nothing can follow it",
    "restart": "a second attempt at a step tells readers to forget the first",
    "incomplete": "a step whose entries are not all in the log is stored as such",
    "stand-by": "a fenced attempt waits for the newer one instead of raising",
    "stand-by-bound": "it raises when the newer one is not heard of any more",
    "start-next": "the actor turn that ends a turn starts the next",
    "heal": "who looks at a running turn whose workflow is gone starts another",
    "attempts-max": "a turn is started so many times in a row without progress, then it is given up",
    "silent-max": "so many attempts that nothing is heard of get an epoch, then the turn is given up",
    "progress": "whatever is committed starts these counts anew",
    "heard": "so does a failure of the endpoint that the workflow tells of",
    "handed-over": "and so does an attempt that tells that its process stops: it died of nothing, nor did those before it",
    "tool-keys": "an effect and its key are stored in one save, and done once",
    "open-calls": "BeginTools hands out only the calls without a committed result",
    "tool-epoch": "CommitTool is refused for any epoch but the newest",
    "last-result": "a reader who sees one call return twice keeps the last",
    "replay": "a message admitted before is answered with its turn, before any policy is applied",
    "keys-outlive-clear": "clearing keeps the keys: the replay of a cleared turn is gone",
    "same-body": "one key with another body is refused",
    "young-keys": "where there is no room for another key it is refused, and none that may still be used is forgotten",
    "own-turn": "a key counts only if its turn is known and still its own",
    "queue-bound": "a full queue refuses",
    "clear-idle": "a conversation is cleared only while nothing runs or waits",
    "cancel-once": "cancelling an ended turn changes nothing",
    "dequeue": "a cancelled turn leaves the queue",
    "undo-first": "the undo workflow is scheduled before the cancel is saved",
    "undo-fresh": "every scheduling of an undo uses an instance id never used before",
    "undo-match": "an undo whose turn is not cancelled, or that is not the recorded one, ends without effect",
    "undo-cancelled": "an undo whose turn is there and not cancelled with undo ends without effect, whatever the order says",
    "undo-starts-max": "an undo is started so many times at most, then it has failed",
    "bar": "undoing bars the key of every call, done or not",
    "left-alone": "what somebody else has changed meanwhile is not undone",
    "notify-looks": "a task's workflow notifies nobody of a task that is undone",
    "fresh-record": "an actor that was elsewhere meanwhile reads what is stored, not what it remembers",
    "etag": "a key that others have written since it was read is not stored",
    "ended-first": "where a save is refused key by key, the running turn's end is saved first, by itself",
    "meta-last": "there a new turn and its key are saved before meta, which makes them known",
    "all-or-stop": "there nothing more is saved when something was refused",
    "fence-orphan": "who finds a turn that meta does not know saves meta once before it takes its place",
    "follow-on": "who finds that the running turn has ended starts the next",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may happen in one exploration. ``watched``: somebody looks at turns that make no progress."""

    posts: tuple[Post, ...] = (Post(0), Post(1))
    budget: Budget = field(default_factory=Budget)
    steps: int = 1
    calls: int = 1  # tool calls of every step but the last
    queue_max: int = 1
    attempts_max: int = 2
    silent_max: int = 0  # 0: not counted
    keys_max: int = 9
    poison: bool = False  # whatever runs the turn may die of it, as often as it likes
    split: bool = False  # meta is saved by itself, behind the others
    undo: bool = False
    undo_starts_max: int = 2
    sagas: bool = False
    watched: bool = True
    without: frozenset[str] = frozenset()

    def on(self, rule: str) -> bool:
        """Whether the rule holds in this exploration."""
        return rule not in self.without

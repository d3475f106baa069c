"""One turn of the conversation that ``reference`` promises, and what the model is told of it."""

from dataclasses import dataclass, field


@dataclass
class Step:
    epoch: int
    text: str
    calls: int
    results: dict[int, str] = field(default_factory=dict[int, str])

    def open(self) -> list[int]:
        return [call for call in range(self.calls) if call not in self.results]

    def words(self) -> list[str | None]:
        return [self.text, *(self.results.get(call) for call in range(self.calls))]


@dataclass
class Turn:
    """``run`` is the place in ``Conversation.started`` of the workflow that runs it; None when the engine was not reached.

    ``asked`` is the step, and the retry at it, for which the model was asked last. Epochs and starts are silent while nothing
    was committed since, and nothing heard of who had them.
    """

    number: int
    secret: int
    text: str
    status: str = "queued"
    run: int | None = None
    starts: int = 0
    progress: float = 0.0
    epoch: int = 1
    asked: tuple[int, int] = (-1, 0)
    silent_epochs: int = 0
    silent_starts: int = 0
    steps: list[Step] = field(default_factory=list[Step])
    why: str = ""
    shown: str | None = None
    former: "Turn | None" = None  # whose message this answers anew

    @property
    def ended(self) -> bool:
        return self.status not in ("queued", "running")

    def formers(self) -> "list[Turn]":
        return [*self.former.formers(), self.former] if self.former else []

    def words(self) -> list[str | None]:
        said: list[str | None] = [self.text]
        for former in self.formers():
            for step in former.steps:
                said += step.words() if step.calls > 1 else []  # the second call is one that changes something
        for step in self.steps:
            said += step.words()
        if self.shown is not None or self.status in ("queued", "running", "completed"):
            return said + ([] if self.shown is None else [self.shown])
        return [*said, f"(No answer: {self.why}.)"]

    def tokens(self) -> int:
        return 1 + sum(2 + len(step.results) for step in self.steps) + 2 * (self.shown is not None)

"""What a conversation promises, in plain Python: it keeps everything in memory and nothing ever fails in the middle.

Only the running turn may have ended before the conversation goes on: see ``Conversation.only_ended``. Each method changes
the conversation and returns what is answered, or raises Refused and has changed nothing.
"""

from copy import deepcopy

from tests.unit.turns.reference_turn import Step, Turn

QUEUE, ATTEMPTS, KEYS, KEPT, REMEMBERED, ALTERNATIVES = 2, 3, 2, 5, 4, 2  # its bounds, small enough to be met
HANDED_OVER = 12
STALE, DAY, APART = 5.0, 86_400.0, 1.0  # seconds


class Refused(Exception):
    """``args[0]`` is the code of the problem."""


class Conversation:
    """Turn ``n`` is at ``turns[n - 1]`` for ever; those before ``first`` are cleared. ``started`` lists turns per workflow."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.queue: list[Turn] = []
        self.running: Turn | None = None
        self.first = 1
        self.keys: dict[str, tuple[Turn, str, float]] = {}
        self.now = 0.0
        self.reachable = True
        self.started: list[int] = []
        self.order: list[int] = []  # of their first starts
        self.gone: set[int] = set()  # places in ``started`` of workflows that the engine has lost

    def find(self, number: int) -> Turn:
        if number < self.first:
            raise Refused("turn_not_found")
        return self.turns[number - 1]

    def shown(self) -> list[Turn]:
        return self.turns[self.first - 1 :]

    def context(self, number: int) -> list[str | None]:
        """What the model is told when a step of the turn begins; None stands for a tool result that never came."""
        behind, ran = self.find(number), self.order[: self.order.index(number) + 1]
        came = {turn.number for turn in self.turns[: max(ran)] if turn.starts == 0} | {*ran}
        earlier = [turn for turn in self.shown() if turn.ended and turn.number in came and turn is not behind]
        live = [turn for turn in earlier if not any(after.former is turn for after in [*earlier, behind])]
        return [word for turn in live for word in turn.words()] + behind.words()

    # -- starting and ending -------------------------------------------------------------------------------------------

    def start(self, turn: Turn) -> None:
        turn.status, turn.progress, turn.run, self.running = "running", self.now, None, turn
        turn.starts, turn.silent_starts = turn.starts + 1, turn.silent_starts + 1
        self.order += [turn.number] if turn.starts == 1 else []
        if self.reachable:
            turn.run = len(self.started)
            self.started.append(turn.number)

    def end(self, turn: Turn, status: str, why: str = "") -> None:
        turn.status, turn.why = status, why
        if turn is not self.running:
            self.queue.remove(turn)
        self.follow_on(turn)

    def follow_on(self, ended: Turn | None = None) -> None:
        """The running turn has ended, just now or (None) as somebody finds with only that saved: the next one runs."""
        if self.running and self.running.ended and ended in (None, self.running):
            self.running = self.queue.pop(0) if self.queue else None
            if self.running:
                self.start(self.running)
        while sum(self.counted(t) for t in self.shown()) > KEPT and self.shown()[0].ended:
            self.first += 1

    def counted(self, turn: Turn) -> bool:
        return turn.ended and turn is not self.running

    def only_ended(self, after: "Conversation") -> "Conversation | None":
        """What is left when all that was saved of getting to ``after`` is the running turn's end; None when it does not end."""
        turn = self.running
        if turn is None or turn.ended or not after.turns[turn.number - 1].ended:
            return None
        half = deepcopy(self)
        ended = half.turns[turn.number - 1]
        vars(ended).update(vars(deepcopy(after.turns[turn.number - 1])) | {"former": ended.former})  # of this copy
        half.started += [n for n in after.started[len(self.started) :] if n == turn.number]
        return half

    def heal(self) -> None:
        """Somebody looks: the running turn, silent and without its workflow, gets another; the last only tells its failure."""
        self.follow_on()
        turn = self.running
        if turn and self.reachable and self.now - turn.progress >= STALE and (turn.run is None or turn.run in self.gone):
            exhausted = turn.silent_starts >= ATTEMPTS
            self.start(turn)
            if exhausted:
                self.end(turn, "failed", "recovery_exhausted")

    # -- what users do -------------------------------------------------------------------------------------------------

    def admitted_before(self, secret: int, text: str, key: str | None) -> Turn | None:
        turn = next((t for t in self.turns[-REMEMBERED:] if t.secret == secret), None)
        if turn is None and key in self.keys:
            turn, said, _ = self.keys[key]
            if said != text:
                raise Refused("idempotency_key_reused")
        if turn and turn.number < self.first:
            raise Refused("turn_cleared")
        return turn

    def submit(self, secret: int, text: str, policy: str, key: str | None, again: int | None = None) -> tuple[object, ...]:
        """Answers number, status, position and the number of the turn that was interrupted. ``again``: whose message it is."""
        if known := self.admitted_before(secret, text, key):
            return known.number, known.status, self.position(known), None
        old, oldest = self.running, next(iter(self.keys), None)
        if old and (policy == "reject" or again is not None):
            raise Refused("turn_running")
        former = self.to_regenerate(again) if again is not None else None
        full = key is not None and oldest is not None and len(self.keys) >= KEYS
        if full and self.now - self.keys[oldest or ""][2] < DAY:
            raise Refused("too_many_keys")
        if old and policy == "queue" and len(self.queue) >= QUEUE:
            raise Refused("queue_full")
        if not (old and policy == "queue") and not self.reachable:
            raise Refused("out_of_reach")
        turn = Turn(len(self.turns) + 1, secret, text, former=former)
        self.turns.append(turn)
        if full:
            del self.keys[oldest or ""]
        if key is not None:
            self.keys[key] = (turn, text, self.now)
        if not old:
            self.start(turn)
        elif policy == "interrupt":
            self.queue.insert(0, turn)
            self.end(old, "cancelled", "cancelled")
        else:
            self.queue.append(turn)
        return turn.number, turn.status, self.position(turn), old.number if old and policy == "interrupt" else None

    def to_regenerate(self, number: int) -> Turn:
        former = self.find(number)
        if former is not self.turns[-1]:
            raise Refused("turn_not_newest")
        if len(former.formers()) >= ALTERNATIVES:
            raise Refused("too_many_alternatives")
        return former

    def position(self, turn: Turn) -> int:
        return self.queue.index(turn) + 1 if turn in self.queue else 0

    def cancel(self, number: int) -> str:
        if not (turn := self.find(number)).ended:
            self.end(turn, "cancelled", "cancelled")
        return turn.status

    def look(self, number: int) -> str:
        if not (turn := self.find(number)).ended:
            self.heal()
        return turn.status

    def clear(self) -> tuple[int, int]:
        """Answers how many turns and tokens went."""
        if self.running:
            raise Refused("turn_running")
        cleared, self.first = self.shown(), len(self.turns) + 1
        return len(cleared), sum(turn.tokens() for turn in cleared)

    # -- what workflows do; ``run`` is the place of theirs in ``started``, None for one whose start was never saved -----------

    def begin_step(self, number: int, step: int, retry: int, run: int | None) -> tuple[object, ...]:
        """Answers kind, epoch, whether it is the turn's first attempt, and whether it is another one at the step."""
        turn = self.turns[number - 1]
        if number < self.first or run is None or run != turn.run:
            return ("void",)
        if turn.ended:
            return "ended", turn.status
        if step < len(turn.steps):
            return "committed", turn.steps[step].calls
        first, again = turn.epoch == 1, turn.asked[0] == step
        heard = again and retry > turn.asked[1]
        if not heard and self.exhausted(turn):
            return "ended", turn.status
        if heard:
            turn.silent_epochs, turn.silent_starts = 0, 1
        turn.asked = (step, retry)
        self.hand_out(turn)
        return "go", turn.epoch, first, again

    def hand_out(self, turn: Turn) -> None:
        turn.silent_epochs += turn.silent_epochs == 0 or self.now - turn.progress >= APART
        turn.epoch, turn.progress = turn.epoch + 1, self.now

    def exhausted(self, turn: Turn) -> bool:
        if turn.silent_epochs >= ATTEMPTS:
            self.end(turn, "failed", "recovery_exhausted")
        return turn.ended

    def commit_step(self, number: int, step: int, epoch: int, text: str, calls: int) -> tuple[object, ...]:
        turn = self.find(number)
        stored = step < len(turn.steps) and turn.steps[step].epoch == epoch
        if not stored and not turn.ended:
            if epoch != turn.epoch or step != len(turn.steps):
                return ("superseded",)
            turn.steps.append(Step(epoch, text, calls))
            self.progresses(turn)
            if not calls:
                self.end(turn, "completed")
        return ("ended", turn.status) if turn.ended else ("committed", turn.steps[step].calls)

    def hand_over(self, number: int, epoch: int, run: int | None) -> None:
        """A stopping process cuts off the attempt with that epoch: it and those before it are silent no more."""
        turn = self.find(number)
        if turn.status == "running" and run is not None and run == turn.run and turn.epoch < HANDED_OVER:
            turn.silent_epochs = min(turn.silent_epochs, max(0, turn.epoch - epoch))
            turn.silent_starts = min(turn.silent_starts, 1)

    def begin_tools(self, number: int, step: int, run: int | None) -> tuple[object, ...]:
        turn = self.turns[number - 1]
        if number < self.first or run is None or run != turn.run:
            return ("void",)
        if turn.ended:
            return ("ended",)
        if still := turn.steps[step].open():
            if self.exhausted(turn):
                return ("ended",)
            self.hand_out(turn)
        return "go", turn.epoch, still

    def commit_tool(self, number: int, step: int, epoch: int, call: int, text: str) -> bool:
        turn = self.find(number)
        results = turn.steps[step].results
        if call not in results and (turn.ended or epoch != turn.epoch):
            return False
        if call not in results:
            results[call] = text
            self.progresses(turn)
        return True

    def progresses(self, turn: Turn) -> None:
        turn.progress, turn.silent_epochs, turn.silent_starts = self.now, 0, 0

    def fail(self, number: int, run: int | None, why: str) -> str:
        turn = self.find(number)
        if not turn.ended and run is not None and run == turn.run:
            self.end(turn, "failed", why)
        return turn.status

    def keep_shown(self, number: int, text: str) -> None:
        if (turn := self.find(number)).status == "cancelled" and turn.shown is None:
            turn.shown = text

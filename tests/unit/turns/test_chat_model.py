"""ChatActor against the reference of what a conversation promises, for random histories: users with every policy and key,
workflows, zombies and orphans, a process that dies before any durable effect, one that comes back with an old memory.

After each step everything that can be seen is compared. ``--hypothesis-profile=nightly`` tries ten times as many.
"""

from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from agent.domain.conversation import OnBusy
from agent.domain.limits import IDEMPOTENCY_KEY_SECONDS, TURN_STALE_AFTER
from agent.domain.turn_record import Failure
from tests.unit.turns import reference
from tests.unit.turns.machine import ComparedMachine, Fate
from tests.unit.turns.reference import Turn

FATES: st.SearchStrategy[Fate] = st.sampled_from([None, None, None, None, 0, 1, 2, 3, 4, "away"])
KEYS = st.sampled_from([None, None, "a", "b", "c"])
POLICIES: st.SearchStrategy[OnBusy] = st.sampled_from(["queue", "reject", "interrupt"])
TEXTS = st.sampled_from(["hi", "ho"])
FAILURE = Failure(code="model_error", message="It broke.", retryable=True)


class ChatMachine(ComparedMachine):
    """The rules: what may happen to a conversation."""

    @initialize(alone=st.booleans(), messages=st.integers(1, 1 + reference.QUEUE), steps=st.integers(0, 2))
    def start(self, alone: bool, messages: int, steps: int) -> None:
        """In the middle of something: most of what may happen needs a turn that has come some way."""
        self.host.alone = alone
        self.new_processes()
        for _ in range(messages):
            self.submit("hi", "queue", None, None)
        for _ in range(steps):
            self.step(2)

    def any_turn(self, data: st.DataObject) -> Turn:
        """One of the newest, the running one more often than not."""
        running = [self.promised.running] if self.promised.running else []
        return self.one_of(data, [*running * 4, *self.promised.turns[-6:]])

    def one_of(self, data: st.DataObject, turns: Sequence[Turn]) -> Turn:
        return self.promised.turns[data.draw(st.sampled_from([turn.number for turn in turns]), "turn") - 1]

    # -- users -------------------------------------------------------------------------------------------------------------

    @rule(text=TEXTS, policy=POLICIES, key=KEYS, fate=FATES)
    def submit(self, text: str, policy: OnBusy, key: str | None, fate: Fate) -> None:
        self.submitted.append((len(self.submitted) + 1, text, key, None))
        self.submits(len(self.submitted), text, policy, key, fate)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), key=KEYS, fate=FATES, idle=st.booleans())
    def regenerate(self, data: st.DataObject, key: str | None, fate: Fate, idle: bool) -> None:
        """Of any turn, most often of the newest, and when nothing runs: any other is refused."""
        # Not "while one runs": of the running one only its end may have been saved, and no cancel moves that on.
        while idle and (under_way := [turn.number for turn in self.promised.shown() if not turn.ended]):
            self.does(
                lambda c, n=under_way[0]: c.cancel(n),
                lambda n=under_way[0]: self.status(self.host.chats.cancel(self.key(n))),
                None,
            )
        newest = self.promised.turns[-1]
        former = self.one_of(data, [*[newest] * 4, *self.promised.turns[-3:]])
        self.submitted.append((len(self.submitted) + 1, former.text, key, former.number))
        self.submits(len(self.submitted), former.text, "reject", key, fate, former.number)

    @precondition(lambda self: self.submitted)
    @rule(data=st.data(), policy=POLICIES, fate=FATES)
    def deliver_again(self, data: st.DataObject, policy: OnBusy, fate: Fate) -> None:
        """What came before, whatever became of it."""
        secret, text, key, again = data.draw(st.sampled_from(self.submitted[-6:]))
        self.submits(secret, text, policy, key, fate, again)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), fate=FATES)
    def cancel(self, data: st.DataObject, fate: Fate) -> None:
        number = self.any_turn(data).number
        self.does(lambda c: c.cancel(number), lambda: self.status(self.host.chats.cancel(self.key(number))), fate)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), vanished=st.booleans(), quiet=st.sampled_from([TURN_STALE_AFTER, TURN_STALE_AFTER - 1]), fate=FATES)
    def look(self, data: st.DataObject, vanished: bool, quiet: float, fate: Fate) -> None:
        """After some silence, because the workflow is gone or just because."""
        if vanished:
            self.workflow_vanishes()
        self.time_passes(quiet)
        number = self.any_turn(data).number
        self.does(lambda c: c.look(number), lambda: self.status(self.host.chats.heal(self.key(number))), fate)

    @precondition(lambda self: len(self.promised.shown()) > 2)
    @rule(fate=FATES)
    def clear(self, fate: Fate) -> None:
        self.does(lambda c: c.clear(), self.cleared, fate, before=lambda c: c.follow_on())

    # -- workflows: the recorded one, and those that are not ---------------------------------------------------------------

    def a_run(self, data: st.DataObject, turn: Turn) -> tuple[str, int | None]:
        """An instance that asks for the turn, and its place among those whose start was saved."""
        runs = [(self.instances[n], n) for n, number in enumerate(self.promised.started) if number == turn.number]
        recorded = [run for run in runs if run[1] == turn.run]
        return data.draw(st.sampled_from([*recorded * 3, *runs, *((i, None) for i in self.orphans(turn)), ("nobody", None)]))

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), pause=st.sampled_from([0.0, 1.0]), fate=FATES)
    def begin_step(self, data: st.DataObject, pause: float, fate: Fate) -> None:
        self.time_passes(pause)
        turn = self.any_turn(data)
        instance, run = self.a_run(data, turn)
        step = data.draw(st.sampled_from([len(turn.steps), *range(len(turn.steps))]))
        self.begins_step(turn.number, step, data.draw(st.integers(0, 2)), instance, run, fate)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), calls=st.integers(0, 2), fate=FATES)
    def commit_step(self, data: st.DataObject, calls: int, fate: Fate) -> None:
        """By any epoch, of any turn: only the newest of the running one counts; a repeat is told what is stored."""
        turn = self.any_turn(data)
        committed = [(n, step.epoch) for n, step in enumerate(turn.steps)]
        step, epoch = data.draw(st.sampled_from([(len(turn.steps), self.an_epoch(data, turn)), *committed]))
        self.commits(turn.number, data.draw(st.sampled_from([step, step, 0])), epoch, calls, fate)

    @precondition(lambda self: self.promised.running and self.promised.running.run is not None)
    @rule(calls=st.sampled_from([2, 1, 2, 0]))
    def step(self, calls: int) -> None:
        """As it goes when nothing happens."""
        turn = self.promised.running
        assert turn
        assert turn.run is not None
        self.begins_step(turn.number, len(turn.steps), 0, self.instances[turn.run], turn.run, None)
        begun = self.promised.turns[turn.number - 1]
        if not begun.ended:
            self.commits(begun.number, len(begun.steps), begun.epoch, calls, None)

    def an_epoch(self, data: st.DataObject, turn: Turn) -> int:
        return data.draw(st.sampled_from([max(turn.epoch, 2)] * 3 + list(range(2, turn.epoch + 2))))

    @precondition(lambda self: any(t.steps for t in self.promised.turns))
    @rule(data=st.data(), fate=FATES)
    def begin_tools(self, data: st.DataObject, fate: Fate) -> None:
        turn = self.one_of(data, self.with_steps())
        instance, run = self.a_run(data, turn)
        step = data.draw(st.integers(0, len(turn.steps) - 1))
        self.does(lambda c: c.begin_tools(turn.number, step, run), lambda: self.begun_tools(turn.number, step, instance), fate)

    @precondition(lambda self: any(step.calls for turn in self.with_steps() for step in turn.steps))
    @rule(data=st.data(), fate=FATES)
    def commit_tool(self, data: st.DataObject, fate: Fate) -> None:
        turn = self.one_of(data, [turn for turn in self.with_steps() if any(step.calls for step in turn.steps)])
        step = data.draw(st.sampled_from([n for n, step in enumerate(turn.steps) if step.calls]))
        epoch, call = self.an_epoch(data, turn), data.draw(st.integers(0, turn.steps[step].calls - 1))
        text = f'"{step}/{call}/{epoch}"'
        self.does(
            lambda c: c.commit_tool(turn.number, step, epoch, call, text),
            lambda: self.host.commit_result(self.id(turn.number), epoch, f"c-{call}", step, text, "any"),
            fate,
        )

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), fate=FATES)
    def hand_over(self, data: st.DataObject, fate: Fate) -> None:
        turn = self.any_turn(data)
        instance, run = self.a_run(data, turn)
        number, epoch = turn.number, self.an_epoch(data, turn)
        self.does(lambda c: c.hand_over(number, epoch, run), lambda: self.handed_over(number, epoch, instance), fate)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), fate=FATES)
    def fail(self, data: st.DataObject, fate: Fate) -> None:
        turn = self.any_turn(data)
        instance, run = self.a_run(data, turn)
        self.does(lambda c: c.fail(turn.number, run, FAILURE.code), lambda: self.failed(turn.number, instance, FAILURE), fate)

    @precondition(lambda self: self.promised.turns)
    @rule(data=st.data(), text=TEXTS, cancelled=st.booleans(), fate=FATES)
    def keep_shown(self, data: st.DataObject, text: str, cancelled: bool, fate: Fate) -> None:
        turns = [t for t in self.promised.turns if t.status == "cancelled"][-3:] if cancelled else []
        number = (self.one_of(data, turns) if turns else self.any_turn(data)).number
        self.does(lambda c: c.keep_shown(number, text), lambda: self.kept(number, text), fate)

    # -- fate --------------------------------------------------------------------------------------------------------------

    @rule()
    def workflow_vanishes(self) -> None:
        run = self.promised.running.run if self.promised.running else None
        if run is not None:
            self.host.workflows.dead.add(self.instances[run])
            self.promised.gone.add(run)

    @rule(seconds=st.sampled_from([TURN_STALE_AFTER, 1.0, float(IDEMPOTENCY_KEY_SECONDS)]))
    def time_passes(self, seconds: float) -> None:
        self.host.clock.advance(seconds)
        self.promised.now += seconds

    @rule()
    def crash(self) -> None:
        self.host.crash()

    @precondition(lambda self: not self.host.alone)
    @rule()
    def move(self) -> None:
        """To the other process, which remembers the actor as it was when it left."""
        self.host.manager, self.elsewhere = self.elsewhere, self.host.manager

    # -- what always holds ---------------------------------------------------------------------------------------------------

    @invariant()
    def all_that_is_seen_was_promised(self) -> None:
        self.run(self.compare())

    def with_steps(self) -> Sequence[Turn]:
        """Turns that have committed something: the running one more often than the newest others."""
        running = [turn for turn in self.promised.turns if turn.steps and turn is self.promised.running]
        return [*running * 3, *[turn for turn in self.promised.turns if turn.steps][-2:]]


ChatMachine.TestCase.settings = settings(
    max_examples=settings().max_examples // 4,  # some 1,000 steps; in the nightly profile 10,000
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    phases=[Phase.reuse, Phase.generate],  # a history is short enough to read; shrinking it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestChat = ChatMachine.TestCase

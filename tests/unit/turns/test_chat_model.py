"""ChatActor against a small reference of the protocol, for random histories: retries, zombies, lost saves, new processes.

After every step the invariants of design.md section 10 hold: nothing acknowledged is lost or doubled, one turn runs, only the
newest epoch commits, what was told as the end stays the end.
"""

import asyncio
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.domain.errors import Busy, Conflict, NotFound, Problem, Unavailable
from agent.domain.limits import QUEUE_MAX, TURN_ATTEMPTS_MAX, TURN_STALE_AFTER
from agent.domain.turn import EndTurn, Failure
from tests.unit.turns.host import KEY, ChatHost, call, turn_key

FAILURE = Failure(code="model_error", message="It broke.", retryable=True)
SECRETS = st.integers(1, 6)


@dataclass
class Turn:
    """What the reference knows of one acknowledged message."""

    turn_id: str
    status: str
    starts: int = 0
    epoch: int = 1
    steps: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # (epoch, text)
    open_calls: set[str] = field(default_factory=set[str])


class ChatMachine(RuleBasedStateMachine):
    """The real actor, and beside it a dictionary of turns in the order of their admission."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.host = ChatHost()
        self.turns: dict[int, Turn] = {}  # by secret
        self.ends: dict[str, str] = {}  # turn id -> terminal event, once told

    def teardown(self) -> None:
        self.runner.close()

    # -- the reference ------------------------------------------------------------------------------------------------

    def waiting(self, status: str) -> list[Turn]:
        return [t for t in self.turns.values() if t.status == status]

    @property
    def running(self) -> Turn | None:
        return next(iter(self.waiting("running")), None)

    def end(self, turn: Turn, status: str) -> None:
        turn.status = status
        if queued := self.waiting("queued"):
            queued[0].status, queued[0].starts = "running", queued[0].starts + 1

    # -- what happens -------------------------------------------------------------------------------------------------

    @rule(secret=SECRETS, lost=st.booleans())
    def submit(self, secret: int, lost: bool) -> None:
        known, busy, full = self.turns.get(secret), self.running is not None, len(self.waiting("queued")) >= QUEUE_MAX
        self.host.fail_saves = int(lost and known is None and not (busy and full))
        try:
            admitted = self.runner.run(self.host.submit(f"m{secret}", secret))
        except Busy:
            assert known is None
            assert busy
            assert full
            return
        except Unavailable:
            assert lost
            return
        finally:
            self.host.fail_saves = 0
        if known:
            assert admitted.turn_id == known.turn_id, "a repeated delivery is the same message"
            assert admitted.status == known.status
            return
        self.turns[secret] = Turn(admitted.turn_id, "queued" if busy else "running", starts=0 if busy else 1)
        assert admitted.status == self.turns[secret].status
        assert admitted.position == len(self.waiting("queued")) if busy else admitted.position == 0

    @rule()
    def new_process(self) -> None:
        self.host.crash()

    @precondition(lambda self: self.running)
    @rule(lost=st.booleans())
    def begin(self, lost: bool) -> None:
        turn = self.running
        assert turn
        self.host.fail_saves = int(lost)
        try:
            begun = self.runner.run(self.host.begin(turn.turn_id, len(turn.steps)))
        except Unavailable:
            assert lost
            return
        finally:
            self.host.fail_saves = 0
        assert (begun.kind, begun.epoch) == ("go", turn.epoch + 1)
        turn.epoch += 1

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), calls=st.integers(0, 2), lost=st.booleans())
    def commit(self, data: st.DataObject, calls: int, lost: bool) -> None:
        """By any epoch, of any turn: only the newest of the running one counts."""
        turn = data.draw(st.sampled_from(list(self.turns.values())))
        if turn.status == "queued":
            return
        epoch, step = data.draw(st.integers(1, turn.epoch + 1)), data.draw(st.integers(0, len(turn.steps)))
        newest = turn.status == "running" and epoch == turn.epoch and step == len(turn.steps)
        text = f"{turn.turn_id}/{step}/{epoch}"
        self.host.fail_saves = int(lost and newest)
        try:
            done = self.runner.run(self.host.commit(turn.turn_id, epoch, text, step, tuple(map(call, range(calls)))))
        except Unavailable:
            assert lost
            return
        finally:
            self.host.fail_saves = 0
        if newest:
            turn.steps.append((epoch, text))
            turn.open_calls = {f"c-{i}" for i in range(calls)}
            if not calls:
                self.end(turn, "completed")
        elif (epoch, text) not in turn.steps:
            assert done.kind == ("ended" if turn.status != "running" else "superseded")

    @precondition(lambda self: self.running and self.running.steps)
    @rule(data=st.data(), stale=st.booleans())
    def tool(self, data: st.DataObject, stale: bool) -> None:
        turn = self.running
        assert turn
        step = len(turn.steps) - 1
        tools = self.runner.run(self.host.chats.begin_tools(self.host.ref(turn.turn_id, step)))
        assert {c.call_id for c in tools.calls} == turn.open_calls, "only what is open runs again"
        if not tools.calls:
            return
        turn.epoch += 1
        assert tools.epoch == turn.epoch
        done = data.draw(st.sampled_from(sorted(turn.open_calls)))
        taken = self.runner.run(self.host.commit_result(turn.turn_id, tools.epoch - stale, done, step))
        assert taken is not stale
        if taken:
            turn.open_calls.remove(done)

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), ours=st.booleans())
    def fail(self, data: st.DataObject, ours: bool) -> None:
        turn = data.draw(st.sampled_from(list(self.turns.values())))
        instance = None if ours and turn.starts else "another"
        self.runner.run(self.host.chats.end_turn(EndTurn(ref=self.host.ref(turn.turn_id, instance=instance), failure=FAILURE)))
        if ours and turn.status == "running":
            self.end(turn, "failed")

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), dead=st.booleans())
    def look(self, data: st.DataObject, dead: bool) -> None:
        """Somebody looks at a turn while the running one's workflow may be gone."""
        turn, running = data.draw(st.sampled_from(list(self.turns.values()))), self.running
        dead = dead and turn.status in ("running", "queued")  # whoever looks at an ended turn heals nothing
        if dead and running:
            self.host.workflows.dead.add(self.host.instance(running.turn_id))
            self.host.clock.advance(TURN_STALE_AFTER)
        self.runner.run(self.host.chats.heal(turn_key(turn.turn_id)))
        if dead and running:
            running.starts += 1
            if running.starts > TURN_ATTEMPTS_MAX:
                self.end(running, "failed")

    @rule()
    def clear(self) -> None:
        try:
            self.runner.run(self.host.chats.clear_history(KEY))
        except Conflict:
            assert self.running
            return
        assert not self.running
        for turn in self.turns.values():
            try:
                self.runner.run(self.host.chats.get_turn(turn_key(turn.turn_id)))
            except NotFound:
                continue
            raise AssertionError("cleared, and still there")
        self.turns.clear()
        self.host.crash()
        self.host.store.clear()  # a new conversation: secrets of the old one would come again here
        self.host.workflows.started.clear()
        self.host.workflows.dead.clear()
        self.ends.clear()

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_acknowledged_is_lost_or_doubled(self) -> None:
        page = self.runner.run(self.host.chats.get_history(KEY, 100, None))
        assert [t.turn_id for t in page.turns] == [t.turn_id for t in self.turns.values()]
        assert [t.status for t in page.turns] == [t.status for t in self.turns.values()]
        assert page.total_turns == len(self.turns)
        assert len(self.waiting("running")) <= 1
        assert not self.waiting("queued") or self.running, "nobody waits for nothing"

    @invariant()
    def what_is_shown_is_what_the_newest_epoch_said_and_an_end_stays(self) -> None:
        for turn in self.turns.values():
            seen = self.runner.run(self.host.chats.get_turn(turn_key(turn.turn_id)))
            assert [s.message.content for s in seen.steps] == [text for _, text in turn.steps]
            assert (seen.epoch, seen.attempts) == (turn.epoch, turn.starts)
            assert (seen.terminal is not None) == (turn.status in ("completed", "failed"))
            if seen.terminal:
                told = self.ends.setdefault(turn.turn_id, seen.terminal.model_dump_json())
                assert seen.terminal.model_dump_json() == told, "one end, the same for ever"

    @invariant()
    def only_the_recorded_workflow_may_begin(self) -> None:
        for turn_id, instance in self.host.workflows.started:
            turn = next((t for t in self.turns.values() if t.turn_id == turn_id), None)
            recorded = turn is not None and turn.status != "queued" and instance == self.host.instance(turn_id)
            if recorded and turn is not None and turn.status == "running":
                continue  # begin() does that
            try:
                kind = self.runner.run(self.host.begin(turn_id, instance=instance)).kind
            except Problem as problem:  # pragma: no cover -- would be a bug
                raise AssertionError from problem
            assert kind in (("ended", "committed") if recorded else ("void",))


ChatMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # a history is short enough to read; shrinking it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestChat = ChatMachine.TestCase

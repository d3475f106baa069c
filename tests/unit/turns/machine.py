"""What lets a random history run twice, in ChatActor and in the reference, and compares all that can be seen of both."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from copy import deepcopy
from typing import Any, Literal, TypeVar
from unittest import mock

from hypothesis.stateful import RuleBasedStateMachine

from actors import chat_keeper, chat_store
from agent.domain import conversation, ids
from agent.domain import turn as turn_module
from agent.domain.conversation import OnBusy, Submission
from agent.domain.errors import Problem
from agent.domain.ids import TurnKey
from agent.domain.messages import Message
from agent.domain.model_messages import CANCELLED_RESULT
from agent.domain.turn_calls import BegunStep, EndTurn, HandedOver, KeepShown
from agent.domain.turn_record import Failure
from agent.domain.turn_view import TurnView
from tests.unit.turns import reference
from tests.unit.turns.host import KEY, ChatHost, call, turn_key
from tests.unit.turns.reference import Conversation, Refused, Turn

T = TypeVar("T")
Promise = Callable[[Conversation], object]
Act = Callable[[], Awaitable[object]]
Fate = int | Literal["away"] | None
"""Of one act: the process dies before the effect after so many; the engine is out of reach; nothing happens."""

BOUNDS = [
    (conversation, "QUEUE_MAX", reference.QUEUE),
    (conversation, "TURNS_KEPT_MAX", reference.KEPT),
    (conversation, "ADMISSIONS_REMEMBERED_MAX", reference.REMEMBERED),
    (chat_store, "IDEMPOTENCY_KEYS_MAX", reference.KEYS),
    (chat_store, "CLEAR_BATCH", 2),
    (chat_keeper, "TURN_ATTEMPTS_MAX", reference.ATTEMPTS),
    (chat_keeper, "ALTERNATIVES_MAX", reference.ALTERNATIVES),
    (turn_module, "TURN_ATTEMPTS_MAX", reference.ATTEMPTS),
    (turn_module, "HANDED_OVER_EPOCHS_MAX", reference.HANDED_OVER),
]


class ComparedMachine(RuleBasedStateMachine):
    """The real actor in ``host``, and beside it what was ``promised``."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.bounds = asyncio.Runner(), ExitStack()
        for module, name, value in BOUNDS:
            self.bounds.enter_context(mock.patch.object(module, name, value))
        self.host, self.promised = ChatHost(), Conversation()
        self._clearings = 0
        self.instances: list[str] = []  # by their place in ``promised.started``
        self.ends: dict[str, str] = {}  # turn id -> terminal event, once told
        self.submitted: list[tuple[int, str, str | None, int | None]] = []  # secret, text, key and which turn anew
        self.new_processes()

    def new_processes(self) -> None:
        self.host.crash()
        self.elsewhere = self.host.manager
        self.host.crash()

    def teardown(self) -> None:
        self.bounds.close()
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    # -- one step in both --------------------------------------------------------------------------------------------------

    def does(self, promise: Promise, act: Act, fate: Fate, before: Promise | None = None) -> None:
        """Does the same in both. ``before`` is what the actor saves for good before the rest of the method.

        Of a process that died, what it saved is there, and nothing else; whose start was saved, was scheduled first.
        """
        start, told = deepcopy(self.promised), None
        start.reachable = fate != "away"
        states = [start]
        for step in [before, promise] if before else [promise]:
            after = deepcopy(states[-1])
            try:
                told = step(after)
            except Refused as refused:
                told = refused.args[0]
            if vars(after) != vars(states[-1]):
                states += self._after_each_save(states[-1], after)
        known = len(self.host.workflows.started)
        answer = self.run(self._told(act, fate))
        died = isinstance(fate, int) and answer == "runtime_failed"
        assert died or answer == told
        saves = self.host.trace.count("save")
        promised = states[min(saves, len(states) - 1)] if died else states[-1]
        scheduled = self.host.workflows.started[known:]
        starts = [self.id(number, promised) for number in promised.started[len(self.promised.started) :]]
        assert [turn for turn, _ in scheduled][: len(starts) if died else None] == starts, "what was saved was scheduled"
        self.instances += [instance for _, instance in scheduled[: len(starts)]]
        self.promised = promised
        promised.reachable = True

    def _after_each_save(self, now: Conversation, after: Conversation) -> list[Conversation]:
        """Where others may host the actor too, a turn's end is saved before the rest, and a new turn before it is one."""
        if self.host.alone:
            return [after]
        half = now.only_ended(after)
        if len(after.turns) == len(now.turns):
            return [half, after] if half else [after]
        fencing_off = [now] if self.host.stored(f"turn-{len(after.turns)}") else []
        return [*fencing_off, now, *([half] if half else []), after]

    async def _told(self, act: Act, fate: Fate) -> object:
        self.host.trace.clear()
        self.host.effects_left = fate if isinstance(fate, int) else None
        self.host.workflows.unreachable = fate == "away"
        try:
            return await act()
        except Problem as problem:
            return problem.code
        finally:
            self.host.effects_left, self.host.workflows.unreachable = None, False

    # -- names ---------------------------------------------------------------------------------------------------------------

    def id(self, number: int, of: Conversation | None = None) -> str:
        secret = (of or self.promised).turns[number - 1].secret
        return ids.turn_id("main", number, bytes.fromhex(f"{secret:032x}"))

    def key(self, number: int) -> TurnKey:
        return turn_key(self.id(number))

    def orphans(self, turn: Turn) -> list[str]:
        """Instances that were scheduled for the turn by a process that died before it saved."""
        saved = set(self.instances)
        return [i for t, i in self.host.workflows.started if t == self.id(turn.number) and i not in saved]

    # -- acts, with their answers in the reference's words -------------------------------------------------------------------

    def submits(self, secret: int, text: str, policy: OnBusy, key: str | None, fate: Fate, again: int | None = None) -> None:
        self.does(
            lambda c: c.submit(secret, text, policy, key, again),
            lambda: self._admitted(secret, text, policy, key, again),
            fate,
            before=lambda c: None if c.admitted_before(secret, text, key) else c.heal(),
        )

    def begins_step(self, number: int, step: int, retry: int, instance: str, run: int | None, fate: Fate) -> None:
        self.does(lambda c: c.begin_step(number, step, retry, run), lambda: self._begun(number, step, retry, instance), fate)

    def commits(self, number: int, step: int, epoch: int, calls: int, fate: Fate) -> None:
        text = f"{number}/{step}/{epoch}"
        self.does(
            lambda c: c.commit_step(number, step, epoch, text, calls),
            lambda: self._committed(number, step, epoch, text, calls),
            fate,
        )

    async def _admitted(
        self, secret: int, text: str, policy: OnBusy, key: str | None, again: int | None = None
    ) -> tuple[object, ...]:
        submission = Submission(
            secret=f"{secret:032x}",
            message=Message(role="user", content=text, tokens=1),
            time_zone="UTC",
            on_busy=policy,
            key=key,
            fingerprint=text if key else "",
            regenerates=self.id(again) if again is not None else None,
        )
        done = await self.host.chats.process_message(KEY, submission)
        number = _number(done.turn_id)
        assert done.turn_id == ids.turn_id("main", number, bytes.fromhex(f"{self._secret(number, secret):032x}"))
        return number, done.status, done.position, _number(done.interrupted) if done.interrupted else None

    def _secret(self, number: int, secret: int) -> int:
        return self.promised.turns[number - 1].secret if number <= len(self.promised.turns) else secret

    async def status(self, view: Awaitable[TurnView]) -> str:
        return (await view).status

    async def cleared(self) -> tuple[int, int]:
        self._clearings += 1
        done = await self.host.chats.clear_history(KEY, f"{self._clearings}")
        return done.cleared_turns, done.cleared_tokens

    async def _begun(self, number: int, step: int, retry: int, instance: str) -> tuple[object, ...]:
        ref = self.host.ref(self.id(number), step, instance).model_copy(update={"retry": retry})
        begun = await self.host.chats.begin_step(ref)
        if begun.kind != "go":
            return _settled(begun)
        said = [None if m.content == CANCELLED_RESULT else m.content for m in begun.messages]
        assert said[1:] == self.promised.context(number), "the model is told what was said"
        return "go", begun.epoch, begun.first, begun.restart

    async def _committed(self, number: int, step: int, epoch: int, text: str, calls: int) -> tuple[object, ...]:
        made = (call(0), call(1, "update_task_status", '{"task_id": "t-1", "status": "completed"}'))[:calls]
        return _settled(await self.host.commit(self.id(number), epoch, text, step, made, "any"))

    async def begun_tools(self, number: int, step: int, instance: str) -> tuple[object, ...]:
        begun = await self.host.chats.begin_tools(self.host.ref(self.id(number), step, instance))
        return ("go", begun.epoch, [c.index for c in begun.calls]) if begun.kind == "go" else (begun.kind,)

    async def failed(self, number: int, instance: str, failure: Failure) -> str:
        end = EndTurn(ref=self.host.ref(self.id(number), instance=instance), failure=failure)
        return (await self.host.chats.end_turn(end)).status

    async def handed_over(self, number: int, epoch: int, instance: str) -> None:
        ref = self.host.ref(self.id(number), instance=instance)
        await self.host.chats.hand_over(HandedOver(ref=ref, epoch=epoch))

    async def kept(self, number: int, text: str) -> None:
        shown = Message(role="assistant", content=text, tokens=2, interrupted=True)
        await self.host.chats.keep_shown(KeepShown(ref=self.host.ref(self.id(number), instance="any"), shown=shown, epoch=2))

    # -- what is compared ----------------------------------------------------------------------------------------------------

    async def compare(self) -> None:
        """Turns, history and workflows."""
        shown, remembered = self.promised.shown(), self.promised.turns[-reference.REMEMBERED :]
        for turn in (*self.promised.turns[: self.promised.first - 1][-1:], *shown):
            told = await self._told(lambda turn=turn: self._seen(turn), None)
            assert told == ("turn_not_found" if turn.number < self.promised.first else _expected(turn))
        for position, turn in enumerate(self.promised.queue, 1):
            if turn in remembered:
                again = await self._admitted(turn.secret, turn.text, "queue", None)
                assert again == (turn.number, "queued", position, None)
        forged = turn_key(ids.turn_id("main", len(self.promised.turns), b"nobody knows it."))
        assert await self._told(lambda: self.host.chats.get_turn(forged), None) == "turn_not_found"
        await self.compare_history(shown)
        await self.compare_workflows()

    async def _seen(self, turn: Turn) -> tuple[object, ...]:
        seen = await self.host.chats.get_turn(self.key(turn.number))
        end = seen.terminal.model_dump_json() if seen.terminal else ""
        if end:
            assert end == self.ends.setdefault(seen.turn_id, end), "one end, the same for ever"
        steps = [(s.epoch, s.message.content, [r.content for r in s.results]) for s in seen.steps]
        answer = seen.message.content if seen.message else None
        return seen.status, seen.attempts, seen.epoch, steps, answer, seen.terminal and seen.terminal.type

    async def compare_history(self, shown: list[Turn]) -> None:
        page = await self.host.chats.get_history(KEY, 100, None)
        assert [(t.number, t.turn_id, t.status, t.tokens) for t in page.turns] == [
            (t.number, self.id(t.number), t.status, t.tokens()) for t in shown
        ]
        alternatives = {turn.former.number for turn in shown if turn.former}
        for told, turn in zip(page.turns, shown, strict=True):
            assert told.regenerates == (self.id(turn.former.number) if turn.former else None)
            assert told.regenerated_by == (self.id(turn.number + 1) if turn.number in alternatives else None)
            assert told.alternatives == len(turn.formers())
        assert (page.total_turns, page.next) == (len(shown), None)
        assert page.total_tokens == sum(t.tokens() for t in shown if self.promised.counted(t))
        newest = await self.host.chats.get_history(KEY, 2, None)
        assert newest.turns == page.turns[-2:]
        assert newest.next == (shown[-2].number if len(shown) > 2 else None)

    async def compare_workflows(self) -> None:
        """Of all that were ever started for the running turn, only the one recorded is not told to end."""
        if turn := self.promised.running:
            recorded = self.instances[turn.run] if turn.run is not None else None
            for turn_id, instance in self.host.workflows.started:
                if turn_id == self.id(turn.number) and instance != recorded:
                    assert (await self.host.begin(turn_id, instance=instance)).kind == "void"


def _expected(turn: Turn) -> tuple[object, ...]:
    steps = [(s.epoch, s.text, [s.results[n] for n in sorted(s.results)]) for s in turn.steps]
    answer = turn.shown or (turn.steps[-1].text if turn.steps else None)
    return turn.status, turn.starts, turn.epoch, steps, answer, f"turn.{turn.status}" if turn.ended else None


def _settled(begun: BegunStep) -> tuple[object, ...]:
    match begun.kind:
        case "ended":
            return "ended", begun.status
        case "committed":
            return "committed", begun.tool_calls
        case _:
            return (begun.kind,)


def _number(turn_id: str) -> int:
    parsed = ids.parse_turn_id(turn_id)
    assert parsed
    return parsed.number

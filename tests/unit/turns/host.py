"""A sidecar's actor API in memory, behind the SDK's own client interface: real actors, real dispatch, real serialization.

What a crash does is what it does in production: the process forgets, the store keeps what was saved, nothing else.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from dapr.actor import ActorId
from dapr.actor.runtime._type_information import ActorTypeInformation
from dapr.actor.runtime.context import ActorRuntimeContext
from dapr.actor.runtime.manager import ActorManager
from dapr.clients.base import DaprActorClientBase

from actors.calls import ActorCalls
from actors.chat import ChatActor
from actors.chat_client import ChatClient
from actors.chat_keeper import ChatDeps
from actors.fence import with_etags
from actors.serializer import PlainJson
from actors.transport import SidecarRefused
from agent.domain.conversation import Admission, Submission
from agent.domain.ids import ConversationKey, TurnKey, chat_actor_id, parse_chat_actor_id
from agent.domain.messages import Message, ToolCall, Usage
from agent.domain.turn_calls import BegunStep, CommitStep, CommitTool, StepRef
from tests.fakes.ports import CountingRandomness, FakeClock, FakePulse, FakeWorkflows, PlainPrompts, WordTokens

KEY = ConversationKey("default", "local", "main")
USAGE = Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)


class SaveFailed(Exception):
    pass


class Died(Exception):
    """The process is gone: what it had not done by then, it never does."""


class MortalWorkflows(FakeWorkflows):
    """An engine that a process may die before it reaches."""

    def __init__(self, trace: list[str], lives: Callable[[], None]) -> None:
        super().__init__(trace)
        self.lives = lives

    async def start_turn(self, key: ConversationKey, turn_id: str, instance: str) -> None:
        self.lives()
        await super().start_turn(key, turn_id, instance)


class ChatHost(DaprActorClientBase):
    """One process that hosts ChatActors. ``trace`` lists durable effects in their order: "schedule" and "save".

    ``before_save``: what others do while the next save hangs in a frozen sidecar, ``after_meta``: or the next read of meta.
    ``effects_left``: the process dies before the effect after so many; None: it lives. ``alone`` as in actors/base.py.
    """

    def __init__(self) -> None:
        self.effects_left: int | None = None
        self.alone = False
        self.trace: list[str] = []
        self.store: dict[tuple[str, str], bytes] = {}
        self.writes_of: dict[tuple[str, str], int] = {}
        self.fail_saves = 0
        self.before_save: Callable[[], Awaitable[object]] | None = None
        self.after_meta: Callable[[], Awaitable[object]] | None = None
        self.writes: list[set[str]] = []
        self.clock, self.workflows = FakeClock(), MortalWorkflows(self.trace, self._lives)
        self.pulse, randomness = FakePulse(), CountingRandomness()
        self.deps = ChatDeps(self.workflows, self.clock, PlainPrompts(), WordTokens(), 10, randomness, self.pulse)
        self.chats = ChatClient(ActorCalls(self))
        self.crash()

    def crash(self) -> None:
        """A new process on the same store."""
        json_ = PlainJson()
        info = ActorTypeInformation.create(ChatActor)
        self.manager = ActorManager(ActorRuntimeContext(info, json_, json_, self, self._actor))

    async def deactivate(self, key: ConversationKey = KEY) -> None:
        """As Dapr does when the actor moves away, whether or not a method is still under way."""
        await self.manager.deactivate_actor(ActorId(chat_actor_id(key)))

    def _actor(self, ctx: ActorRuntimeContext, actor_id: ActorId) -> ChatActor:
        actor = ChatActor(ctx, actor_id, self.deps)
        actor.alone = self.alone
        return actor

    def _lives(self) -> None:
        if self.effects_left == 0:
            raise Died
        if self.effects_left is not None:
            self.effects_left -= 1

    # -- the SDK's interface -----------------------------------------------------------------------------------------

    async def invoke_method(self, actor_type: str, actor_id: str, method: str, data: bytes | None = None) -> bytes:
        assert actor_type == "ChatActor"
        try:
            return await self.manager.dispatch(ActorId(actor_id), method, data or b"")
        except Exception as e:
            raise SidecarRefused(500, repr(e)) from e

    async def save_state_transactionally(self, actor_type: str, actor_id: str, data: bytes) -> None:
        if self.fail_saves:
            self.fail_saves -= 1
            raise SaveFailed
        self._lives()
        if self.before_save is not None:
            meanwhile, self.before_save = self.before_save, None
            await meanwhile()
        operations = json.loads(with_etags(data))
        refused = [o["request"]["key"] for o in operations if not self._carry_out(actor_id, o)]
        if refused:
            raise SidecarRefused(500, f"failed to set key or to delete {refused}")
        self.trace.append("save")
        self.writes.append({o["request"]["key"] for o in operations})

    def _carry_out(self, actor_id: str, operation: dict[str, Any]) -> bool:
        """As in Redis: each key by itself, nothing is taken back; the ETag of a key is how often it was written."""
        request = operation["request"]
        key = (actor_id, request["key"])
        if "etag" in request and key in self.store and request["etag"] != str(self.writes_of[key]):
            return False
        if operation["operation"] == "delete":
            self.store.pop(key, None)
            self.writes_of.pop(key, None)
            return True
        self.store[key] = json.dumps(request["value"]).encode()
        self.writes_of[key] = self.writes_of.get(key, 0) + 1
        return True

    async def get_state(self, actor_type: str, actor_id: str, name: str) -> bytes:
        found = self.store.get((actor_id, name), b"")
        if name == "meta" and self.after_meta is not None:
            meanwhile, self.after_meta = self.after_meta, None
            await meanwhile()
        return found

    async def register_reminder(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        raise NotImplementedError

    async def unregister_reminder(self, actor_type: str, actor_id: str, name: str) -> None:
        raise NotImplementedError

    async def register_timer(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        raise NotImplementedError

    async def unregister_timer(self, actor_type: str, actor_id: str, name: str) -> None:
        raise NotImplementedError

    # -- shorthand ---------------------------------------------------------------------------------------------------

    def stored(self, name: str, key: ConversationKey = KEY) -> Any:
        """The stored value of one state key, None when there is none."""
        found = [v for (actor, k), v in self.store.items() if k == name and parse_chat_actor_id(actor) == key]
        return json.loads(found[0]) if found else None

    async def submit(self, text: str = "hi", secret: int = 1, key: ConversationKey = KEY, tokens: int = 1) -> Admission:
        message = Message(role="user", content=text, tokens=tokens, created_at=self.clock.now().isoformat())
        return await self.chats.process_message(key, Submission(secret=f"{secret:032x}", message=message, time_zone="UTC"))

    async def regenerate(self, turn_id: str, secret: int = 1, text: str = "hi", **changes: Any) -> Admission:
        message = Message(role="user", content=text, tokens=1, created_at=self.clock.now().isoformat())
        again = Submission(secret=f"{secret:032x}", message=message, time_zone="UTC", regenerates=turn_id, **changes)
        return await self.chats.process_message(KEY, again)

    def instance(self, turn_id: str) -> str:
        """The newest instance that was scheduled for the turn."""
        return [i for t, i in self.workflows.started if t == turn_id][-1]

    def ref(self, turn_id: str, step: int = 0, instance: str | None = None) -> StepRef:
        return StepRef(
            **turn_key(turn_id)._asdict(), conversation="main", instance=instance or self.instance(turn_id), step=step
        )

    async def begin(self, turn_id: str, step: int = 0, instance: str | None = None) -> BegunStep:
        return await self.chats.begin_step(self.ref(turn_id, step, instance))

    async def commit(
        self,
        turn_id: str,
        epoch: int,
        text: str = "ok",
        step: int = 0,
        calls: tuple[ToolCall, ...] = (),
        instance: str | None = None,
    ) -> BegunStep:
        message = Message(role="assistant", content=text, tokens=2, tool_calls=calls, created_at=self.clock.now().isoformat())
        ref = self.ref(turn_id, step, instance)
        return await self.chats.commit_step(CommitStep(ref=ref, epoch=epoch, message=message, usage=USAGE))

    async def commit_result(
        self, turn_id: str, epoch: int, call_id: str, step: int = 0, text: str = "{}", instance: str | None = None
    ) -> bool:
        result = Message(role="tool", content=text, tokens=1, call_id=call_id, ok=True)
        ref = self.ref(turn_id, step, instance)
        return await self.chats.commit_tool(CommitTool(ref=ref, epoch=epoch, result=result))

    async def answer(self, turn_id: str, text: str = "ok") -> None:
        """Runs a turn of one step to its end."""
        begun = await self.begin(turn_id)
        assert (await self.commit(turn_id, begun.epoch, text)).kind == "ended"


def turn_key(turn_id: str) -> TurnKey:
    return TurnKey(KEY.tenant, KEY.user, turn_id)


def call(index: int, name: str = "get_task", arguments: str = '{"task_id": "t-1"}') -> ToolCall:
    return ToolCall(call_id=f"c-{index}", provider_id=f"p-{index}", index=index, name=name, arguments=arguments)

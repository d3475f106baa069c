"""A turn in the middle of its tools: a real ChatActor, log, toolbox and the activity ``run_tools``; the tasks are fakes."""

import asyncio
import json
from typing import Any

from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.under_way import CountedWork
from agent.domain.events import EntryId, LogEntry, StepStarted, ToolProgressed, ToolReturned
from agent.domain.messages import ToolCall
from tests.fakes.ports import FakeTasks, FragileLog, WordTokens
from tests.unit.turns.host import ChatHost, turn_key
from workflows.activities.run_tools import RunTools
from workflows.toolbox import ToolBox

PATIENCE = 30.0  # the machine may be busy
CREATE = {"title": "Review the PR", "description": "The payment PR needs a review", "assignee": "Bob", "deadline_seconds": 60}


class Stage:
    """A turn that waits for its tools, and all the parts around it."""

    def __init__(self, host: ChatHost) -> None:
        self.host, self.tasks, self.memory = host, FakeTasks(), MemoryTurnLog()
        self.log, self.under_way = FragileLog(self.memory), CountedWork()
        self.run = RunTools(host.chats, self.log, ToolBox(self.tasks, host.workflows), WordTokens(), host.clock, self.under_way)
        self.turn = ""

    async def ask(self, *calls: ToolCall) -> "Stage":
        """The model asked for ``calls`` in step 0."""
        self.turn = (await self.host.submit()).turn_id
        begun = await self.host.begin(self.turn)
        await self.memory.append(turn_key(self.turn), EntryId(begun.epoch, 0), [StepStarted(turn_id=self.turn, step=0)])
        await self.host.commit(self.turn, begun.epoch, calls=calls)
        return self

    async def tools(self) -> None:
        await asyncio.wait_for(self.run(self.host.ref(self.turn)), PATIENCE)

    async def entries(self) -> list[LogEntry]:
        return await anext(aiter(self.memory.follow(turn_key(self.turn), None)))

    async def returned(self) -> list[ToolReturned]:
        return [ToolReturned.model_validate_json(e.data) for e in await self.entries() if e.name == "tool.returned"]

    async def progressed(self) -> list[ToolProgressed]:
        return [ToolProgressed.model_validate_json(e.data) for e in await self.entries() if e.name == "tool.progressed"]

    def stored(self) -> dict[str, Any]:
        return {r["call_id"]: json.loads(r["content"]) for r in self.host.stored("turn-1")["steps"][0]["results"]}

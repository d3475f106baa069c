"""A user who talks: says things close upon each other, asks for tasks, pauses, and goes on until it is enough."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.caller import Caller, GaveUp, Unexpected
from tests.chaos.evidence import Complaint, Message, Times
from tests.chaos.exchange import Exchange
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Request, Round, Said

DESCRIPTION = "Asked for over HTTP, more than once."


@dataclass
class User:
    """``flying`` are everybody's messages on their way; ``judge`` gets each one when there is nothing more to see of it."""

    caller: Caller
    rounds: Iterator[Round]
    ledger: Ledger
    times: Times
    flying: list[Message]
    judge: Callable[[Message], None]
    messages: list[Message] = field(default_factory=list[Message])
    requests: list[Request] = field(default_factory=list[Request])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    task: str = ""

    @property
    def name(self) -> str:
        return self.caller.user

    async def live(self, enough: asyncio.Event) -> None:
        """Round after round; what was begun is seen through."""
        while not enough.is_set():
            plan = next(self.rounds)
            interrupts = any(said.policy == "interrupt" for said in plan.messages)
            work = [self._say(said, interrupts) for said in plan.messages if self.task or not said.needs_task]
            try:
                await asyncio.gather(*work, *([self._process(plan.request)] if plan.request else []))
            except (GaveUp, Unexpected) as fault:
                self.complaints.append(Complaint("lost", self.name, str(fault)))
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), plan.pause)

    async def _say(self, said: Said, interrupts: bool) -> None:
        await asyncio.sleep(said.lead)
        message = Message(said, self.name, said.text(self.task), interrupts, self.task)
        self.messages.append(message)
        self.flying.append(message)
        try:
            await Exchange(self.caller, message, self.ledger, self.times).see_through()
        finally:
            self.flying.remove(message)
        self.task = _made(message) or self.task
        self.judge(message)

    async def _process(self, request: Request) -> None:
        """The same request over and over, at once: one task."""
        self.requests.append(request)
        body = {"task_id": request.name, "title": request.name, "description": DESCRIPTION, "assignee": "Eve"}
        asked = [self.caller.ask("POST", "/tasks/process", json=body) for _ in range(request.times)]
        for status, answer in await asyncio.gather(*asked):
            if status != 200:
                self.complaints.append(Complaint("lost", f"{self.name} {request.name}", f"{status} {answer}"))


def _made(message: Message) -> str:
    """The id of a task that this message's turn has made."""
    results: list[dict[str, Any]] = [
        frame.data["result"] for seen in message.readers for frame in seen.frames if frame.event == "tool.returned"
    ]
    return next((result["task_id"] for result in results if result.get("status") == "completed" and "task_id" in result), "")

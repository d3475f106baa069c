"""A person, the demo model and a task service in memory: the loop that the real service runs, for the tests here.

Arguments go through the service's own checks, so the demo model cannot drift away from the tools it is given.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from agent.demo import wire
from agent.demo.brain import Reply, think
from agent.domain.tools import parse_call

TOOLS = ("create_task", "get_task", "list_tasks", "update_task_status", "assign_task", "get_workflow_status")
SYSTEM = "You are Task Agent.\nCurrent time: 2026-11-24T16:00:00+01:00\nTime zone: Europe/Berlin\nUser: Dana\n"
ROUNDS_MAX = 6


def offered(tools: tuple[str, ...] = TOOLS) -> list[dict[str, Any]]:
    """The tools in the request's shape."""
    return [
        {"type": "function", "function": {"name": name, "description": name, "parameters": {"type": "object"}}}
        for name in tools
    ]


@dataclass
class Service:
    """Just enough of the task service; ``answers`` overrides the result of a tool."""

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def run(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        parse_call(name, json.dumps(arguments))
        if name in self.answers:
            return self.answers[name]
        if name == "create_task":
            return self._create(arguments)
        if name == "list_tasks":
            found = [t for t in reversed(self.tasks.values()) if arguments.get("status") in (None, t["status"])]
            return {"tasks": found[: arguments.get("limit", 20)], "next": None}
        if name == "get_workflow_status":
            return {
                "workflow_id": arguments["workflow_id"],
                "status": "completed",
                "result": {"status": "completed", "message": "ok"},
            }
        task = self.tasks.get(arguments["task_id"])
        if task is None:
            return {"error": {"code": "task_not_found", "detail": "Task not found"}}
        if name != "get_task" and task["status"] in ("completed", "cancelled"):
            return {"error": {"code": "illegal_transition", "detail": f"a {task['status']} task cannot be changed"}}
        task.update({key: arguments[key] for key in ("status", "assignee") if key in arguments})
        return dict(task)

    def _create(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if len(arguments["title"]) < 5 or len(arguments["description"]) < 10:
            return {"task_id": "t-none", "status": "rejected", "message": "too short"}
        task_id = f"t-{len(self.tasks) + 1:03d}"
        self.tasks[task_id] = {
            "task_id": task_id,
            "title": arguments["title"],
            "description": arguments["description"],
            "assignee": arguments["assignee"],
            "status": "assigned",
            "deadline": arguments.get("deadline"),
        }
        return {"task_id": task_id, "status": "completed", "message": "Task created.", "task": dict(self.tasks[task_id])}


@dataclass
class Talk:
    """A conversation; ``say`` returns the answer and leaves the calls made for it in ``calls``."""

    service: Service = field(default_factory=Service)
    tools: tuple[str, ...] = TOOLS
    messages: list[dict[str, Any]] = field(default_factory=lambda: [{"role": "system", "content": SYSTEM}])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    said: list[str] = field(default_factory=list[str])

    def say(self, text: str) -> str:
        self.messages.append({"role": "user", "content": text})
        self.calls, self.said = [], []
        for _ in range(ROUNDS_MAX):
            reply = think(self.messages, self.tools)
            self.said.append(reply.text)
            if not reply.calls:
                self.messages.append({"role": "assistant", "content": reply.text})
                return reply.text
            self._step(reply)
        raise AssertionError(f"no text after {ROUNDS_MAX} rounds: {self.calls}")

    def _step(self, reply: Reply) -> None:
        envelope = wire.Envelope(wire.digest(self.messages), 0, "demo")
        message = wire.completion(envelope, reply, {})["choices"][0]["message"]
        self.messages.append(message)
        for tool_call in message["tool_calls"]:
            name, arguments = tool_call["function"]["name"], json.loads(tool_call["function"]["arguments"])
            self.calls.append((name, arguments))
            content = json.dumps(self.service.run(name, arguments))
            self.messages.append({"role": "tool", "tool_call_id": tool_call["id"], "content": content})

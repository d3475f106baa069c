"""Judges what is left when everything is quiet: each user's conversations, and the tasks with their sagas."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

from agent.domain.task_changes import by_turn
from tests.chaos.caller import Caller, GaveUp
from tests.chaos.evidence import Complaint, Kind, Message
from tests.chaos.ledger import mark_of
from tests.chaos.oracle_undo import undone_task_faults
from tests.chaos.user import User

SETTLE_PATIENCE = 120.0
PAGE = 50  # of histories and tasks
STEPS = ["validate", "create", "assign", "reminder", "notify"]
SAGA_EVENTS = ("task.created", "task.assigned", "task.deadline_set")

Broken = Iterator[tuple[Kind, str]]


async def judge_rest(user: User) -> list[Complaint]:
    """Everything that broke, the user's own complaints included. Who cannot be judged is a complaint, not the end of all."""
    try:
        rest = await _rest(user)
    except GaveUp as gave_up:
        rest = [Complaint("unavailable", user.name, f"what is left could not be read: {gave_up}")]
    return [*user.complaints, *rest]


async def _rest(user: User) -> list[Complaint]:
    found: list[Complaint] = []
    for conversation in {message.said.conversation for message in user.messages}:
        turns = [turn async for turn in _turns(user.caller, conversation)]
        messages = [m for m in user.messages if m.said.conversation == conversation]
        found += [Complaint(kind, f"{user.name} {conversation}", why) for kind, why in conversation_faults(turns, messages)]
    tasks = [task async for task in _tasks(user.caller)]
    found += [Complaint(kind, user.name, why) for kind, why in task_faults(tasks, user)]
    for task in tasks:
        workflow, history = await _settled(user.caller, task["task_id"])
        of_undos = undone_task_faults(task["task_id"], history, user.messages)
        for kind, why in (*saga_faults(workflow, history), *effect_faults(history, user.messages), *of_undos):
            found.append(Complaint(kind, f"{user.name} task {task['task_id']} ({task['title']})", why))
    return found


async def _turns(caller: Caller, conversation: str) -> AsyncIterator[dict[str, Any]]:
    before = ""
    while True:
        page = await caller.get(f"/history?conversation={conversation}&limit={PAGE}{before}")
        for turn in page["turns"]:
            yield turn
        if page["next"] is None:
            return
        before = f"&before={page['next']}"


async def _tasks(caller: Caller) -> AsyncIterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = await caller.get(f"/tasks?limit={PAGE}{cursor}")
        for task in page["tasks"]:
            yield task
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


async def _settled(caller: Caller, task_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The task's workflow, once it has ended, and then the task's history."""
    give_up = time.monotonic() + SETTLE_PATIENCE
    while True:
        workflow = await caller.get(f"/workflows/task-workflow-{task_id}")
        if workflow["status"] != "running" or time.monotonic() > give_up:
            return workflow, (await caller.get(f"/tasks/{task_id}/history"))["entries"]
        await asyncio.sleep(0.5)


def conversation_faults(turns: list[dict[str, Any]], messages: list[Message]) -> Broken:
    """Each acknowledged message has its one turn, and no turn is there that nobody asked for."""
    stored = Counter[str]()
    by_mark = {message.said.mark: message for message in messages}
    for turn in turns:
        mark = mark_of(turn["messages"][0]["content"])
        stored[mark] += 1
        said = [m["role"] for m in turn["messages"]].count("user")
        if mark not in by_mark or said != 1:
            yield "doubled", f"{turn['turn_id']} holds {said} user messages, {mark}"
        elif (known := by_mark[mark].turn_ids) and turn["turn_id"] not in known:  # without: its user had given up
            yield "doubled", f"{mark} is {turn['turn_id']}, acknowledged was {by_mark[mark].turn_ids}"
        if turn["status"] in ("queued", "running"):
            yield "lost", f"{turn['turn_id']} is {turn['status']} for ever"
    for message in messages:
        times = stored[message.said.mark]
        if times > 1:
            yield "doubled", f"{message.where} is in the history {times} times"
        if times == 0 and message.turn_ids:
            yield "lost", f"{message.where} is not in the history"


def task_faults(tasks: list[dict[str, Any]], user: User) -> Broken:
    """One task for each create_task that said so and each request over HTTP; none for what nobody asked for."""
    there = Counter(task["title"] for task in tasks)
    due, allowed = set[str](), set[str]()
    for message in user.messages:
        due |= message.record.get("made", set[str]())
        allowed |= {call[1]["title"] for step in message.said.steps for call in step.tools if call[0] == "create_task"}
    requested = {request.name for request in user.requests}
    for title, times in there.items():
        if times > 1:
            yield "doubled", f"{title!r} was made {times} times"
    for title in sorted((due | requested) - there.keys()):
        yield "lost", f"{title!r} is missing"
    for title in sorted(there.keys() - allowed - requested):
        yield "doubled", f"{title!r} was not asked for"


def titles_made(message: Message) -> set[str]:
    """The tasks that its turn was told to have made. A tool that timed out has promised nothing."""
    made = set[str]()
    for step, plan in zip(message.record["steps"], message.said.steps, strict=False):
        ok = {result["call_id"] for result in step["results"] if result["ok"]}
        for call, (name, arguments) in zip(step["message"]["tool_calls"], plan.tools, strict=False):
            if name == "create_task" and call["call_id"] in ok:
                made.add(arguments["title"])
    return made


def saga_faults(workflow: dict[str, Any], history: list[dict[str, Any]]) -> Broken:
    """All done, each step once, or all that was done undone."""
    steps = [step["name"] for step in workflow["steps"] if step["state"] == "done" and not step["undo"]]
    undone = {step["name"] for step in workflow["steps"] if step["undo"] and step["state"] in ("done", "skipped")}
    maker = history[0]["by"]
    effects = Counter(entry["what"] for entry in history if entry["by"] == maker)
    for what in SAGA_EVENTS:
        if effects[what] > 1:
            yield "doubled", f"{what} happened {effects[what]} times"
    if workflow["status"] == "completed":
        if steps != STEPS or any(effects[what] != 1 for what in SAGA_EVENTS):
            yield "half done", f"completed with {steps}, {dict(effects)}"
    elif workflow["status"] == "failed":
        if missing := {"assign", "reminder"} & set(steps) - undone:
            yield "half done", f"failed, and not undone: {sorted(missing)} of {workflow['steps']}"
    else:
        yield "lost", f"its workflow is {workflow['status']}"


def effect_faults(history: list[dict[str, Any]], messages: list[Message]) -> Broken:
    """A call of a tool that changes a task changed it at most once."""
    changes = Counter((entry["by"], entry["what"], str(entry["changes"].get("assignee", ("", ""))[1])) for entry in history)
    turns = {by_turn(message.user, message.turn_id): message for message in messages if message.turn_ids}
    for (by, what, assignee), times in changes.items():
        if by in turns and times > 1 and what in ("task.assigned", "task.started"):
            yield "doubled", f"{what} {assignee} by {turns[by].where} happened {times} times"

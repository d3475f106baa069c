"""Judges what is left when everything is quiet: each user's conversations, and the tasks with their sagas."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.chaos.caller import Caller, GaveUp, Unexpected
from tests.chaos.evidence import Complaint, Kind, Message
from tests.chaos.ledger import mark_of
from tests.chaos.oracle_effects import effect_faults, titles
from tests.chaos.oracle_saga import Away, notification_faults, saga_faults
from tests.chaos.oracle_undo import undone_task_faults
from tests.chaos.user import User

SETTLE_PATIENCE = 120.0
PAGE = 50  # of histories and tasks

Broken = Iterator[tuple[Kind, str]]
Notified = Callable[[], Mapping[str, list[dict[str, Any]]]]


async def judge_rest(user: User, notified: Notified, away: Away) -> list[Complaint]:
    """Everything that broke, the user's own complaints included. Who cannot be judged is a complaint, not the end of all.

    Nothing hurts the service any more: what it cannot tell now is as good as lost. ``notified``: what the target of
    notifications has, by task.
    """
    try:
        rest = await _rest(user, notified, away)
    except (GaveUp, Unexpected) as fault:
        rest = [Complaint("lost", user.name, f"what is left could not be read: {fault}")]
    return [*user.complaints, *rest]


async def _rest(user: User, notified: Notified, away: Away) -> list[Complaint]:
    found: list[Complaint] = []
    user.ledger.collect()
    calls = {mark: len(records) for mark, records in user.ledger.calls.items()}
    for conversation in {message.said.conversation for message in user.messages}:
        turns = [turn async for turn in _turns(user.caller, conversation)]
        messages = [m for m in user.messages if m.said.conversation == conversation]
        faults = (*conversation_faults(turns, messages), *refused_faults(turns, messages, calls))
        found += [Complaint(kind, f"{user.name} {conversation}", why) for kind, why in faults]
    tasks = await _all_tasks(user)
    found += [Complaint(kind, user.name, why) for kind, why in task_faults(tasks, user)]
    settled = [(task, *await _settled(user.caller, task["task_id"])) for task in tasks]
    received = await asyncio.to_thread(notified)
    for task, workflow, told in settled:
        where = f"{user.name} task {task['task_id']} ({task['title']})"
        faults = _task_faults(task, workflow, told, user.messages, received.get(task["task_id"], []), away)
        found += [Complaint(kind, where, why) for kind, why in faults]
    return found


def _task_faults(
    task: dict[str, Any],
    workflow: dict[str, Any],
    told: dict[str, Any],
    messages: list[Message],
    received: list[dict[str, Any]],
    away: Away,
) -> Broken:
    history, whole = told["entries"], not told["dropped"]
    yield from saga_faults(workflow, history, away)
    yield from notification_faults(task, workflow["status"], history, received)
    yield from effect_faults(task["task_id"], history, messages, whole=whole)
    yield from undone_task_faults(task["task_id"], history, messages, whole=whole)


async def _turns(caller: Caller, conversation: str) -> AsyncIterator[dict[str, Any]]:
    before = ""
    while True:
        page = await caller.get(f"/history?conversation={conversation}&limit={PAGE}{before}")
        for turn in page["turns"]:
            yield turn
        if page["next"] is None:
            return
        before = f"&before={page['next']}"


async def _all_tasks(user: User) -> list[dict[str, Any]]:
    """The list, once it has whatever was promised: a task may have been asked for a moment ago."""
    give_up = time.monotonic() + SETTLE_PATIENCE
    while True:
        tasks = [task async for task in _tasks(user.caller)]
        if due(user) <= {task["title"] for task in tasks} or time.monotonic() > give_up:
            return tasks
        await asyncio.sleep(0.5)


async def _tasks(caller: Caller) -> AsyncIterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = await caller.get(f"/tasks?limit={PAGE}{cursor}")
        for task in page["tasks"]:
            yield task
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


async def _settled(caller: Caller, task_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The task's workflow, once it has ended, and then the task's history."""
    give_up = time.monotonic() + SETTLE_PATIENCE
    while True:
        workflow = await caller.get(f"/workflows/task-workflow-{task_id}")
        if workflow["status"] != "running" or time.monotonic() > give_up:
            return workflow, await caller.get(f"/tasks/{task_id}/history")
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


def refused_faults(turns: list[dict[str, Any]], messages: list[Message], calls: Mapping[str, int]) -> Broken:
    """What was refused is not done: no turn, and no call of the model. But see :func:`late`; notes it for the tasks, too."""
    by_mark = {mark_of(turn["messages"][0]["content"]): turn for turn in turns}
    for message in (m for m in messages if m.refused and not m.turn_ids):
        turn = by_mark.get(message.said.mark)
        message.came_late = turn is not None and late(turn, message)
        if turn is not None and not message.came_late:
            yield "untrue", f"{message.where} was refused ({message.refused}), and is {turn['turn_id']}, {turn['status']}"
        if turn is None and (times := calls.get(message.said.mark, 0)):
            yield "untrue", f"{message.where} was refused ({message.refused}), and the model was asked {times} times for it"


def late(turn: dict[str, Any], message: Message) -> bool:
    """Whether an earlier request of the message can have arrived behind the one that was refused.

    Its user had given it up without an answer; a replica that thaws, or a call that is tried again, may still deliver it, and
    a refusal stores nothing that could stop it. What was admitted *before* the refused request was sent has its key stored:
    that request had to be answered with the turn.
    """
    submitted = datetime.fromisoformat(turn["submitted_at"]).timestamp() + 0.001  # it is cut to milliseconds
    return message.unanswered > 0 and submitted > message.asked_at


def due(user: User) -> set[str]:
    """The tasks there have to be: of each create_task that said so, and of each request over HTTP."""
    made = (titles(message.record["calls"], "done") for message in user.messages if "calls" in message.record)
    return {request.name for request in user.requests}.union(*made)


def task_faults(tasks: list[dict[str, Any]], user: User) -> Broken:
    """One task for each create_task that said so and each request over HTTP; none for what nobody asked for, or was refused."""
    there = Counter(task["title"] for task in tasks)
    allowed, refused = {request.name for request in user.requests}, set[str]()
    for message in user.messages:
        asked = {call[1]["title"] for step in message.said.steps for call in step.tools if call[0] == "create_task"}
        if "calls" in message.record:
            allowed |= titles(message.record["calls"], "done", "unknown")
        elif message.refused and not message.turn_ids and not message.came_late:
            refused |= asked
        else:  # its user has not seen its end
            allowed |= asked
    for title, times in there.items():
        if times > 1:
            yield "doubled", f"{title!r} was made {times} times"
    for title in sorted(due(user) - there.keys()):
        yield "lost", f"{title!r} is missing"
    for title in sorted(there.keys() & refused):
        yield "untrue", f"{title!r} was made, and the message that asks for it was refused"
    for title in sorted(there.keys() - allowed - refused):
        yield "doubled", f"{title!r} was not asked for"

"""Sentences made from results. Everything from a tool is quoted on one line and cut: it is data, whatever it says."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from agent.demo.conversation import Facts, Json
from agent.demo.limits import LIST_SHOWN_MAX, QUOTED_CHARS_MAX
from agent.demo.memory import Task, task_from

_STEPS_TOLD_MAX = 12
WHO = "Who should do it?"
WHO_EACH = "Who should do them?"
WHAT = "What should be done?"
WHICH = "Which one do you mean?"


def what_should(name: str) -> str:
    """Asks for the subject of a task."""
    return f"What should {quoted(name)} do?" if name else WHAT


def quoted(text: Any, limit: int = QUOTED_CHARS_MAX) -> str:
    """One line of somebody else's text."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def titled(task: Task) -> str:
    """A task in a sentence."""
    return f'"{quoted(task.title, 120)}"' if task.title else quoted(task.task_id, 80)


def when(deadline: str, facts: Facts) -> str:
    """A deadline in the user's time zone."""
    try:
        at = datetime.fromisoformat(deadline.upper().replace(" ", "T"))
        at = (at if at.tzinfo else at.replace(tzinfo=facts.now.tzinfo)).astimezone(facts.now.tzinfo)
    except (ValueError, OverflowError):
        return quoted(deadline, 60)
    year = f" {at.year}" if at.year != facts.now.year else ""
    return f"{at:%a} {at.day} {at:%b}{year}, {at:%H:%M}"


def numbered(tasks: Sequence[Task], facts: Facts) -> str:
    """A list to choose from. The next request reads the numbers and ids back, so their form is fixed in memory.py."""
    return "\n".join(f"{number}. {_line(task, facts)}" for number, task in enumerate(tasks[:LIST_SHOWN_MAX], start=1))


def which(tasks: Sequence[Task], facts: Facts, intro: str = "Several tasks match:") -> str:
    """Asks back."""
    return f"{intro}\n{numbered(tasks, facts)}\n{WHICH}"


def created(arguments: Json, result: Json, facts: Facts) -> str:
    """What came of a create_task call."""
    title = f'"{quoted(arguments.get("title", ""), 120)}"'
    task = task_from(result.get("task")) or task_from(result)
    message = quoted(result.get("message") or "")
    if "error" in result:
        return f"I could not create {title}: {error(result)}"
    match result.get("status"):
        case "completed":
            deadline = (task.deadline if task else "") or str(arguments.get("deadline") or "")
            due = f", due {when(deadline, facts)} ({facts.zone_name})" if deadline else _in_seconds(arguments)
            assignee = (task.assignee if task else "") or arguments.get("assignee", "")
            return f"Done: {title} is assigned to {quoted(assignee, 80)}{due}. Task id: {_id(task)}."
        case "rejected":
            return f"{title} was rejected: {message or 'no reason was given, no task was created.'}"
        case "failed":
            return f"{title} could not be set up ({_id(task)}): {message or 'no reason was given'}{_undone(result)}"
        case "running":
            return f"{title} ({_id(task)}) is still being set up. Ask me for its status in a moment."
        case _:
            return f"I asked for {title}, but the answer is not clear to me: {raw(result)}"


def changed(task: Task, did: str, result: Json, what: str) -> str:
    """What came of a change; ``did`` follows "is now", ``what`` follows "I could not"."""
    if "error" in result:
        return f"I could not {what} {titled(task)}: {error(result)}"
    now = task_from(result.get("task")) or task_from(result)
    title = titled(now if now and now.title else task)
    if not result or result.get("ok") is False or set(result) == {"text"}:
        return f"I asked to {what} {title}, but the answer is not clear to me: {raw(result)}"
    return f"{title} is now {did} ({quoted(task.task_id, 80)})."


def state(task: Task, result: Json, facts: Facts) -> str:
    """How a task stands, from a get_task result."""
    if "error" in result:
        return f"I could not look up {titled(task)}: {error(result)}"
    found = task_from(result.get("task")) or task_from(result)
    if found is None:
        return f"I asked for {titled(task)}, but the answer is not clear to me: {raw(result)}"
    parts = [] if found.status == "assigned" and found.assignee else [status(found.status) or "in an unknown state"]
    parts.append(f"assigned to {quoted(found.assignee, 80)}" if found.assignee else "assigned to nobody")
    parts.append(f"due {when(found.deadline, facts)} ({facts.zone_name})" if found.deadline else "without a deadline")
    return f"{titled(found)} is {', '.join(parts)}. Task id: {quoted(found.task_id, 80)}."


def workflow(workflow_id: str, result: Json) -> str:
    """How a workflow stands."""
    if "error" in result:
        return f"I could not look up the workflow {quoted(workflow_id, 100)}: {error(result)}"
    text = f"The workflow {quoted(workflow_id, 100)} is {quoted(result.get('status') or 'in an unknown state', 60)}"
    outcome = result.get("result")
    if isinstance(outcome, Mapping):
        outcome = cast(Json, outcome)
        text += f"; its result is {quoted(outcome.get('status') or 'unknown', 60)}: {quoted(outcome.get('message') or '')}"
    return f"{text.rstrip(': .')}.{_steps(result)}"


def error(result: Json) -> str:
    """The reason in an error result."""
    reason = result.get("error")
    if not isinstance(reason, Mapping):
        return quoted(reason)
    reason = cast(Json, reason)
    code = f" ({quoted(reason['code'], 60)})" if reason.get("code") else ""
    return f"{quoted(reason.get('detail') or reason.get('message') or 'no reason was given')}{code}"


def status(word: str) -> str:
    """A status in a sentence."""
    return quoted(word.replace("_", " "), 40)


def raw(result: Json) -> str:
    """A result as it is, for when its meaning is not known."""
    return quoted(json.dumps(dict(result), ensure_ascii=False, default=str)) if result else "there was none"


def _line(task: Task, facts: Facts) -> str:
    parts = [quoted(task.assignee, 60) if task.assignee else "nobody"]
    parts += [f"due {when(task.deadline, facts)}"] if task.deadline else []
    parts += [status(task.status)] if task.status else []
    return f"{quoted(task.title, 120) or 'Untitled'} - {', '.join(parts)} [{quoted(task.task_id, 64)}]"


def _in_seconds(arguments: Json) -> str:
    seconds = arguments.get("deadline_seconds")
    return f", due in {seconds} seconds" if isinstance(seconds, int) else ""


def _undone(result: Json) -> str:
    undone: Any = result.get("undone") or result.get("steps_undone")
    if not isinstance(undone, list) or not undone:
        return ""
    return f". Undone: {', '.join(quoted(step, 60) for step in cast(list[Any], undone)[:10])}"


def _steps(result: Json) -> str:
    steps: Any = result.get("steps")
    if not isinstance(steps, list):
        return ""
    told: list[str] = []
    for step in cast(list[Any], steps)[:_STEPS_TOLD_MAX]:
        if isinstance(step, Mapping):
            fields = cast(Json, step)
            told.append(
                f"{'undo ' if fields.get('undo') else ''}{quoted(fields.get('name'), 40)} {quoted(fields.get('state'), 40)}"
            )
    return f" Steps: {', '.join(told)}." if told else ""


def _id(task: Task | None) -> str:
    return quoted(task.task_id, 80) if task else "unknown"

"""Which tasks a reference means: out of the conversation if that settles it, else out of the list of tasks."""

from collections.abc import Sequence

from agent.demo import replies
from agent.demo.desk import Desk, Unclear, Wanted
from agent.demo.intents import Reference
from agent.demo.limits import CHANGED_AT_ONCE_MAX, LIST_LIMIT
from agent.demo.memory import Task, created, spoken_of, tasks_in
from agent.demo.references import stems


def resolve(ref: Reference, desk: Desk) -> list[Task]:
    """The tasks meant, at least one. Raises Unclear with a question when there are several, or none."""
    if ref.choices:
        return _among(ref, [desk.known().get(task_id, Task(task_id)) for task_id in ref.choices], desk)
    if ref.task_id:
        return [desk.known().get(ref.task_id, Task(ref.task_id))]
    if ref.every:
        return _some([task for task in listed(desk) if task.open], ref, desk)[:CHANGED_AT_ONCE_MAX]
    if ref.words:
        return _by_words(ref, desk)
    spoken = desk.just_created() or spoken_of(desk.conversation)
    if ref.newest:
        return [_newest(desk)]
    if ref.ordinal:
        # "Number 3" after a single task was spoken of can only be meant of the whole list.
        return [_at(ref.ordinal, spoken if ref.ordinal <= len(spoken) else [], desk)]
    if ref.group:
        return _some(spoken, ref, desk)[:CHANGED_AT_ONCE_MAX]
    return _it(ref, spoken, desk)


def listed(desk: Desk) -> list[Task]:
    """The user's tasks, newest first."""
    [result] = desk.do([Wanted("list_tasks", {"limit": LIST_LIMIT})])
    if "error" in result:
        raise Unclear(f"I could not look up your tasks: {replies.error(result)}")
    if not isinstance(result.get("tasks"), list):
        raise Unclear(f"I looked for your tasks, but the answer is not clear to me: {replies.raw(result)}")
    known = desk.known()
    return [known.get(task.task_id, task) for task in tasks_in(result)]


def _it(ref: Reference, spoken: Sequence[Task], desk: Desk) -> list[Task]:
    candidates = _narrow(spoken, ref)
    if not candidates:
        candidates = _narrow([task for task in listed(desk) if task.open], ref)
    return [_one(candidates, "the task you mean", desk)]


def _by_words(ref: Reference, desk: Desk) -> list[Task]:
    candidates = _narrow(_matching(ref, list(desk.known().values()))[0], ref)
    if len(candidates) == 1:
        return candidates
    exact, close = _matching(ref, listed(desk))
    if not exact and close:
        raise Unclear(replies.which(close, desk.facts, f'No task is quite called "{replies.quoted(ref.words, 80)}". Closest:'))
    return [_one(_narrow(exact, ref), f'about "{replies.quoted(ref.words, 80)}"', desk)]


def _among(ref: Reference, choices: Sequence[Task], desk: Desk) -> list[Task]:
    """The answer to "which one?"."""
    if ref.task_id:
        return [task for task in choices if task.task_id == ref.task_id] or [Task(ref.task_id)]
    if ref.group or ref.every:
        return list(choices[:CHANGED_AT_ONCE_MAX])
    if ref.ordinal:
        return [_at(ref.ordinal, choices, desk)]
    if ref.newest or (ref.pronoun and len(choices) == 1):
        return [choices[0]]
    exact, close = _matching(ref, choices)
    if len(exact or close) == 1:
        return exact or close
    raise Unclear(replies.which(exact or close or choices, desk.facts, "That leaves these:"))


def _matching(ref: Reference, tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """Tasks in which every word of the reference occurs, and those with at least half of them."""
    wanted = stems(ref.words)
    exact: list[Task] = []
    close: list[Task] = []
    for task in tasks:
        words = stems(f"{task.title} {task.assignee} {task.task_id}")
        hits = sum(any(_same(stem, word) for word in words) for stem in wanted)
        if hits == len(wanted):
            exact.append(task)
        elif hits * 2 >= len(wanted):
            close.append(task)
    return exact, close


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    return min(len(one), len(other)) >= 4 and (one.startswith(other) or other.startswith(one))


def _narrow(tasks: Sequence[Task], ref: Reference) -> list[Task]:
    """Of several, those of the person named; of several still, those that are open."""
    for keep in (lambda task: task.assignee.casefold() == ref.person.casefold(), lambda task: task.open):
        if len(tasks) > 1 and (left := [task for task in tasks if keep(task)]):
            tasks = left
    return list(tasks)


def _one(candidates: Sequence[Task], what: str, desk: Desk) -> Task:
    if not candidates:
        raise Unclear(f'I found no task {what}. Say "list my tasks" to see what there is, or "Ask Bob to ..." to create one.')
    if len(candidates) > 1:
        raise Unclear(replies.which(candidates, desk.facts))
    return candidates[0]


def _some(tasks: Sequence[Task], ref: Reference, desk: Desk) -> list[Task]:
    candidates = [task for task in tasks if task.open] or list(tasks)
    if not candidates:
        raise Unclear("There are no open tasks, so nothing was changed.")
    return candidates


def _at(ordinal: int, tasks: Sequence[Task], desk: Desk) -> Task:
    if not tasks:
        tasks = listed(desk)
        if ordinal == -1:  # of a list newest first, "the last one" is the one made last
            tasks = tasks[:1]
    index = ordinal - 1 if ordinal > 0 else len(tasks) - 1
    if not 0 <= index < len(tasks):
        raise Unclear(f"There is no such task: I count {len(tasks)}." if tasks else "I found no tasks.")
    return tasks[index]


def _newest(desk: Desk) -> Task:
    made = [task for turn in desk.conversation.turns for task in created(turn)]
    if made:
        return desk.known().get(made[-1].task_id, made[-1])
    return _one(listed(desk)[:1], "at all", desk)

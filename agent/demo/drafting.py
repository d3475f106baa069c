"""New tasks drafted from what was said: what to do and for whom, with the fields and names hidden in the words."""

import re

from agent.demo import deadlines
from agent.demo.composition import split_detail
from agent.demo.fields import take_fields
from agent.demo.intents import CreateTask, Reassign, Reference
from agent.demo.names import is_name, people, person
from agent.demo.scene import Scene
from agent.demo.vocabulary import NOBODY, SINGULAR

_TO_DO_IT = re.compile(
    r"(?:do|take|handle|take over|take care of|work on|own|finish|complete|have) (?P<ref>.{1,60}?)(?: over| instead| now)*$",
    re.I,
)
_BEHIND = re.compile(
    r"(?P<subject>.{3,}?)(?: \((?P<a>[^()]{1,60})\)| (?:-|–|—|->|→|=>) ?(?P<b>[^,.;:!?()]{1,60})| ?@(?P<c>[\w.-]{1,40}))$"
)


def draft(subject: str, names: str, scene: Scene) -> list[CreateTask]:
    """One task per name; ``names`` may be empty."""
    subject, fields = take_fields(subject)
    subject, detail = split_detail(fields.get("title", "") or subject)
    detail = fields.get("description", "") or detail
    subject, behind = _name_behind(subject, bool(names or fields.get("assignee")))
    said = fields.get("assignee", "") or names or behind
    deadline = None
    if when := fields.get("deadline"):
        found = deadlines.find(f"by {when}", scene.now)
        deadline = found.deadline if found else None
    assignees = people(said, user=scene.user, last=scene.last_person) if said else [""]
    return [CreateTask(subject, detail, assignee, deadline) for assignee in assignees]


def reassignment(task: CreateTask) -> Reassign | None:
    """ "Ask Carol to do it" is no new task but an old one for somebody else."""
    match = _TO_DO_IT.match(task.subject)
    subject = match["ref"] if match else task.subject
    if task.assignee and subject.lower() in SINGULAR:
        return Reassign(Reference(), task.assignee)
    return None


def can_be_person(name: str) -> bool:
    """Whether somebody can be meant, if only "someone"."""
    lowered = name.lower().strip()
    return lowered in NOBODY or bool(person(name, user="me", last="him")) or bool(people(name, user="me", last="him")[0])


def _name_behind(subject: str, named: bool) -> tuple[str, str]:
    """Splits "write the docs (Bob)" and "write the docs @bob"."""
    match = None if named else _BEHIND.match(subject)
    name = match and (match["a"] or match["b"] or match["c"])
    return (match["subject"].rstrip(" ,"), name) if match and name and is_name(name) else (subject, "")

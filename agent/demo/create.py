"""Phrasings that ask for a new task. Each form is one pattern and one reader; the first form that reads it wins.

The deadline is taken out of the sentence before, so no form has to expect it. A reader returns the tasks, or None when the
sentence only looked like its form.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.demo import deadlines
from agent.demo.composition import clean, split_detail
from agent.demo.fields import take_fields
from agent.demo.intents import CreateTask, Intent, Reassign, Reference
from agent.demo.names import is_name, leading_person, people, person
from agent.demo.vocabulary import NOBODY, SINGULAR, TASK_VERBS


@dataclass(frozen=True)
class Scene:
    """What a sentence is read against: the time, who speaks, and who was spoken of last."""

    now: datetime
    user: str
    last_person: str = ""


_Match = re.Match[str]
_Reader = Callable[[_Match, Scene], list[CreateTask] | None]
_NAME = r"(?P<name>[^,.;:!?()]{1,60}?)"
_NOUN = r"(?:task|to-?do|to do|reminder|ticket|action item|work item|assignment)s?(?: list)?"
_TO_DO_IT = re.compile(
    r"(?:do|take|handle|take over|take care of|work on|own|finish|complete|have) (?P<ref>.{1,60}?)(?: over| instead| now)*$",
    re.I,
)
_PASSIVE = re.compile(r"be (?P<done>\w{2,20}(?: and \w{2,20})?)(?P<more>.*?)(?: by (?P<by>[^,.;:!?]{1,60}))?$", re.IGNORECASE)
_FOR_NAME = re.compile(r"(?P<subject>.{3,}?) (?:for|by) (?P<name>[A-Z][\w'-]{0,30}(?: [A-Z][\w'-]{0,30}){0,2})$")
_BEHIND = re.compile(
    r"(?P<subject>.{3,}?)(?: \((?P<a>[^()]{1,60})\)| (?:-|–|—|->|→|=>) ?(?P<b>[^,.;:!?()]{1,60})| ?@(?P<c>[\w.-]{1,40}))$"
)
_NOT_NAMED = frozenset(
    "hi hello hey ok okay note notes ps thanks please task todo new yes no well fyi title update reminder so also".split()
)


def read_create(text: str, scene: Scene, *, bullet: bool = False) -> list[Intent]:
    """The new tasks a sentence asks for; nothing when it asks for none."""
    rest, deadline = deadlines.take(text, scene.now)
    rest = clean_punctuation(rest)
    for pattern, reader in _FORMS:
        if (match := pattern.match(rest)) and (tasks := reader(match, scene)) is not None:
            break
    else:
        tasks = _bullet(rest, scene) if bullet else _imperative(rest, scene)
    return [_reassignment(task) or replace(task, deadline=task.deadline or deadline) for task in tasks]


def clean_punctuation(text: str) -> str:
    """Without the commas and dashes that were left around the words of a deadline."""
    text = re.sub(r" ([,.;:!?])", r"\1", text)
    return re.sub(r",{2,}", ",", text).strip(" ,;.!?")


def _task(subject: str, names: str, scene: Scene) -> list[CreateTask]:
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


def _name_behind(subject: str, named: bool) -> tuple[str, str]:
    """Splits "write the docs (Bob)" and "write the docs @bob"."""
    match = None if named else _BEHIND.match(subject)
    name = match and (match["a"] or match["b"] or match["c"])
    return (match["subject"].rstrip(" ,"), name) if match and name and is_name(name) else (subject, "")


def _delegate(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "ask Bob to review the PR"."""
    name, subject = match["name"], match["subject"]
    if not _can_be_person(name) or (match["verb"].lower() == "assign" and _first_word(subject) not in TASK_VERBS):
        return None
    return _task(subject, name, scene)


def _have(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "have Alice review the PR": nothing but the verb parts the name from the rest."""
    name, subject = leading_person(match["rest"])
    if not name or not _can_be_person(name):
        return None
    first, _, others = subject.partition(" ")
    lowered = first.lower()
    if lowered not in TASK_VERBS and lowered.rstrip("s") in TASK_VERBS:  # "make sure Bob reviews it"
        subject, lowered = f"{first.rstrip('s')} {others}", lowered.rstrip("s")
    if match["question"] and lowered not in TASK_VERBS:
        return None
    return _task(subject, name, scene)


def _modal(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "Bob should review the PR", "the PR needs to be reviewed by Bob"."""
    name, subject = match["name"].strip(" @"), match["subject"]
    if passive := _PASSIVE.match(subject):
        return _task(f"get {name[:1].lower() + name[1:]} {passive['done']}{passive['more']}", passive["by"] or "", scene)
    return _task(subject, name, scene) if _can_be_person(name) else None


def _noun(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "create a task for Bob to review the PR", "new task: review the PR, assignee: Bob"."""
    rest = match["rest"].strip()
    named = _NOUN_FOR.match(rest)
    if named and _can_be_person(named["name"]):
        return _task(named["subject"] or "", named["name"], scene)
    content = _NOUN_CONTENT.match(rest)
    if content is None:
        return None if rest and not rest.startswith((",", ";")) else _task(rest, "", scene)
    subject = content["subject"]
    if (modal := _MODAL.match(subject)) and (tasks := _modal(modal, scene)) is not None:
        return tasks
    behind = _FOR_NAME.match(subject)
    if behind and "assign" not in subject.lower() and is_name(behind["name"]):
        return _task(behind["subject"], behind["name"], scene)
    return _task(subject, "", scene)


def _give(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "give Bob a task: review the PR", "assign a task to Bob to review the PR"."""
    return _task(match["subject"] or "", match["name"], scene) if _can_be_person(match["name"]) else None


def _hand(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "assign the payment review to Bob by Friday": a deadline, or work in words, so it is not yet a task."""
    return _task(match["subject"], match["name"], scene) if _can_be_person(match["name"]) else None


def _get_done(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "get the auth PR reviewed by Bob"."""
    return _task(match["subject"], match["name"], scene) if is_name(match["name"]) else None


def _named(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "Bob, please review the PR", "@bob review the PR"."""
    name, subject = match["name"], clean(match["subject"])
    if name.lower() in _NOT_NAMED or not _can_be_person(name) or _first_word(subject) not in TASK_VERBS:
        return None
    return _task(subject, name, scene)


def _only_name(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "ask Bob": what he should do is asked for."""
    return _task("", match["name"], scene) if is_name(match["name"]) else None


def _imperative(text: str, scene: Scene) -> list[CreateTask]:
    """ "review the PR": something to do, by nobody yet."""
    subject = clean(text)
    return _task(subject, "", scene) if _first_word(subject) in TASK_VERBS and " " in subject else []


def _bullet(text: str, scene: Scene) -> list[CreateTask]:
    """An item of a list: "Bob: the release notes", "Alice to write docs", or just what to do."""
    match = _BULLET.match(text)
    if match and match["name"].lower() not in _NOT_NAMED and is_name(match["name"]):
        return _task(match["subject"], match["name"], scene)
    return _task(text, "", scene) if " " in text else []


def _can_be_person(name: str) -> bool:
    lowered = name.lower().strip()
    return lowered in NOBODY or bool(person(name, user="me", last="him")) or bool(people(name, user="me", last="him")[0])


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0].lower().strip(",.:;")


def _reassignment(task: CreateTask) -> Intent | None:
    """ "Ask Carol to do it" is no new task but an old one for somebody else."""
    match = _TO_DO_IT.match(task.subject)
    subject = match["ref"] if match else task.subject
    if task.assignee and subject.lower() in SINGULAR:
        return Reassign(Reference(), task.assignee)
    return None


def _form(pattern: str, reader: _Reader) -> tuple[re.Pattern[str], _Reader]:
    return re.compile(rf"(?:{pattern})$", re.IGNORECASE | re.DOTALL), reader


_NOUN_FOR = re.compile(
    rf"(?:for|assigned to|to be done by|on) {_NAME}(?:(?: ?[:–—]| -|,)(?: to)? (?P<x>)|,? to (?=\S)|$)(?P<subject>.*)$",
    re.IGNORECASE,
)
_NOUN_CONTENT = re.compile(
    r"(?:[:–—-]|(?=\")|to|called|named|titled|that|which|saying|about|with (?:the )?title|for (?=\w+ing\b))[: ]*"
    r"(?P<subject>.*)$",
    re.IGNORECASE,
)
_BULLET = re.compile(rf"@?{_NAME}(?: ?:| -|,| should| to| needs to| must) (?P<subject>.+)$", re.IGNORECASE)
_MODAL = re.compile(
    rf"{_NAME},? (?:should|must|needs? to|ha(?:s|ve) to|ought to|shall|will"
    r"|is (?:going |supposed )?to|are to|has got to|gotta|could|can)"
    r"(?: please| also)? (?P<subject>.+)$",
    re.IGNORECASE,
)
_FORMS = (
    _form(rf"(?:assign|give|send) (?:an?|the|another)(?: new)? {_NOUN} to {_NAME}(?: to|:| -|,)? (?P<subject>.+)", _give),
    _form(rf"(?:assign|give) {_NAME} (?:an?|the|another)(?: new)? {_NOUN}(?: to| of|:| -|,)? (?P<subject>.+)", _give),
    _form(
        r"(?:(?:create|add|make|open|file|log|set up|set|put|start|register|schedule|give me|i need|note|write)"
        r"(?: me| us| down)? "
        rf"(?:an?|the|another|one more|following|two|three|\d)? ?|a |another )?"
        rf"(?:new |urgent |quick |small |following |these ){{0,2}}{_NOUN}\b(?P<rest>.*)",
        _noun,
    ),
    _form(rf"(?P<subject>get .{{2,140}}? (?:\w{{2,20}}ed|done|written|sent|built|made)) by {_NAME}", _get_done),
    _form(
        r"(?:(?:i|we)(?:'d| would)? )?"
        r"(?P<verb>ask|tell|get|remind|instruct|order|request|want|need|expect|invite|assign|like|love|"
        rf"notify|task|delegate|have|message|ping|email) {_NAME},? to (?P<subject>.+)",
        _delegate,
    ),
    _form(
        r"(?:(?P<question>can|could|will|would)|"
        r"have|let|make sure(?: that)?|ensure(?: that)?|see to it that|i want|i need|make|get|"
        r"remind|ask|assign) (?:please )?(?P<rest>.+)",
        _have,
    ),
    (_MODAL, _modal),
    _form(r"@?(?P<name>[^,.;:!?()]{1,60}?)[,:] ?(?P<subject>.+)", _named),
    _form(r"@(?P<name>[\w.-]{1,40}) (?P<subject>.+)", _named),
    _form(rf"(?:ask|tell|remind|get|i need|i want|assign|assign to|task for) {_NAME}", _only_name),
    _form(rf"(?:assign|delegate|hand|give|re-?assign) (?P<subject>.{{2,140}}?)(?: over)? to {_NAME}", _hand),
)

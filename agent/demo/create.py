"""Phrasings that ask for a new task. Each form is one pattern and one reader; the first form that reads it wins.

The deadline is taken out of the sentence before, so no form has to expect it. A reader returns the tasks, or None when the
sentence only looked like its form.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from agent.demo import deadlines
from agent.demo.composition import clean
from agent.demo.drafting import can_be_person, draft, reassignment
from agent.demo.intents import CreateTask, Intent
from agent.demo.names import is_name, leading_person
from agent.demo.scene import Scene
from agent.demo.vocabulary import TASK_VERBS

_Match = re.Match[str]
_Reader = Callable[[_Match, Scene], list[CreateTask] | None]
_NAME = r"(?P<name>(?:[^,.;:!?()]|\.(?=\w)){1,60}?)"
_PARTICIPLE = r"(?:\w{1,20}ed|done|written|rewritten|sent|built|made|put|set|paid|bought|shown|drawn|run|taught|cut)"
_NOUN = r"(?:task|to-?do|to do|reminder|ticket|action item|work item|assignment)s?(?: list)?"
_PASSIVE = re.compile(
    rf"be (?P<done>{_PARTICIPLE}(?: and {_PARTICIPLE})?)(?P<more>.*?)(?: by (?P<by>[^,.;:!?]{{1,60}}))?$", re.IGNORECASE
)
_FOR_NAME = re.compile(r"(?P<subject>.{3,}?) (?:for|by) (?P<name>[A-Z][\w'-]{0,30}(?: [A-Z][\w'-]{0,30}){0,2})$")
_NOT_NAMED = frozenset(
    "hi hello hey ok okay note notes ps thanks please task todo new yes no well fyi title update reminder so also".split()
)


def read_create(text: str, scene: Scene, *, bullet: bool = False) -> list[Intent]:
    """The new tasks a sentence asks for; nothing when it asks for none."""
    rest, deadline = deadlines.take(text, scene.now)
    for pattern, reader in _FORMS:
        if (match := pattern.match(rest)) and (tasks := reader(match, scene)) is not None:
            break
    else:
        tasks = _bullet(rest, scene) if bullet else _imperative(rest, scene)
    return [reassignment(task) or replace(task, deadline=task.deadline or deadline) for task in tasks]


def _delegate(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "ask Bob to review the PR"."""
    name, subject = match["name"], match["subject"]
    if not can_be_person(name) or (match["verb"].lower() == "assign" and _first_word(subject) not in TASK_VERBS):
        return None
    return draft(subject, name, scene)


def _have(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "have Alice review the PR": nothing but the verb parts the name from the rest."""
    name, subject = leading_person(match["rest"])
    if not name or not can_be_person(name):
        return None
    first, _, others = subject.partition(" ")
    lowered = first.lower()
    if lowered not in TASK_VERBS and lowered.rstrip("s") in TASK_VERBS:  # "make sure Bob reviews it"
        subject, lowered = f"{first.rstrip('s')} {others}", lowered.rstrip("s")
    if lowered not in TASK_VERBS and (match["question"] or " " not in subject or name.islower()):
        return None  # "have lunch with the team" is no order to Lunch
    return draft(subject, name, scene)


def _modal(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "Bob should review the PR", "the PR needs to be reviewed by Bob"."""
    name, subject = match["name"].strip(" @"), match["subject"]
    if passive := _PASSIVE.match(subject):
        return draft(f"get {name[:1].lower() + name[1:]} {passive['done']}{passive['more']}", passive["by"] or "", scene)
    if subject.lower().startswith(("be ", "you ")):
        return None  # "life can be hard" is nothing to do; "Bob, can you ..." is read by _named
    return draft(subject, name, scene) if can_be_person(name) else None


def _on_list(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "add buy milk to my list", "put the invoice on Carol's list"."""
    whose = (match["name"] or "").strip()
    return draft(match["subject"], "me" if whose.lower() == "my" else whose.removesuffix("'s"), scene)


def _noun(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "create a task for Bob to review the PR", "new task: review the PR, assignee: Bob"."""
    rest = match["rest"].strip()
    named = _NOUN_FOR.match(rest)
    if named and can_be_person(named["name"]):
        return draft(named["subject"] or "", named["name"], scene)
    content = _NOUN_CONTENT.match(rest)
    if content is None:
        return None if rest and not rest.startswith((",", ";")) else draft(rest, "", scene)
    subject = content["subject"]
    if (modal := _MODAL.match(subject)) and (tasks := _modal(modal, scene)) is not None:
        return tasks
    behind = _FOR_NAME.match(subject)
    if behind and "assign" not in subject.lower() and is_name(behind["name"]):
        return draft(behind["subject"], behind["name"], scene)
    return draft(subject, "", scene)


def _give(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "give Bob a task: review the PR", "assign the payment review to Bob by Friday"."""
    return draft(match["subject"] or "", match["name"], scene) if can_be_person(match["name"]) else None


def _get_done(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "get the auth PR reviewed by Bob"."""
    return draft(match["subject"], match["name"], scene) if is_name(match["name"]) else None


def _named(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "Bob, please review the PR", "@bob review the PR"."""
    name, subject = match["name"], clean(match["subject"])
    if name.lower() in _NOT_NAMED or not can_be_person(name) or _first_word(subject) not in TASK_VERBS:
        return None
    return draft(subject, name, scene)


def _only_name(match: _Match, scene: Scene) -> list[CreateTask] | None:
    """ "ask Bob": what he should do is asked for."""
    return draft("", match["name"], scene) if is_name(match["name"]) else None


def _imperative(text: str, scene: Scene) -> list[CreateTask]:
    """ "review the PR": something to do, by nobody yet."""
    subject = clean(text)
    return draft(subject, "", scene) if _first_word(subject) in TASK_VERBS and " " in subject else []


def _bullet(text: str, scene: Scene) -> list[CreateTask]:
    """An item of a list: "Bob: the release notes", "Alice to write docs", or just what to do."""
    match = _BULLET.match(text)
    if match and match["name"].lower() not in _NOT_NAMED and is_name(match["name"]):
        return draft(match["subject"], match["name"], scene)
    return draft(text, "", scene) if " " in text else []


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0].lower().strip(",.:;")


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
    _form(
        r"(?:add|put) (?P<subject>.{2,140}?) (?:to|on|onto) (?P<name>my|[^,.;:!?()]{1,60}?'s) "
        r"(?:to-?do |task )?(?:list|tasks|plate)",
        _on_list,
    ),
    _form(rf"(?:assign|give|send) (?:an?|the|another)(?: new)? {_NOUN} to {_NAME}(?: to|:| -|,)? (?P<subject>.+)", _give),
    _form(rf"(?:assign|give) {_NAME} (?:an?|the|another)(?: new)? {_NOUN}(?: to| of|:| -|,)? (?P<subject>.+)", _give),
    _form(
        r"(?:(?:create|add|make|open|file|log|set up|set|put|start|register|schedule|give me|i need|note|write)"
        r"(?: me| us| down)? "
        rf"(?:an?|the|another|one more|following|two|three|\d)? ?|a |another )?"
        rf"(?:new |urgent |quick |small |following |these ){{0,2}}{_NOUN}\b(?P<rest>.*)",
        _noun,
    ),
    _form(rf"(?P<subject>get .{{2,140}}? {_PARTICIPLE}) by {_NAME}", _get_done),
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
    _form(rf"(?:ask|tell|remind|assign|task for) {_NAME}", _only_name),
    _form(rf"(?:assign|delegate|hand|give|re-?assign) (?P<subject>.{{2,140}}?)(?: over)? to {_NAME}", _give),
)

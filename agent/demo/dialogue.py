"""What the newest message wants in the light of the question before it: "Bob" after "Who should do it?" completes the task.

Nothing is remembered: the question is found in the answer before, and the request it belongs to is read again.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.demo import deadlines, replies
from agent.demo.composition import split_detail
from agent.demo.conversation import Conversation, Turn
from agent.demo.intents import AskStatus, ChangeStatus, CreateTask, Intent, Reassign, Talk
from agent.demo.limits import FOLLOW_UPS_MAX
from agent.demo.memory import last_person, shown
from agent.demo.names import is_name, people
from agent.demo.politeness import plain
from agent.demo.references import reference
from agent.demo.scene import Scene
from agent.demo.sentences import tidy
from agent.demo.understanding import understand
from agent.demo.vocabulary import DROP

_WHAT = re.compile(r"What should (?:be done|(?P<name>[^\n?]{1,80}) do)\?$")
_SHOULD = re.compile(
    r"(?:that )?(?:he|she|they|it|(?P<name>[^,.;:!?]{1,60}?)) (?:should|must|needs? to|ha(?:s|ve) to|is to) (?P<subject>.+)$",
    re.IGNORECASE,
)
_TO = re.compile(r"(?:to|please) ", re.IGNORECASE)
_DROPPED: list[Intent] = [Talk("drop")]
_UNSURE = ("fallback", "partly", "yes", "ok")


def interpret(conversation: Conversation) -> list[Intent]:
    """The wishes of the newest message."""
    turns = conversation.turns
    scenes = [Scene(conversation.facts.now, conversation.facts.user, last_person(turns[:index])) for index in range(len(turns))]
    return _read(turns, scenes, len(turns) - 1, FOLLOW_UPS_MAX)


def _read(turns: Sequence[Turn], scenes: Sequence[Scene], index: int, looks_back: int) -> list[Intent]:
    said, scene = turns[index].said, scenes[index]
    fresh = understand(said, scene)
    question = turns[index - 1].answer.rstrip() if index and looks_back else ""
    complete = _completer(question)
    if complete is None:
        return fresh
    if plain(tidy(said)).lower() in DROP:
        return _DROPPED
    before = _read(turns, scenes, index - 1, looks_back - 1)
    return complete(before, fresh, tidy(said), scene, turns[index - 1])


_Completer = Callable[[list[Intent], list[Intent], str, Scene, Turn], list[Intent]]


def _completer(question: str) -> _Completer | None:
    if question.endswith((replies.WHO, replies.WHO_EACH)):
        return _who
    if _WHAT.search(question):
        return _what
    return _which if question.endswith(replies.WHICH) else None


def _who(before: list[Intent], fresh: list[Intent], said: str, scene: Scene, asked: Turn) -> list[Intent]:
    waiting = [i for i in before if (isinstance(i, CreateTask) and i.subject or isinstance(i, Reassign)) and not i.assignee]
    first = fresh[0]
    if (
        isinstance(first, Reassign)
        and first.reference.pronoun
        or isinstance(first, CreateTask)
        and first.assignee
        and not first.subject
    ):
        names, deadline = [first.assignee], None
    elif _unsure(fresh) or isinstance(first, CreateTask) and not first.assignee:
        rest, deadline = deadlines.take(plain(said), scene.now)
        names = [name for name in people(rest, user=scene.user, last=scene.last_person) if name]
        if not names and not _unsure(fresh):
            return fresh
    else:
        return fresh
    filled: list[Intent] = []
    for intent in waiting:
        for name in names or [""]:
            if isinstance(intent, CreateTask):
                filled.append(replace(intent, assignee=name, deadline=intent.deadline or deadline))
            else:
                filled.append(replace(intent, assignee=name))
    return filled or fresh


def _what(before: list[Intent], fresh: list[Intent], said: str, scene: Scene, asked: Turn) -> list[Intent]:
    waiting = [i for i in before if isinstance(i, CreateTask) and not i.subject]
    if not waiting or (isinstance(fresh[0], Talk) and not _unsure(fresh)):
        return fresh
    words = plain(said)
    should = _SHOULD.match(words)
    if isinstance(fresh[0], CreateTask) and fresh[0].subject and fresh[0].assignee and not _same(should, waiting[0]):
        return fresh
    if isinstance(fresh[0], Talk) and fresh[0].topic in ("yes", "ok"):
        return list(waiting)
    rest, deadline = deadlines.take(should["subject"] if should else words, scene.now)
    to = _TO.match(rest)
    subject, detail = split_detail(rest[to.end() :] if to else rest)
    return [replace(i, subject=subject, detail=detail, deadline=i.deadline or deadline) for i in waiting]


def _which(before: list[Intent], fresh: list[Intent], said: str, scene: Scene, asked: Turn) -> list[Intent]:
    waiting = [i for i in before if isinstance(i, ChangeStatus | Reassign | AskStatus)]
    choices = tuple(shown(asked))
    words = plain(said)
    chosen = reference(words)
    named = chosen.task_id is not None and " " not in words
    if (
        not waiting
        or not choices
        or not (named or _unsure(fresh) or isinstance(fresh[0], CreateTask) and not fresh[0].assignee)
    ):
        return fresh
    if isinstance(fresh[0], Talk) and fresh[0].topic in ("yes", "ok"):
        chosen = reference("it")
    return [replace(waiting[-1], reference=replace(chosen, choices=choices))]


def _unsure(fresh: list[Intent]) -> bool:
    """Whether the message means nothing on its own, so it may well be the answer."""
    return all(isinstance(intent, Talk) and intent.topic in _UNSURE for intent in fresh)


def _same(should: re.Match[str] | None, task: CreateTask) -> bool:
    """ "He should ..." or "Bob should ..." said of the Bob that was asked about."""
    if should is None:
        return False
    name = should["name"] or ""
    return not name or not is_name(name) or name.casefold() == task.assignee.casefold()

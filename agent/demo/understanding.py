"""One message -> what it wants: its sentences and bullets read in turn, with what belongs to a task put with the task."""

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.demo import deadlines
from agent.demo.clauses import read_sentence, speaking_of
from agent.demo.intents import CreateTask, Intent, Reassign, Talk
from agent.demo.names import is_name
from agent.demo.scene import Scene
from agent.demo.sentences import Segment, segments, tidy
from agent.demo.topics import read_talk

_HEADING = re.compile(
    r"(?:.{0,60}\b(?:tasks?|to-?dos?|reminders|following|things|items)\b.{0,40}?(?: for (?P<name>[^:]{1,60}))?"
    r"|(?P<who>[^:]{1,60})):$",
    re.IGNORECASE,
)
_ONLY_WHEN = re.compile(
    r"(?:please|(?:(?:it|this|that|he|she|they)(?:'s| is| should| must| needs to| has to)?)?"
    r" ?(?:be )?(?:done|finished|ready|finish|do|complete|due)?(?: it| that| this)?)$",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|this|that|them)\b", re.IGNORECASE)
_POLITE_TOPICS = ("greeting", "thanks", "ok")
_PARTLY_CHARS = 80


def understand(message: str, scene: Scene) -> list[Intent]:
    """The wishes in a message, in order; a single fallback when there is none."""
    text = tidy(message)
    if talk := read_talk(text.strip(" .,;:!-")):
        return [talk]
    wishes: list[Intent] = []
    heading = ""
    for segment in segments(text):
        if not segment.bullet and (match := _HEADING.match(segment.text)):
            heading = _named_in(match)
        else:
            wishes = _add(wishes, segment, scene, heading if segment.bullet else "")
    return _with_what_it_is(_without_politeness(wishes))


def _add(wishes: list[Intent], segment: Segment, scene: Scene, heading: str) -> list[Intent]:
    """The wishes so far and those of one more segment, or the last task with what the segment says of it."""
    last = wishes[-1] if wishes else None
    if isinstance(last, CreateTask) and not segment.bullet and (dated := _dated(last, segment.text, scene)):
        return [*wishes[:-1], dated]
    found = read_sentence(segment.text, speaking_of(wishes, scene), bullet=segment.bullet)
    if not found and isinstance(last, CreateTask) and not segment.bullet and not segment.text.endswith("?"):
        detail = segment.text.strip(" ;").rstrip(".")
        return [*wishes[:-1], replace(last, detail=f"{last.detail}. {detail}" if last.detail else detail)]
    if isinstance(last, CreateTask) and not last.assignee and (to := _to_whom(found)):
        return [*wishes[:-1], replace(last, assignee=to)]
    if heading:
        found = [replace(w, assignee=w.assignee or heading) if isinstance(w, CreateTask) else w for w in found]
    return wishes + (found or [Talk("partly", segment.text[:_PARTLY_CHARS])])


def _dated(task: CreateTask, text: str, scene: Scene) -> CreateTask | None:
    """The task with the deadline of a sentence that says nothing else: "It's due Friday." """
    rest, deadline = deadlines.take(text, scene.now)
    only_when = deadline and not task.deadline and _ONLY_WHEN.match(rest.strip(" .,;!?"))
    return replace(task, deadline=deadline) if only_when else None


def _to_whom(found: Sequence[Intent]) -> str:
    """The person of "Assign it to Bob." behind a new task."""
    [wish] = found if len(found) == 1 else [None]
    return wish.assignee if isinstance(wish, Reassign) and wish.reference.pronoun else ""


def _named_in(heading: re.Match[str]) -> str:
    """The person of "Tasks for Bob:" or "Bob:"."""
    name = (heading["name"] or heading["who"] or "").strip()
    return name if is_name(name) else ""


def _with_what_it_is(wishes: list[Intent]) -> list[Intent]:
    """ "... and ask Alice to test it": the description says what "it" was."""
    told: list[Intent] = []
    before = ""
    for wish in wishes:
        if isinstance(wish, CreateTask):
            if before and not wish.detail and _IT.search(wish.subject):
                wish = replace(wish, detail=f'see "{before}"')
            else:
                before = wish.subject
        told.append(wish)
    return told


def _without_politeness(wishes: Sequence[Intent]) -> list[Intent]:
    """Small talk counts only when there is nothing else; what was not understood is told beside what was."""
    talks = [wish for wish in wishes if isinstance(wish, Talk)]
    if all(talk.topic in (*_POLITE_TOPICS, "partly") for talk in talks) and len(talks) == len(wishes):
        polite: list[Intent] = [talk for talk in talks if talk.topic in _POLITE_TOPICS]
        return polite[:1] or [Talk("fallback")]
    return [wish for wish in wishes if not (isinstance(wish, Talk) and wish.topic in _POLITE_TOPICS)]

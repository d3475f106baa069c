"""From "review the auth PR, it's the token refactoring" to a title and a description the task service accepts."""

import re

from agent.demo.intents import CreateTask
from agent.demo.limits import DESCRIPTION_CHARS_MAX, DESCRIPTION_CHARS_MIN, TITLE_CHARS_MAX, TITLE_CHARS_MIN

_DETAIL = re.compile(
    r",? (?:because|since|as (?:it|we|they|he|she)|which) "
    r"|, ?(?=(?:it's|it is|it|that's|that is|this is|they|they're|he|she|we|i|so"
    r"|but|note|make sure|using|details|including|especially|and it|the (?:point|goal|reason|problem))\b)"
    r"| (?:-|–|—|--) |; ?|: (?=\S)|\. (?=\S)| \((?=\S)",
    re.IGNORECASE,
)
_KEEP = re.compile(r",? (because|since|as|which) $", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:please |(?:can|could|would|will) you |to |kindly |just |also |then |that "
    r"|the task (?:is )?(?:to )?|he (?:should|must) |she (?:should|must) )",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[ ,]+(?:please|asap|thanks|thank you|ok|okay|and|instead)$", re.IGNORECASE)
_NO_SUBJECT = frozenset(
    {"something", "do something", "stuff", "do stuff", "a task", "do a task", "do some work", "some work", "do"}
)


def split_detail(text: str) -> tuple[str, str]:
    """What to do, and what else was said about it."""
    text = clean(text)
    if text[:1] == '"' and text.count('"') == 2:  # a quoted title: everything after it is detail
        title, _, rest = text[1:].partition('"')
        return clean(title), clean(rest.lstrip(" ,:;-"))
    match = _DETAIL.search(text)
    if match is None or match.start() < TITLE_CHARS_MIN:
        return clean(text), ""
    keep = _KEEP.match(match[0])
    detail = (f"{keep[1]} " if keep else "") + text[match.end() :]
    if match[0].endswith("(") and detail.endswith(")"):
        detail = detail[:-1]
    return clean(text[: match.start()]), detail.strip(" .,;")


def clean(text: str) -> str:
    """Without the politeness and punctuation around it; nothing when it says nothing ("something")."""
    text = text.strip(" .,;:!?-–")
    for _ in range(3):
        if head := _HEAD.match(text):
            text = text[head.end() :].strip()
        if tail := _TAIL.search(text):
            text = text[: tail.start()].strip(" .,;:!?")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return "" if text.lower() in _NO_SUBJECT else text


def title(task: CreateTask) -> str:
    """One line, at least as long as the service wants, cut at a word when long."""
    text = task.subject.removeprefix("the ")
    text = text[:1].upper() + text[1:]
    if len(text) > TITLE_CHARS_MAX:
        text = text[: TITLE_CHARS_MAX - 1].rpartition(" ")[0] or text[: TITLE_CHARS_MAX - 1]
        text = text.rstrip(" ,;:") + "…"
    return text if len(text) >= TITLE_CHARS_MIN else f"Task: {text}"


def description(task: CreateTask) -> str:
    """A sentence of what was said, at least as long as the service wants."""
    text = task.subject[:1].upper() + task.subject[1:]
    if task.detail:
        text += f": {task.detail}"
    if len(text) < DESCRIPTION_CHARS_MIN:
        text += f" (a task for {task.assignee})"
    text = text[:DESCRIPTION_CHARS_MAX].rstrip()
    return text if text[-1:] in ".!?…" else f"{text}."

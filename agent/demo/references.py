"""How tasks are referred to: "it", "the second one", "t-abc", "the auth PR". Reads words; who holds the tasks is memory.py."""

import re

from agent.demo.intents import Reference
from agent.demo.vocabulary import EVERY, FILLER, NEWEST, ORDINALS, PLURAL, SINGULAR

_ID = re.compile(r"(?<![\w-])(t-[a-z0-9]{2,60})(?![\w-])", re.IGNORECASE)
_SPELLED_ID = re.compile(r"(?:the )?(?:task|ticket) (?:id )?#?((?=[\w-]{0,60}[\d_-])[\w-]{2,64})$", re.IGNORECASE)
_WORKFLOW_ID = re.compile(r"task-workflow-([\w-]{1,64})", re.IGNORECASE)
_ORDINAL = re.compile(r"(?:the )?(?:very )?([a-z0-9]+)(?: (?:one|task|item|of them|on the list))?$", re.IGNORECASE)
_NUMBER = re.compile(r"(?:the )?(?:number|no\.?|nr\.?|task|item|#) ?#?(\d{1,2})$|#?(\d{1,2})$", re.IGNORECASE)
_LEADING = re.compile(
    r"(?:the |that |this |my |our |a |an |all of |also |please |status of |task |work on |working on )", re.IGNORECASE
)
_TRAILING = re.compile(
    r" (?:please|now|too|as well|again|yet|already|is|anymore|any more|instead|then|task|tasks|ticket|item)$", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ers", "ed", "er", "es", "s", "y", "e")


def reference(text: str, *, who: str = "") -> Reference:
    """What the words refer to; ``who`` is the person said to do it."""
    text = text.strip(" .,;:!?\"'()`*")
    lowered = text.lower()
    if match := _WORKFLOW_ID.search(text) or _ID.search(text) or _SPELLED_ID.match(text):
        return Reference(task_id=match[1] if match.re is _SPELLED_ID else match[1].lower(), person=who)
    bare = _strip(lowered)
    if not lowered or lowered in SINGULAR:
        return Reference(person=who)
    if lowered in PLURAL or bare in PLURAL:
        return Reference(group=True, person=who)
    if lowered in EVERY or bare in EVERY:
        return Reference(every=True, person=who)
    if number := _NUMBER.match(lowered):
        return Reference(ordinal=int(number[1] or number[2]), person=who)
    ordinal = _ORDINAL.match(lowered)
    if ordinal and ordinal[1] in ORDINALS:
        return Reference(ordinal=ORDINALS[ordinal[1]], person=who)
    if re.sub(r" (?:one|task)$", "", bare) in NEWEST:
        return Reference(newest=True, person=who)
    return Reference(words=_strip(text), person=who) if stems(text) else Reference(person=who)


def stems(text: str) -> list[str]:
    """The words of the text that say which task, without their endings: "the reviews" and "reviewing" are one."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in FILLER]


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


def _strip(text: str) -> str:
    for _ in range(3):
        if leading := _LEADING.match(text):
            text = text[leading.end() :]
        if trailing := _TRAILING.search(text):
            text = text[: trailing.start()]
    return text.strip()

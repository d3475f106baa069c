"""Who is meant: names as people type them, "me", and "him" for whoever was spoken of last."""

import re

from agent.demo.limits import NAME_CHARS_MAX, NAME_WORDS_MAX
from agent.demo.vocabulary import MYSELF, NOBODY, NOT_A_NAME, PERSON_PRONOUNS, TASK_VERBS

_TAIL = re.compile(
    r"(?: |, ?)(?:please|instead|asap|now|then|again|also|too|do it|to do it|for this|for that|for it)$", re.IGNORECASE
)
_HEAD = re.compile(
    r"(?:@|maybe |perhaps |please |probably |i think |it's |it is |it should be |that would be |let's say |let |to "
    r"|my colleague |with )",
    re.IGNORECASE,
)
_SPLIT = re.compile(r",? and |, ?| & ", re.IGNORECASE)
_GROUP = re.compile(
    r"(?:the |our |my )?(?:[\w-]+ ){0,2}(?:team|group|crew|squad|department|guys|folks|people|office|guy"
    r"|girl|intern|manager|boss|colleague|client|customer|vendor|supplier|lead"
    r"|engineer|developer|designer|tester|admin|assistant|accountant|lawyer|contractor|owner|doctor)\b",
    re.IGNORECASE,
)
_NAMES_ALL_THE_SAME = frozenset({"Will", "May"})
_WORDS_OF_NAMES = 60  # "A and B and C ..." is read by recursion; a longer clause is no list of names
_SHAPE = re.compile(r"[^\W_](?:[\w.'@+-]| (?=\w)){0,80}$")


def person(raw: str, *, user: str, last: str) -> str:
    """The name in ``raw`` as it should be written, or nothing when it names nobody (in particular)."""
    name = _trim(raw)
    lowered = name.lower()
    if lowered in MYSELF:
        return user
    if lowered in PERSON_PRONOUNS:
        return last
    if not is_name(name):
        return ""
    if lowered.startswith(("the ", "our ", "my ")):
        name = name.partition(" ")[2]
        return name[:1].upper() + name[1:]
    if name == lowered and "@" not in name and not any(c.isdigit() or c in "._" for c in name):
        return " ".join(word[:1].upper() + word[1:] for word in name.split())
    return name


def people(raw: str, *, user: str, last: str) -> list[str]:
    """The names in "Bob and Alice"; one empty name when nobody is named."""
    names = [person(part, user=user, last=last) for part in _SPLIT.split(raw) if part.strip()]
    return names if names and all(names) else [person(raw, user=user, last=last)]


def is_name(text: str) -> bool:
    """Whether this can be a name at all: short, no sentence, none of the words that are never one."""
    words = [word if word in _NAMES_ALL_THE_SAME else word.lower() for word in text.split()]
    if not words or len(words) > NAME_WORDS_MAX or len(text) > NAME_CHARS_MAX or not _SHAPE.match(text):
        return False
    if words[0] in ("the", "our", "my"):
        return len(words) > 1 and bool(_GROUP.fullmatch(text))
    return not (
        set(words) & NOT_A_NAME or words[0] in NOBODY or words[0] in TASK_VERBS and text[0].islower() and len(words) > 1
    )


def leading_person(text: str) -> tuple[str, str]:
    """Splits "Alice Smith review the PR", where no "to" parts the name from what to do; two empty strings if it cannot."""
    group = _GROUP.match(text)
    words = text.split(" ")
    if group and text.lower().startswith(("the ", "our ", "my ")):
        size = len(group[0].split(" "))
    elif words[0].lower() in MYSELF | PERSON_PRONOUNS | NOBODY:
        size = 1
    else:
        size = 1
        while size < min(NAME_WORDS_MAX, len(words) - 1) and _continues_name(words, size):
            size += 1
    if size + 2 < len(words) < _WORDS_OF_NAMES and words[size].lower() == "and":
        more, rest = leading_person(" ".join(words[size + 1 :]))
        return (f"{' '.join(words[:size])} and {more}", rest) if more else ("", "")
    name, rest = " ".join(words[:size]), " ".join(words[size:])
    return (name, rest) if rest else ("", "")


def _continues_name(words: list[str], size: int) -> bool:
    word, following = words[size], words[size + 1].lower()
    if word.lower() in TASK_VERBS:
        return False
    capitalised = word[:1].isupper() and words[0][:1].isupper()
    return capitalised or (following in TASK_VERBS and words[0].islower() and word.isalpha() and size == 1)


def _trim(raw: str) -> str:
    name = raw.strip(" \"'.,;:!?()[]*`")
    for _ in range(3):
        if head := _HEAD.match(name):
            name = name[head.end() :].strip()
        if tail := _TAIL.search(name):
            name = name[: tail.start()].strip()
    return name.strip(" \"'.,;:!?()")

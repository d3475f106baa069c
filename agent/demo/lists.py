"""Phrasings that ask which tasks there are: all, overdue ones, Bob's, those due tomorrow."""

import re

from agent.demo.intents import Intent, ListTasks
from agent.demo.names import person
from agent.demo.phrases import STATE, WHO, one_of, phrase
from agent.demo.scene import Scene
from agent.demo.vocabulary import STATUS_WORDS

_NOUNS = one_of(
    "tasks",
    "to-?dos",
    "to-?do list",
    "todo",
    "list",
    "plate",
    "agenda",
    "reminders",
    "tickets",
    "work items",
    "action items",
    "backlog",
)
_HAVE = one_of(
    "have to do", "need to do", "have to", "have", "do", "to do", "doing", "working on", "supposed to do", "got to do", "got"
) + one_of("", " now", " next", " today", " tomorrow", " this week", " due .{1,30}", " on .{1,30}")
_ADJECTIVES = r"(?:all|my|our|the|open|overdue|completed|finished|cancelled|pending|current|active|late|done)"
_PATTERNS = (
    phrase(rf"what (?:did|have|had) (?:i|we) (?:ask|asked|tell|told|give|given|assign|assigned)(?: to)? {WHO}(?: to do)?"),
    phrase(rf"what (?:does|do|did|should|must|is|are|am|all does) {WHO} (?:still |currently )?{_HAVE}"),
    phrase(rf"what (?:has|have) {WHO} (?:already )?(?:to do|finished|done|completed|got)"),
    phrase(rf"(?:does|do|has|have) {WHO} (?:have |got )?(?:anything|something|any work|any tasks|much|a lot)(?: .{{1,40}})?"),
    phrase(rf"what(?:'s| is) (?:the |my )?(?:next |current )?task (?:for|of) {WHO}"),
    phrase(
        one_of(
            "list", "show", "display", "view", "see", "get", "give", "print", "read", "go through", "overview of", "can i see"
        )
        + rf"\b.{{0,80}}\b{_NOUNS}\b.{{0,80}}",
        one_of(
            "what(?:'s| is| are)?",
            "whats",
            "which",
            "any",
            "are there",
            "is there",
            "do i have",
            "do we have",
            "have i",
            "how many",
        )
        + rf"\b.{{0,80}}\b{_NOUNS}\b.{{0,80}}",
        r"list(?: all| everything| them| them all| it all)?",
        r"show (?:me )?(?:all|everything)",
        r"(?:an )?overview",
        r"what(?:'s| is) there",
        rf"(?:{_ADJECTIVES} ){{0,3}}{_NOUNS}(?: please)?",
        rf"{_NOUNS} (?:that are |which are )?{STATE}",
        r"who (?:does|has|is doing) what",
    ),
    phrase(
        r"(?:(?:what|which)(?:'s| is| are| ones are| things are)?|is anything|anything|is something|do i have anything)"
        rf" (?:still |currently )?(?:{STATE}|due|left|outstanding|unfinished|active|next|left to do|coming up|to do)\b.{{0,40}}"
    ),
    phrase(rf"{_NOUNS} (?:for|of|assigned to) {WHO}"),
    phrase(rf"which task is {STATE}.{{0,20}}"),
    phrase(rf"(?!add |put |assign |move |create ){WHO}'s? (?:{_ADJECTIVES} )?{_NOUNS}(?: please)?"),
)
_FOR = re.compile(
    rf"\b(?:for|of|assigned to|given to|does|has|have) {WHO}(?: have| has| got| on (?:his|her|their) .{{1,30}})?$", re.I
)
_OF = re.compile(rf"{WHO}'s? (?:{_ADJECTIVES} )?{_NOUNS}\b", re.IGNORECASE)
_BEFORE_A_NAME = frozenset(
    "what what's is are in on of list show display view see get give me print read all the which any how many can i".split()
)
_OPEN = re.compile(r"\b(?:open|outstanding|left|unfinished|active|not done|still to do|remaining|current)\b", re.IGNORECASE)
_DUE = re.compile(
    r"\bdue (today|tomorrow|this week)|\b(?:for|on) (today|tomorrow)\b|\b(?:do|have) (today|tomorrow)$", re.IGNORECASE
)
_NO_STATUS = re.compile(r"\bassigned to\b|\bdone by\b", re.IGNORECASE)
_STATUS = re.compile(rf"\b({'|'.join(sorted(map(re.escape, STATUS_WORDS), key=len, reverse=True))})\b", re.IGNORECASE)
_MINE = re.compile(r"what (?:do|should|must|am) i\b|.*\b(?:assigned to|for) me$", re.IGNORECASE)


def read_list(text: str, scene: Scene) -> Intent | None:
    """A question for several tasks."""
    for pattern in _PATTERNS:
        if match := pattern.match(text):
            return ListTasks(_status(text), _whose(text, match.groupdict().get("who") or "", scene), _due(text))
    return None


def _status(text: str) -> str:
    if _OPEN.search(text):
        return "open"
    match = _STATUS.search(_NO_STATUS.sub("", text))
    return STATUS_WORDS[match[1].lower()] if match else ""


def _whose(text: str, who: str, scene: Scene) -> str:
    """Whose tasks. "My list" is nobody's in particular: it holds what I asked others to do as well."""
    if _MINE.match(text):
        return scene.user
    if not who and (match := _FOR.search(text) or _OF.match(text)):
        who = match["who"]
    words = who.split()
    while words and words[0].lower() in _BEFORE_A_NAME:
        words.pop(0)
    return "" if words in (["my"], ["our"], ["I"], ["we"]) else person(" ".join(words), user=scene.user, last=scene.last_person)


def _due(text: str) -> str:
    match = _DUE.search(text)
    return (match[1] or match[2] or match[3]).lower() if match else ""

"""Phrasings that ask: how a task stands, and which tasks there are."""

import re

from agent.demo.create import Scene
from agent.demo.intents import AskStatus, Intent, ListTasks
from agent.demo.names import person
from agent.demo.references import reference
from agent.demo.vocabulary import STATUS_WORDS

_REF = r"(?P<ref>[^;:!?]{1,140}?)"
_WHO = r"(?P<who>[^,.;:!?]{1,50}?)"
_STATE = r"(?:done|finished|completed?|ready|started|in progress|overdue|late|on track|cancell?ed|assigned|open|pending|closed)"
_NOUNS = r"(?:tasks|to-?dos|to-?do list|todo|list|plate|agenda|reminders|tickets|work items|action items|backlog|queue)"


def _p(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})$", re.IGNORECASE)


_STATUS = (
    _p(
        rf"(?:what(?:'s| is)? |whats |show |get |check )?(?:me )?(?:the |its )?(?:current )?(?:status|state|progress)(?:(?: of| on| for| with| about)? {_REF})?"
    ),
    _p(
        rf"(?:is there |do you have |got )?(?:any |what(?:'s| is) the )?(?:updates?|news|progress|latest) (?:on|about|of|for|with|from) {_REF}"
    ),
    _p(
        rf"(?:how(?:'s| is| are)|hows) {_REF}(?: going| coming along| coming| doing| progressing| looking| proceeding| getting on)(?: so far| now)?"
    ),
    _p(rf"how far (?:is|are|along is) {_REF}(?: along)?"),
    _p(rf"(?:is|are|was|were) {_REF} (?:already |now |all )?{_STATE}(?: yet| already| now)?"),
    _p(
        rf"(?:has|have|did|does) (?P<who>[^,.;:!?]{{1,50}}?) (?:already )?(?:finish(?:ed)?|completed?|start(?:ed)?|done|do|begun|begin)(?: with| on)? {_REF}(?: yet| already)?"
    ),
    _p(rf"(?:show(?: me)?|get|open|describe|look up|check(?: on)?|display|view) {_REF}"),
    _p(
        rf"(?:tell me (?:more |something )?about|(?:the )?details? (?:of|on|for|about)|what about|how about|what happened (?:to|with)|more (?:on|about)) {_REF}"
    ),
    _p(rf"(?:where are we (?:with|on)|where is|where's|info(?:rmation)? (?:on|about)|what do you know about) {_REF}"),
    _p(
        rf"(?:when is|when's|when are) {_REF} (?:due|over)|(?:what(?:'s| is) )?the (?:deadline|due date|assignee|owner) (?:of|for) (?P<ref2>[^;:!?]{{1,140}})"
    ),
    _p(rf"(?:who is|who's|who does|who has|who owns|who) (?:doing |working on |assigned to |responsible for |on )?{_REF}"),
    _p(r"(?P<ref>t-[a-z0-9]{2,60}|task-workflow-[\w-]{1,64})"),
)
_NO_REFERENCE = re.compile(
    r"(?:are you|am i|you|i|time|day|date|me|we|there|your name|help|the time|the date)\b", re.IGNORECASE
)
_LISTS = (
    _p(
        r"(?:list|show|display|view|see|get|give|print|read|go through|what(?:'s| is| are)?|whats|which|any|are there|do i have|do we have|have i|how many"
        rf"|is there|how does|how is|can i see|overview of)\b.{{0,80}}\b{_NOUNS}\b.{{0,80}}"
    ),
    _p(
        r"(?:list|list (?:all|everything|them|them all|it all)|show (?:all|everything)|(?:an )?overview|show me everything|what(?:'s| is) there)"
    ),
    _p(
        rf"(?:(?:what|which)(?:'s| is| are| ones are| things are)?|is anything|anything|is something|do i have anything|what do i have) (?:still |currently )?"
        rf"(?:{_STATE}|due|left|outstanding|unfinished|active|next|left to do|coming up|to do)\b(?P<due>.{{0,40}})"
    ),
    _p(
        rf"(?:(?:all|my|our|the|open|overdue|completed|finished|cancelled|pending|current|active|late|done|{_WHO}'s?) ){{0,3}}{_NOUNS}(?: please)?"
    ),
    _p(
        rf"what (?:does|do|did|has|have|should|must|is|are|am|all does) {_WHO} (?:still |currently )?"
        r"(?:have to do|need to do|have to|have|do|to do|doing|working on|supposed to do|got to do|got|finished|done|completed|up to|busy with)(?P<due>.{0,40})"
    ),
    _p(r"who (?:does|has|is doing) what(?P<due>)"),
)
_FOR = re.compile(
    r"\b(?:for|assigned to|belonging to|does|has|have|given to)(?: (?!to\b))(?P<who>(?!me to|to\b)[^,.;:!?]{1,40}?)(?: have| has| got| on (?:his|her|their) .*)?$",
    re.I,
)
_OF = re.compile(
    r"\b(?P<who>[^\W\d_][\w-]{0,30}(?: [A-Z][\w-]{0,30})?)'s? (?=(?:open |overdue |current |completed |pending )?"
    + _NOUNS
    + ")",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:open|outstanding|left|unfinished|active|not done|still to do|todo|remaining|current)\b", re.IGNORECASE
)
_DUE = re.compile(r"\bdue (today|tomorrow|this week)|\b(?:for|on) (today|tomorrow)\b|\b(today|tomorrow)$", re.IGNORECASE)
_STATUS_WORD = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, STATUS_WORDS), key=len, reverse=True)) + r")\b", re.IGNORECASE
)
_HIMSELF = frozenset({"i", "me", "my", "mine", "we", "us", "our"})


def read_list(text: str, scene: Scene) -> Intent | None:
    """A question for several tasks."""
    for pattern in _LISTS:
        if match := pattern.match(text):
            who = match.groupdict().get("who") or ""
            return ListTasks(_status_of(text), _whose(text, who, scene), _due(text), text.lower().startswith("how many"))
    return None


def read_status(text: str, scene: Scene) -> Intent | None:
    """A question about one task."""
    for pattern in _STATUS:
        if match := pattern.match(text):
            said = match.groupdict()
            ref = said.get("ref") or said.get("ref2") or ""
            if _NO_REFERENCE.match(ref):
                continue
            who = person(said.get("who") or "", user=scene.user, last=scene.last_person)
            workflow = "workflow" in text.lower()
            ref = re.sub(r"(?:the )?workflow(?: (?:of|for))?(?: |$)", "", ref, flags=re.IGNORECASE) if workflow else ref
            return AskStatus(reference(ref, who=who), workflow)
    return None


def _status_of(text: str) -> str:
    if _OPEN.search(text):
        return "open"
    text = re.sub(r"\bassigned to\b|\bto do\b", "", text, flags=re.IGNORECASE)
    match = _STATUS_WORD.search(text)
    return STATUS_WORDS[match[1].lower()] if match else ""


def _whose(text: str, who: str, scene: Scene) -> str:
    """Whose tasks; nobody's in particular for "my list", which is what I asked others to do as well."""
    if not who:
        match = _FOR.search(text) or _OF.search(text)
        who = match["who"] if match else ""
    if who.lower() in _HIMSELF:
        return (
            scene.user
            if re.match(r"what (?:do|should|must|am) i\b", text, re.I) or re.search(r"assigned to me\b|\bfor me$", text, re.I)
            else ""
        )
    return person(who, user=scene.user, last=scene.last_person)


def _due(text: str) -> str:
    match = _DUE.search(text)
    return (match[1] or match[2] or match[3]).lower() if match else ""

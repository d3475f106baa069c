"""Phrasings that ask how one task stands."""

import re

from agent.demo.intents import AskStatus, Intent
from agent.demo.names import person
from agent.demo.phrases import REF, STATE, WHO, one_of, phrase
from agent.demo.references import reference
from agent.demo.scene import Scene

_PATTERNS = (
    phrase(
        r"(?:what(?:'s| is)? |whats |show |get |check )?(?:me )?(?:the |its )?(?:current )?"
        r"(?:workflow )?(?:status|state|progress)"
        rf"(?:(?: of| on| for| with| about)? {REF})?"
    ),
    phrase(
        r"(?:is there |do you have |got |give me |i need )?(?:any |an |what(?:'s| is) the )?(?:updates?|news|progress|latest)"
        rf" (?:on|about|of|for|with|from) {REF}"
    ),
    phrase(
        rf"(?:how(?:'s| is| are)|hows) {REF}"
        r" (?:going|coming along|coming|doing|progressing|looking|proceeding|getting on)(?: so far| now)?"
    ),
    phrase(rf"(?:is|are) {WHO} (?:already )?(?:done|finished|ready) with {REF}(?: yet| already)?"),
    phrase(rf"how far (?:is|are|along is) {REF}(?: along)?"),
    phrase(rf"(?:is|are|was|were) {REF} (?:already |now |all )?{STATE}(?: yet| already| now)?"),
    phrase(
        rf"(?:has|have|did|does) {WHO} (?:already )?(?:finish(?:ed)?|completed?|start(?:ed)?|done|do|begun|begin)"
        rf"(?: with| on)? {REF}(?: yet| already)?"
    ),
    phrase(
        one_of(
            "show(?: me)?",
            "describe",
            "look up",
            "check(?: on)?",
            "display",
            "view",
            r"(?:get|open)(?= (?:me )?(?:the )?task\b)",
        )
        + f" {REF}"
    ),
    phrase(
        one_of(
            "tell me (?:more |something )?about",
            "(?:the )?details? (?:of|on|for|about)",
            "what about",
            "what(?:'s| is) (?:up|going on|happening) with",
            "how about",
            "what happened (?:to|with)",
            "more (?:on|about)",
            "where are we (?:with|on)",
            "where is",
            "where's",
            "info(?:rmation)? (?:on|about)",
            "what do you know about",
        )
        + f" {REF}"
    ),
    phrase(rf"(?:when is|when's|when are) {REF} (?:due|over)"),
    phrase(rf"(?:what(?:'s| is) )?the (?:deadline|due date|assignee|owner) (?:of|for) {REF}"),
    phrase(
        r"(?:who is|who's|who does|who has|who owns|who) (?:doing |working on |assigned to |responsible for |on )?"
        rf"{REF}"
    ),
    phrase(r"(?P<ref>t-[a-z0-9]{2,60}|task-workflow-[\w-]{1,64})"),
)
_NO_REFERENCE = re.compile(
    r"(?:are you|am i|you|i|the time|the date|time|day|date|me|we|there|your name|help)\b", re.IGNORECASE
)
_WORKFLOW = re.compile(r"(?:the )?workflow(?: (?:of|for))?(?: |$)", re.IGNORECASE)


def read_status(text: str, scene: Scene) -> Intent | None:
    """A question about one task."""
    for pattern in _PATTERNS:
        if match := pattern.match(text):
            said = match.groupdict()
            ref = said["ref"] or ""
            if _NO_REFERENCE.match(ref):
                continue
            who = person(said.get("who") or "", user=scene.user, last=scene.last_person)
            return AskStatus(reference(_WORKFLOW.sub("", ref), who=who), workflow="workflow" in text.lower())
    return None

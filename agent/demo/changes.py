"""Phrasings that change a task that exists: complete, start, cancel, give to somebody else."""

import re

from agent.demo.create import Scene
from agent.demo.intents import ChangeStatus, Intent, Reassign, Talk, Undo
from agent.demo.names import is_name, person
from agent.demo.references import reference
from agent.demo.vocabulary import MYSELF, NOT_A_NAME, STATUS_WORDS

_REF = r"(?P<ref>[^;:!?]{1,140}?)"
_WHO = r"(?P<who>[^,.;:!?]{1,50}?)"
_STATUS = "(?P<status>" + "|".join(sorted(map(re.escape, STATUS_WORDS), key=len, reverse=True)) + "|ready)"
_JUST = r"(?:just |already |now |finally |all |both ){0,2}"


def _p(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})$", re.IGNORECASE)


_UNDO = _p(
    r"(?:please )?(?:undo|revert|take (?:that|it) back|roll (?:that|it) back)(?: (?:that|it|this|the last (?:one|thing|task|change|action)))?(?: please)?"
)
_MOVE_DEADLINE = _p(
    r"(?:(?:move|change|set|update|extend|shift|push|bring forward) (?:the )?(?:deadline|due date)\b.*"
    r"|(?:postpone|delay|reschedule|extend|snooze)\b.*|(?:move|push|shift) (?:it|that) (?:to|by|until|back)\b.*)"
)
_UNASSIGN = _p(r"(?:unassign\b.*|remove the (?:assignee|owner)\b.*)")
_STATUSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        _p(
            rf"(?:mark|flag|set|tick|move|change|update|put)(?: {_REF})??(?: as| to| to be| as being| status to| back to)? {_STATUS}(?: now| please)?"
        ),
        "",
    ),
    (_p(rf"(?:complete|finish|close|resolve|tick off|check off|tick|wrap up|finalize|finalise) {_REF}"), "completed"),
    (_p(r"(?:i am |i'm |we are |we're )?(?:all )?(?:done|finished|completed)(?: now| already)?"), "completed"),
    (
        _p(rf"(?:cancel|drop|delete|remove|abort|kill|scrap|discard|forget about|call off|withdraw|get rid of|ditch) {_REF}"),
        "cancelled",
    ),
    (_p(rf"{_REF} (?:is|are) (?:no longer|not) (?:needed|necessary|required)(?: any ?more)?"), "cancelled"),
    (_p(rf"(?:we |i )?(?:don't|do not|no longer) need {_REF}(?: any ?more)?"), "cancelled"),
    (_p(rf"(?:start|begin|resume|continue|reopen)(?: on| with| working on| work on)? {_REF}"), "in_progress"),
)
_IS = _p(rf"{_REF}(?: is| are| has been| have been| was| were|'s) {_JUST}{_STATUS}(?: now| already)?")
_DID = _p(
    rf"{_WHO}(?: has| have| had| is| are|'s|'ve|'m| am)? {_JUST}(?:finished|completed|done with|done|closed|resolved|did)(?: with)? {_REF}"
)
_BEGAN = _p(
    rf"{_WHO}(?: has| have| had| is| are|'s|'ve|'m| am)? {_JUST}(?:started|began|begun|working|picked up|resumed|starts|begins)"
    rf"(?: to work on| on| with| working on| work on)? {_REF}"
)
_QUESTION = re.compile(
    r"(?:what|which|who|when|where|how|why|is|are|was|has|have|did|does|do|can|could|should|if)\b", re.IGNORECASE
)
_GIVE = (
    _p(
        rf"(?:re-?assign|assign|give|hand|pass|transfer|delegate|switch|move)(?: {_REF})?(?: over| on| back)? to {_WHO}(?: instead| please| now)*"
    ),
    _p(rf"(?:change|set|update|switch) (?:the )?(?:assignee|owner)(?: (?:of|for|on) {_REF})? to {_WHO}(?: instead| please)?"),
    _p(rf"{_WHO} (?:takes over|takes care of|will take over|will take|takes|takes on) {_REF}(?: instead| now)?"),
    _p(rf"(?:make it|rather|better|no,? give it to|use|actually,?(?: give it to)?) {_WHO} instead(?P<ref>)"),
    _p(rf"assign {_WHO} to {_REF}"),
    _p(rf"(?:re-?assign) {_REF}(?P<who>)"),
)
_OF_STATUS = re.compile(r"(?:the )?(?:status|state) (?:of|for) ", re.IGNORECASE)


def read_change(text: str, scene: Scene, *, question: bool) -> Intent | None:
    """What the sentence changes; a question changes nothing."""
    if _UNDO.match(text):
        return Undo()
    if _MOVE_DEADLINE.match(text):
        return Talk("move_deadline")
    if _UNASSIGN.match(text):
        return Talk("unassign")
    if question:
        return None
    return _status(text, scene) or _given(text, scene)


def _status(text: str, scene: Scene) -> Intent | None:
    for pattern, status in _STATUSES:
        if match := pattern.match(text):
            said = match.groupdict()
            if not status and said["ref"] is None and not re.match(r"(?:mark|flag|set)\b", text, re.IGNORECASE):
                continue
            return _changed(said.get("ref") or "", status or said["status"])
    if _QUESTION.match(text):
        return None
    if (match := _IS.match(text)) and match["status"].lower() not in ("assigned", "late", "running"):
        return _changed(match["ref"], match["status"])
    for pattern, status in ((_DID, "completed"), (_BEGAN, "in_progress")):
        if (match := pattern.match(text)) and (who := _person(match["who"], scene)) is not None:
            return ChangeStatus(reference(match["ref"], who=who), status)
    return None


def _changed(ref: str, word: str) -> ChangeStatus:
    word = word.lower()
    status = "completed" if word == "ready" else STATUS_WORDS.get(word, word)
    return ChangeStatus(reference(_OF_STATUS.sub("", ref, count=1)), status)


def _person(who: str, scene: Scene) -> str | None:
    """The person's name, empty for me and him; None when it is no person."""
    who = who.strip().lower().removesuffix("'s")
    if who in MYSELF or who in ("we", "he", "she", "they"):
        return ""
    return person(who, user=scene.user, last=scene.last_person) or None if who not in NOT_A_NAME else None


def _given(text: str, scene: Scene) -> Intent | None:
    for pattern in _GIVE:
        if (match := pattern.match(text)) is None:
            continue
        ref, who = match["ref"] or "", match["who"]
        name = person(who, user=scene.user, last=scene.last_person) if who else ""
        # "give a talk to the team" is work to do, not a task to hand over.
        if (who and not name) or re.match(r"an? ", ref, re.IGNORECASE) or (who and not is_name(who.strip(" @.")) and not name):
            continue
        return Reassign(reference(ref), name)
    return None

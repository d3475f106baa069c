"""Phrasings that change a task that exists: complete, start, cancel, give to somebody else."""

import re

from agent.demo import deadlines
from agent.demo.intents import ChangeStatus, Intent, Reassign, Talk, Undo
from agent.demo.names import is_name, person
from agent.demo.phrases import REF, STATUS, WHO, phrase
from agent.demo.references import reference
from agent.demo.scene import Scene
from agent.demo.vocabulary import MYSELF, NOT_A_NAME, STATUS_WORDS, TASK_VERBS

_JUST = r"(?:just |already |now |finally |all |both ){0,2}"
_BE = r"(?: has| have| had| is| are|'s|'ve|'m| am)?"

_UNDO = phrase(
    r"(?:undo|revert|take (?:that|it) back|roll (?:that|it) back)"
    r"(?: (?:that|it|this|the last (?:one|thing|task|change|action)))?"
)
_MOVE_DEADLINE = phrase(
    r"(?:move|change|set|update|extend|shift|push|bring forward) (?:the )?(?:deadline|due date)\b.*",
    r"(?:postpone|delay|reschedule|extend|snooze) .*",
    r"(?:move|push|shift) (?:it|that) (?:to|by|until|back)\b.*",
)
_UNASSIGN = phrase(r"unassign\b.*", r"remove the (?:assignee|owner)\b.*", r"remove .{1,60} from (?:it|(?:the|that|this) task)")
_MARK = phrase(
    rf"(?P<verb>mark|flag|set|tick|move|change|update|put)(?: {REF})??"
    rf"(?: as| to| to be| as being| status to| back to)? {STATUS}(?: now)?"
)
# An order to finish or drop something may be an order to somebody, that is new work, when it comes with a deadline.
_ORDERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (phrase(rf"(?:complete|finish|close|resolve|tick off|check off|tick|wrap up|finalize|finalise) {REF}"), "completed"),
    (
        phrase(
            rf"(?:cancel|drop|delete|remove|abort|kill|scrap|discard|forget about|call off|withdraw|get rid of|ditch) {REF}"
        ),
        "cancelled",
    ),
    (phrase(rf"(?:start|begin|resume|continue|reopen)(?: on| with| working on| work on)? {REF}"), "in_progress"),
)
_DONE = phrase(r"(?:i am |i'm |we are |we're )?(?:all )?(?:done|finished|completed)(?: now| already)?")
_NOT_NEEDED = phrase(
    rf"{REF} (?:is|are) (?:no longer|not) (?:needed|necessary|required)(?: any ?more)?",
)
_NO_NEED = phrase(rf"(?:we |i )?(?:don't|do not|no longer) need {REF}(?: any ?more)?")
_IS = phrase(
    rf"(?!tell |ask |make |let |that |remind ){REF}(?: is| are| has been| have been| was| were|'s)"
    rf" {_JUST}{STATUS}(?: now| already)?"
)
_DID = phrase(rf"{WHO}{_BE} {_JUST}(?:finished|completed|done with|done|closed|resolved|did)(?: with)? {REF}")
_BEGAN = phrase(
    rf"{WHO}{_BE} {_JUST}(?:started|began|begun|working|picked up|resumed|starts|begins)"
    rf"(?: to work on| on| with| working on| work on)? {REF}"
)
_QUESTION = re.compile(
    r"(?:what|which|who|when|where|how|why|is|are|was|has|have|did|does|do|can|could|should|if)\b", re.IGNORECASE
)
_GIVE = (
    phrase(
        rf"(?:re-?assign|assign|give|hand|pass|transfer|delegate|switch|move)(?: {REF})?"
        rf"(?: over| on| back)? to {WHO}(?: instead| now)?"
    ),
    phrase(rf"(?:change|set|update|switch) (?:the )?(?:assignee|owner)(?: (?:of|for|on) {REF})? to {WHO}(?: instead)?"),
    phrase(rf"{WHO} (?:takes over|takes care of|will take over|will take|takes|takes on) {REF}(?: instead| now)?"),
    phrase(rf"assign {WHO} to {REF}"),
    phrase(rf"re-?assign {REF}(?P<who>)"),
    phrase(rf"(?:(?:make it|rather|better|no,? give it to|use|actually,?(?: give it to)?|no,?) )?{WHO} instead(?P<ref>)"),
)
_WORK = re.compile(rf"(?:an?|{'|'.join(sorted(TASK_VERBS))}) ", re.IGNORECASE)
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
    if (mark := _MARK.match(text)) and (mark["ref"] or mark["verb"].lower() in ("mark", "flag", "set")):
        return _changed(mark["ref"] or "", mark["status"])
    if _DONE.match(text):
        return _changed("", "completed")
    for pattern, status in _ORDERS:
        if (order := pattern.match(text)) and not deadlines.find(text, scene.now):
            return _changed(order["ref"], status)
    if dropped := _NOT_NEEDED.match(text) or _NO_NEED.match(text):
        return _changed(dropped["ref"], "cancelled")
    return None if _QUESTION.match(text) else _told(text, scene)


def _told(text: str, scene: Scene) -> Intent | None:
    """ "The review is done", "Bob started on it"."""
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
        # "give a talk to the team" and "assign Bob to review it" are work to do, not a task to hand over.
        if (
            (who and not name)
            or _WORK.match(ref)
            or deadlines.find(who or "", scene.now)
            or (who and not is_name(who.strip(" @.")) and not name)
        ):
            continue
        return Reassign(reference(ref), name)
    return None

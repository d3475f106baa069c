"""One message -> what it wants. Cuts it into wishes, tries the phrasings in order, and puts what belongs together together."""

import re
from dataclasses import replace

from agent.demo import deadlines
from agent.demo.changes import read_change
from agent.demo.create import Scene, read_create
from agent.demo.intents import CreateTask, Intent, Talk
from agent.demo.names import is_name
from agent.demo.questions import read_list, read_status
from agent.demo.sentences import Segment, segments, tidy
from agent.demo.talk import read_talk, without_greeting
from agent.demo.vocabulary import NOT_A_NAME, TASK_VERBS

_POLITE = re.compile(
    r"(?:please|pls|kindly|also|and|then|now|so|ok|okay|well|hey|oh|hmm|yes|right|great|alright|next|finally|first|second|secondly|lastly|"
    r"task agent|agent|bot|(?:can|could|would|will) you(?: please| kindly)?(?: help me(?: to)?)?|would you mind|i (?:want|would like|'d like) you to|"
    r"i'd like you to|i need you to|i want to(?= )|i'd like to|i would like to|i was wondering if you could|"
    r"i need to(?= (?:create|add|list|see|know|cancel|mark|assign|reassign|check)\b)|go ahead and|let's|just|actually|"
    r"(?:can you |please )?(?:tell|remind|show) me(?= (?:what|which|how|who|when|if|whether)\b)|let me know(?= (?:what|which|how|who|when|if|whether)\b)|"
    r"do you know|i wonder|don't forget to|remember to|make a note(?: that| to)?|if|whether)[,:]? ",
    re.IGNORECASE,
)
_AFTERTHOUGHT = re.compile(
    r"[ ,]+(?:please|pls|thanks|thank you|for me|if you can|if possible|right now|would you|will you|ok|okay)$", re.IGNORECASE
)
_JOINT = re.compile(r"(?:,|;)? (?:and|then|but)(?: then| also)? |; |, (?=[A-Z@])", re.IGNORECASE)
_INHERITS = re.compile(r"(?P<name>@?[^\W\d_][\w.'-]{0,30}(?: [A-Z][\w.'-]{0,30}){0,2}) to (?P<verb>[a-z-]+)\b", re.IGNORECASE)
_HEADING = re.compile(
    r"(?:.{0,60}\b(?:tasks?|to-?dos?|reminders|following|things|items)\b.{0,40}?(?: for (?P<name>[^:]{1,60}))?|(?P<who>[^:]{1,60})):$",
    re.IGNORECASE,
)
_WH_ORDER = re.compile(r"(?P<q>what|how|when|who|where) (?P<ref>.{2,80}?) (?P<be>is|are|was)(?P<rest> .*|$)", re.IGNORECASE)


def understand(message: str, scene: Scene) -> list[Intent]:
    """The wishes in a message, in order; a single fallback when there is none."""
    text = tidy(message)
    if talk := read_talk(text.strip(" .,;:!-")):
        return [talk]
    wishes: list[Intent] = []
    heading = ""
    for segment in segments(text):
        if not segment.bullet and (match := _HEADING.match(segment.text)):
            heading = _heading_name(match)
            continue
        wishes = _add(wishes, segment, scene, heading if segment.bullet else "")
    real = [wish for wish in wishes if not (isinstance(wish, Talk) and wish.topic in ("greeting", "thanks", "ok", "partly"))]
    if not real:
        polite = [wish for wish in wishes if isinstance(wish, Talk) and wish.topic != "partly"]
        return polite[:1] or [Talk("fallback")]
    return [wish for wish in wishes if wish in real or (isinstance(wish, Talk) and wish.topic == "partly")]


def _add(wishes: list[Intent], segment: Segment, scene: Scene, assignee: str) -> list[Intent]:
    """The wishes so far and those of one more segment; or the last task with what the segment adds to it."""
    found = _split(segment, scene)
    if assignee:
        found = [replace(w, assignee=w.assignee or assignee) if isinstance(w, CreateTask) else w for w in found]
    last = wishes[-1] if wishes else None
    bare = not any(isinstance(w, CreateTask) and w.assignee for w in found)
    if (
        isinstance(last, CreateTask)
        and not segment.bullet
        and bare
        and (added := _more_about(last, segment.text, scene, found))
    ):
        return [*wishes[:-1], added]
    return wishes + (found or [Talk("partly", segment.text[:80])])


def _more_about(last: CreateTask, text: str, scene: Scene, found: list[Intent]) -> CreateTask | None:
    """What a sentence behind a task says of it: its deadline, or more detail."""
    rest, deadline = deadlines.take(text, scene.now)
    rest = rest.strip(" .,;!?")
    if (
        deadline
        and not last.deadline
        and (
            not rest
            or re.fullmatch(
                r"(?:(?:it|this|that)(?: is|'s)?|please|(?:it )?(?:should|must) be done|do it|finish it)", rest, re.I
            )
        )
    ):
        return replace(last, deadline=deadline)
    if found:
        return None
    if text.endswith("?"):
        return None
    detail = text.strip(" ;").rstrip(".")
    return replace(last, detail=f"{last.detail}. {detail}" if last.detail else detail)


def _split(segment: Segment, scene: Scene) -> list[Intent]:
    """The wishes in a sentence: cut at each "and" behind which a wish of its own begins."""
    text, start = segment.text, 0
    parts: list[str] = []
    for joint in _JOINT.finditer(text):
        left, right = text[start : joint.start()], text[joint.end() :]
        inherits = _INHERITS.match(right)
        if inherits and parts_can_follow(left, inherits):
            parts.append(left)
            start = joint.end()
        elif joint[0].strip(" ,;").lower() and _begins_wish(right, scene) and _wishes(left, scene, segment.bullet):
            parts.append(left)
            start = joint.end()
    parts.append(text[start:])
    wishes: list[Intent] = []
    for index, part in enumerate(parts):
        ask = index > 0 and _INHERITS.match(part) and not _wishes(part, scene, False)
        wishes += _wishes(f"ask {part}" if ask else part, _speaking_of(wishes, scene), segment.bullet)
    return wishes


def parts_can_follow(left: str, inherits: re.Match[str]) -> bool:
    """Whether "... and Alice to review it" continues "Ask Bob to ..."; "... and listen to music" does not."""
    name, verb = inherits["name"], inherits["verb"].lower()
    if " to " not in left and not re.search(r"\b(?:have|let|should|must)\b", left, re.IGNORECASE):
        return False
    if name.lower() in TASK_VERBS or name.lower() in NOT_A_NAME or not is_name(name.strip("@")):
        return False
    return verb in TASK_VERBS or (name[:1].isupper() and verb not in ("the", "a", "an", "our", "my", "all", "be", "every"))


def _begins_wish(text: str, scene: Scene) -> bool:
    """Whether the text is a wish without help: somebody named, or something done to a task."""
    wishes = _wishes(text, scene, False)
    if not wishes:
        return False
    first = wishes[0]
    if isinstance(first, CreateTask):
        return bool(first.assignee) and not re.match(r"(?:he|she|they|it|i|we)\b", text, re.IGNORECASE)
    return not isinstance(first, Talk)


def _wishes(text: str, scene: Scene, bullet: bool) -> list[Intent]:
    """One clause: the first phrasing that fits."""
    question = text.rstrip().endswith("?")
    bare = polite(text)
    if not bare:
        return []
    if talk := read_talk(bare):
        return [talk]
    asks = _WH_ORDER.match(bare)
    forms = [bare] + ([f"{asks['q']} {asks['be']} {asks['ref']}{asks['rest']}"] if asks else [])
    for form in forms:
        for wish in (read_list(form, scene), read_change(form, scene, question=question), read_status(form, scene)):
            if wish:
                return [wish]
    return read_create(bare, scene, bullet=bullet)


def polite(text: str) -> str:
    """The text without greeting, politeness and closing punctuation."""
    text = without_greeting(text).strip(" .,;:!?")
    for _ in range(6):
        if not (match := _POLITE.match(text)):
            break
        text = text[match.end() :].strip(" ,")
    for _ in range(2):
        if tail := _AFTERTHOUGHT.search(text):
            text = text[: tail.start()].strip(" .,;:!?")
    return text


def _speaking_of(wishes: list[Intent], scene: Scene) -> Scene:
    """The scene after these wishes: "... and remind him to" means the one just named."""
    named = [wish.assignee for wish in wishes if isinstance(wish, CreateTask) and wish.assignee]
    return replace(scene, last_person=named[-1]) if named else scene


def _heading_name(match: re.Match[str]) -> str:
    name = (match["name"] or match["who"] or "").strip()
    return name if is_name(name) else ""

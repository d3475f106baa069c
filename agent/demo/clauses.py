"""One sentence -> what it wants: cut where a second wish begins, each clause read by the first phrasing that fits."""

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.demo.changes import read_change
from agent.demo.create import read_create
from agent.demo.intents import CreateTask, Intent, Talk
from agent.demo.limits import CLAUSES_MAX
from agent.demo.lists import read_list
from agent.demo.names import is_name
from agent.demo.phrases import REF, STATUS, phrase
from agent.demo.politeness import plain
from agent.demo.questions import read_status
from agent.demo.scene import Scene
from agent.demo.topics import read_talk
from agent.demo.vocabulary import NOT_A_NAME, TASK_VERBS

_JOINT = re.compile(r"[,;]? (?:and|then|but)(?: then| also)? |; (?![\w ]{2,14} ?:)|, (?=[A-Z@])", re.IGNORECASE)
_PERSON_TO = re.compile(r"(?P<name>@?[^\W\d_][\w.'-]{0,30}(?: [A-Z][\w.'-]{0,30}){0,2}) to (?P<verb>[a-z-]+)\b", re.IGNORECASE)
_DELEGATES = re.compile(r"\b(?:to|have|let|should|must)\b", re.IGNORECASE)
_SAME_PERSON = re.compile(r"(?:he|she|they|it|i|we)\b", re.IGNORECASE)
_TO_WHOM = re.compile(r"(?:assign|give) (?:it|this|that) to\b", re.IGNORECASE)
_MARKS = re.compile(r"(?:please )?(?:mark|flag|set)\b", re.IGNORECASE)
_AS_STATUS = phrase(rf"{REF} as {STATUS}")
_WH = "(?:what|how|when|who|where) "
_ORDER = "(?P<ref>.{2,80}?) (?P<be>is|are|was)(?P<rest> .*|$)"
_INDIRECT_WH = re.compile(rf"(?P<q>{_WH}){_ORDER}", re.IGNORECASE)
_INDIRECT = re.compile(rf"(?P<q>(?:{_WH})?){_ORDER}", re.IGNORECASE)


def read_sentence(text: str, scene: Scene, *, bullet: bool) -> list[Intent]:
    """The wishes in a sentence. ``bullet``: it is an item of a list, so even a bare "X" is something to do."""
    parts, start = [], 0
    for joint in list(_JOINT.finditer(text))[:CLAUSES_MAX]:
        left, right = text[start : joint.start()], text[joint.end() :]
        if _continues(left, right) or _begins_wish(read_clause(left, scene, bullet=bullet), right, scene):
            parts.append(left)
            start = joint.end()
    wishes: list[Intent] = []
    for part in [*parts, text[start:]]:
        here = speaking_of(wishes, scene)
        found = read_clause(part, here, bullet=bullet)
        if wishes and _PERSON_TO.match(part) and not found:  # "... and Alice to write the docs"
            found = read_clause(f"ask {part}", here, bullet=bullet)
        elif wishes and not found and _AS_STATUS.match(part):  # "... and the second as cancelled"
            found = read_clause(f"mark {part}", here, bullet=bullet)
        wishes += found
    return wishes


def read_clause(text: str, scene: Scene, *, bullet: bool) -> list[Intent]:
    """The wish of one clause; a new task for two people is two."""
    question = text.rstrip().endswith("?")
    bare = plain(text)
    if talk := read_talk(bare):
        return [talk]
    for form in (bare, *_asked_directly(bare, question)):
        wish = read_list(form, scene) or read_change(form, scene, question=question) or read_status(form, scene)
        if wish:
            return [wish]
    return read_create(bare, scene, bullet=bullet) if bare else []


def speaking_of(wishes: Sequence[Intent], scene: Scene) -> Scene:
    """The scene after these wishes: "... and remind him to" means the one just named."""
    named = [wish.assignee for wish in wishes if isinstance(wish, CreateTask) and wish.assignee]
    return replace(scene, last_person=named[-1]) if named else scene


def _continues(left: str, right: str) -> bool:
    """Whether "... and Alice to review it" continues "Ask Bob to ..."; "... and listen to music" does not."""
    if _MARKS.match(left) and _AS_STATUS.match(right):
        return True
    match = _PERSON_TO.match(right)
    if match is None or not _DELEGATES.search(left):
        return False
    name, verb = match["name"].strip("@"), match["verb"].lower()
    if name.lower() in TASK_VERBS or name.lower() in NOT_A_NAME or not is_name(name):
        return False
    return verb in TASK_VERBS or (name[:1].isupper() and verb not in NOT_A_NAME)


def _begins_wish(left: Sequence[Intent], right: str, scene: Scene) -> bool:
    """Whether what follows a wish is one without help: somebody named, or something done to a task."""
    if not left or _SAME_PERSON.match(right):
        return False
    wishes = read_clause(right, speaking_of(left, scene), bullet=False)
    if not wishes or isinstance(wishes[0], Talk):
        return False
    if isinstance(wishes[0], CreateTask):
        return bool(wishes[0].assignee)
    # "create a task to X and assign it to Bob" is one wish.
    return not (_TO_WHOM.match(right) and isinstance(left[-1], CreateTask))


def _asked_directly(text: str, question: bool) -> list[str]:
    """ "what the status of it is" as "what is the status of it", "(if) it is done?" as "is it done"."""
    pattern = _INDIRECT if question else _INDIRECT_WH
    match = pattern.match(text)
    return [f"{match['q']}{match['be']} {match['ref']}{match['rest']}"] if match else []

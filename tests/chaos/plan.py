"""What will be said and what will break, from the seed alone: the same seed makes the same messages and the same faults.

Pure. When things happen is up to the machine: a replay repeats the plan, not the race.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

Policy = Literal["queue", "reject", "interrupt"]
Effects = Literal["keep", "undo"]
TASK = "{task}"  # in a message: the id of a task its user has, known only once it is sent


@dataclass(frozen=True)
class StepPlan:
    """One model call as scripted: its text, and the calls of tools it makes."""

    text: str = ""
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()

    def calls(self, task: str) -> list[tuple[str, dict[str, Any]]]:
        """The calls as the endpoint makes them, for a user who has ``task``."""
        return [(name, json.loads(json.dumps(arguments).replace(TASK, task))) for name, arguments in self.tools]


@dataclass(frozen=True)
class Said:
    """One message and what its user does meanwhile. ``drops``: leave after so many frames, connection by connection.

    ``faulty``: the endpoint misbehaves once. ``pace``: seconds between two words.
    """

    mark: str
    conversation: str
    steps: tuple[StepPlan, ...]
    policy: Policy = "queue"
    pace: float = 0.0
    fault: str = ""
    drops: tuple[int, ...] = ()
    second_reader: bool = False
    half_open: bool = False
    cancel_after: int | None = None
    effects: Effects = "keep"
    asks_again: bool = False
    lead: float = 0.0

    @property
    def needs_task(self) -> bool:
        return any(TASK in json.dumps(arguments) for step in self.steps for _, arguments in step.tools)

    def text(self, task: str = "") -> str:
        """The message with its directives to the scripted endpoint."""
        return self.mark + "".join(" " + self._directive(n, step, task) for n, step in enumerate(self.steps))

    def _directive(self, number: int, step: StepPlan, task: str) -> str:
        parts = [f"text={json.dumps(step.text)}"] if step.text else []
        parts += [f"tool={name} args={json.dumps(arguments)}" for name, arguments in step.calls(task)]
        parts += [f"delay={round(self.pace * 1000)}ms"] if self.pace else []
        parts += [self.fault] if self.fault and number == 0 else []
        return f"[[script: {' '.join(parts)}]]"


@dataclass(frozen=True)
class Request:
    """A task asked for without a conversation, so many times over."""

    name: str
    times: int


@dataclass(frozen=True)
class Round:
    """What a user does before pausing for ``pause`` seconds: messages close upon each other, perhaps a task."""

    messages: tuple[Said, ...]
    request: Request | None
    pause: float


def rounds(seed: int, phase: str, user: int, *, calm: bool, undo: bool) -> Iterator[Round]:
    """Without end. ``calm`` leaves out whatever makes a second model call or a second start right."""
    random = Random(f"{seed}/{phase}/{user}")
    number = 0
    while True:
        said: list[Said] = []
        conversation = random.choice(("main", "main", "side"))
        for place in range(random.choice((1, 1, 1, 1, 2, 3))):
            number += 1
            mark = f"mark-{seed}-{phase}-{user}-{number}"
            said.append(_said(random, mark, conversation, place, calm=calm, undo=undo))
        asked = Request(f"{phase}-{user}-{number}", random.choice((1, 2, 3))) if random.random() < 0.1 else None
        yield Round(tuple(said), asked, random.uniform(0.3, 2.0))


def _said(random: Random, mark: str, conversation: str, place: int, *, calm: bool, undo: bool) -> Said:
    steps = _steps(random, mark)
    frames = 4 + sum(len(step.text.split()) for step in steps)
    said = Said(
        mark,
        conversation,
        steps,
        pace=random.choice((0.0, 0.01, 0.02, 0.04, 0.06)),
        drops=tuple(random.randint(1, frames) for _ in range(random.choice((0, 0, 0, 1, 2, 3)))),
        second_reader=random.random() < 0.4,
        asks_again=random.random() < 0.2,
        lead=place * random.uniform(0.0, 0.4),
    )
    if calm:
        return said
    return replace(
        said,
        policy=random.choice(("queue", "queue", "reject", "interrupt")) if place else "queue",
        fault=random.choice(_FAULTS) if random.random() < 0.06 else "",
        half_open=random.random() < 0.25,
        cancel_after=random.randint(0, frames) if random.random() < 0.15 else None,
        effects=random.choice(("keep", "undo")) if undo else "keep",
    )


_FAULTS = ("fault=cut after=2 times=1", "fault=reset after=1 times=1", "fault=500 times=1", "fault=429 retry_after=0.2 times=1")
_WORDS = ("naïve", "日本語", "👩‍👩‍👧‍👦", "line\nend", "data: x", "tab\there", "plain", "words", "and", "more", "\u2028odd")


def _text(random: Random, most: int) -> str:
    return " ".join(random.choice(_WORDS) for _ in range(random.randint(1, most)))


def _steps(random: Random, mark: str) -> tuple[StepPlan, ...]:
    last = StepPlan(_text(random, 20) + ".")
    match random.choice(("plain", "plain", "plain", "long", "create", "create", "two", "change", "look")):
        case "long":
            return (StepPlan(" ".join(f"w{n}" for n in range(random.randint(40, 80)))),)
        case "create":
            return StepPlan(tools=(_create(mark, 0),)), last
        case "two":
            return StepPlan(_text(random, 5), (_create(mark, 0), _create(mark, 1))), last
        case "change":
            people = (("assign_task", {"task_id": TASK, "assignee": f"{name} of {mark}"}) for name in ("Ann", "Bea"))
            status = ("update_task_status", {"task_id": TASK, "status": "in_progress"})
            return StepPlan(tools=(*people, status)), last
        case "look":
            return StepPlan(tools=(_create(mark, 0),)), StepPlan("Looking.", (("list_tasks", {"limit": 5}),)), last
        case _:
            return (StepPlan(_text(random, 40)),)


def _create(mark: str, number: int) -> tuple[str, dict[str, Any]]:
    arguments = {"title": f"Task {number} of {mark}", "description": f"What {mark} wants.", "assignee": "Bob"}
    return "create_task", {**arguments, "deadline_seconds": 86_400}

"""What a person can want from the demo model. Values only; phrasings make them, actions carry them out."""

from dataclasses import dataclass

from agent.demo.deadlines import Deadline


@dataclass(frozen=True)
class Reference:
    """How a task was referred to. At most one of the fields says which; none means "it".

    Attributes:
        words: What was said of it, for answers and for matching titles.
        task_id: An id that was spelled out.
        ordinal: "the second one" is 2, "the last one" is -1.
        newest: "the latest task".
        group: "them", "both": the tasks of the last answer.
        every: "all my tasks".
        person: Who was said to work on it; settles which of several.
        choices: Ids to choose from, when this answers "which one?".
    """

    words: str = ""
    task_id: str | None = None
    ordinal: int | None = None
    newest: bool = False
    group: bool = False
    every: bool = False
    person: str = ""
    choices: tuple[str, ...] = ()

    @property
    def pronoun(self) -> bool:
        """Whether it is just "it"."""
        return not (self.words or self.task_id or self.ordinal or self.newest or self.group or self.every)


@dataclass(frozen=True)
class CreateTask:
    """``subject`` is what to do ("review the auth PR"), ``detail`` what else was said; an empty one is asked for."""

    subject: str = ""
    detail: str = ""
    assignee: str = ""
    deadline: Deadline | None = None


@dataclass(frozen=True)
class ChangeStatus:
    """Complete, start, cancel: one of the statuses of a task."""

    reference: Reference
    status: str


@dataclass(frozen=True)
class Reassign:
    """Give a task to someone; an empty assignee is asked for."""

    reference: Reference
    assignee: str


@dataclass(frozen=True)
class AskStatus:
    """How a task stands; ``workflow`` when its workflow was asked for."""

    reference: Reference
    workflow: bool = False


@dataclass(frozen=True)
class ListTasks:
    """``status`` is one of the statuses, or "open" for all that are not final."""

    status: str = ""
    assignee: str = ""
    due: str = ""


@dataclass(frozen=True)
class Undo:
    """Take back the last thing done."""


@dataclass(frozen=True)
class Talk:
    """Nothing to do but to answer; ``topic`` names the answer."""

    topic: str
    words: str = ""


Intent = CreateTask | ChangeStatus | Reassign | AskStatus | ListTasks | Undo | Talk

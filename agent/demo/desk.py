"""Tool calls as if they were answered at once: a call already made in this turn returns its result, any other stops the action.

An action therefore runs from its start in every request of the turn, like a workflow that is replayed, and needs no state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.demo.conversation import Call, Conversation, Facts, Json, Turn
from agent.demo.memory import Task, known, tasks_of

_CHANGES = frozenset({"create_task", "update_task_status", "assign_task"})


@dataclass(frozen=True)
class Wanted:
    """A tool call to be made."""

    name: str
    arguments: dict[str, Any]


class Needs(Exception):
    """The action cannot go on before these calls are made; ``saying`` is said along with them."""

    def __init__(self, calls: Sequence[Wanted], saying: str = "") -> None:
        super().__init__(saying)
        self.calls, self.saying = calls, saying


class Unclear(Exception):
    """The action ends with this text: a question, or why it cannot be done."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class Desk:
    """What an action works with in one request."""

    conversation: Conversation
    used: list[int] = field(default_factory=list[int])

    @property
    def facts(self) -> Facts:
        """The moment and the user."""
        return self.conversation.facts

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of this turn so far."""
        return self.conversation.turns[-1].calls

    def known(self) -> dict[str, Task]:
        """Every task heard of so far. Of this turn only what was used: a replay must see what the first run saw."""
        used = Turn("", [self.calls[index] for index in sorted(set(self.used))])
        return known([*self.conversation.turns[:-1], used])

    def just_created(self) -> list[Task]:
        """Tasks made by the wishes before this one in the same message."""
        return [task for index in self.used if self.calls[index].name == "create_task" for task in tasks_of(self.calls[index])]

    def do(self, wanted: Sequence[Wanted], *, fresh: bool = False, saying: str = "") -> list[Json]:
        """The results of the calls, in order. ``fresh``: a look from before this turn's changes is no use."""
        missing = [call.name for call in wanted if call.name not in self.conversation.tools]
        if missing:
            raise Unclear(f"I cannot do that here: the tool {missing[0]} is not available to me in this request.")
        found = [self._find(call, fresh) for call in wanted]
        needed = [call for call, index in zip(wanted, found, strict=True) if index is None]
        if needed:
            raise Needs(needed, saying)
        return [self.calls[index].result or {} for index in found if index is not None]

    def diverged(self) -> bool:
        """Whether this turn changed something that its wishes, read again, do not account for."""
        return any(call.name in _CHANGES and index not in self.used for index, call in enumerate(self.calls))

    def _find(self, wanted: Wanted, fresh: bool) -> int | None:
        change = wanted.name in _CHANGES
        after = max((i for i in self.used if self.calls[i].name in _CHANGES), default=-1) if fresh else -1
        for index, call in enumerate(self.calls):
            if index <= after or (change and index in self.used):
                continue
            if call.name == wanted.name and _identity(call.name, call.arguments) == _identity(wanted.name, wanted.arguments):
                self.used.append(index)
                return index
        return None


def _identity(name: str, arguments: Json) -> Json:
    """What makes two calls the same. Not a deadline: it moves with the clock between the steps of one turn."""
    if name == "create_task":
        return {key: arguments.get(key) for key in ("title", "assignee")}
    return dict(arguments)

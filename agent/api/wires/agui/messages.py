"""Messages as this wire has them. Their ids follow from the turn: the same in a stream, a snapshot and the history."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ag_ui.core import AssistantMessage, FunctionCall, Message, ToolCall, ToolMessage, UserMessage

from agent.domain import ids
from agent.domain.events import ToolCalled
from agent.domain.turn_view import HistoryTurn

Json = dict[str, Any]
_OF_USER = "user-"


def message_id(turn_id: str, step: int) -> str:
    """The message that one step says."""
    return f"msg-{turn_id}-{step}"


def turn_of_user_message(identity: str, conversation: str) -> str | None:
    """The turn of that conversation whose user message has that id here; None for an id that a client made."""
    turn_id = identity.removeprefix(_OF_USER)
    parsed = ids.parse_turn_id(turn_id)
    return turn_id if identity.startswith(_OF_USER) and parsed and parsed.conversation == conversation else None


def result_id(call_id: str) -> str:
    """The message that holds a call's result."""
    return f"result-{call_id}"


def activity_id(call_id: str) -> str:
    """The message that shows how far a call's task is."""
    return f"task-{call_id}"


def arguments_text(arguments: Json | str) -> str:
    """As the model would have written them."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def result_text(result: Json) -> str:
    """A tool's result as the content of a message, in the very words in which the history has it."""
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


@dataclass
class StepTold:
    """What was told of one step: its text, the calls it made, their results."""

    text: list[str] = field(default_factory=list[str])
    calls: list[ToolCalled] = field(default_factory=list[ToolCalled])
    results: dict[str, Json] = field(default_factory=dict[str, Json])

    def messages(self, turn_id: str, step: int) -> Iterator[Message]:
        """The assistant's message, then a message for each result."""
        if self.text or self.calls:
            calls = [_call(c.call_id, c.name, arguments_text(c.arguments)) for c in self.calls]
            yield _assistant(message_id(turn_id, step), "".join(self.text), calls)
        for call_id, result in self.results.items():
            yield ToolMessage(id=result_id(call_id), content=result_text(result), tool_call_id=call_id)


def stored_messages(turns: Iterable[HistoryTurn]) -> Iterator[Message]:
    """What is stored of turns, oldest first; a former answer to a message that was answered anew is not among it."""
    for turn in turns:
        if turn.regenerated_by is not None:
            continue
        step = 0
        for message in turn.messages:
            match message.role:
                case "user":
                    yield UserMessage(id=_OF_USER + turn.turn_id, content=message.content)
                case "tool" if message.call_id:
                    yield ToolMessage(id=result_id(message.call_id), content=message.content, tool_call_id=message.call_id)
                case "assistant":
                    calls = [_call(c.call_id, c.name, c.arguments) for c in message.tool_calls]
                    yield _assistant(message_id(turn.turn_id, step), message.content, calls)
                    step += 1
                case _:
                    continue


def _assistant(identity: str, text: str, calls: list[ToolCall]) -> AssistantMessage:
    return AssistantMessage(id=identity, content=text, tool_calls=calls or None)


def _call(call_id: str, name: str, arguments: str) -> ToolCall:
    return ToolCall(id=call_id, function=FunctionCall(name=name, arguments=arguments))

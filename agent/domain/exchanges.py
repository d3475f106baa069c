"""Stored turns as the model is told them: each exchange once, however often it was answered, and nothing uncontradicted.

A regenerated turn is no exchange of its own any more: its successor has the same user message. Its answer is not sent; what it
did is, as the tool calls and results it did it with, so that the next answer neither repeats nor denies it.
"""

import json
from collections.abc import Sequence

from agent.domain.context import Exchange
from agent.domain.messages import Message, ToolCall, Value
from agent.domain.model_messages import paired
from agent.domain.turn_record import TurnRecord
from agent.domain.undo import Command, changes_of, told_to_model


class TaskEffect(Value):
    """What a turn's tools did to one task, or may have done: calls without a result count, refused ones do not."""

    task_id: str
    what: tuple[Command, ...]


def effects(turn: TurnRecord) -> tuple[TaskEffect, ...]:
    """The turn's effects by task, in the order of its calls; an undo that came later is not taken off."""
    refused = {result.call_id for step in turn.steps for result in step.results if _without_effect(result)}
    calls = ((n, c) for n, step in enumerate(turn.steps) for c in step.message.tool_calls if c.call_id not in refused)
    return tuple(
        TaskEffect(task_id=of_task.task_id, what=tuple(change.command for change in of_task.calls))
        for of_task in changes_of(turn.turn_id, calls)
    )


def told(turns: Sequence[TurnRecord], current: TurnRecord | None) -> tuple[list[Exchange], tuple[Message, ...]]:
    """The ended ones of ``turns`` as exchanges, and the messages of ``current``, the turn behind them, as the model sees it.

    ``turns`` are oldest first and begin at the start of a row of alternatives. A regenerated turn is marked as such.
    """
    exchanges: list[Exchange] = []
    carried: tuple[Message, ...] = ()  # what the former answers to the next turn's message did
    for turn, after in zip(turns, [*turns, current][1:], strict=True):
        regenerated = after is not None and after.regenerates == turn.turn_id
        if turn.ended:
            said = exchange_messages(turn, () if regenerated else carried)
            exchanges.append(Exchange(number=turn.number, turn_id=turn.turn_id, messages=said, regenerated=regenerated))
        carried = (*carried, *_done_by(turn)) if regenerated else ()
    return exchanges, _behind_its_user(carried, current.messages()) if current else ()


def exchange_messages(turn: TurnRecord, carried: tuple[Message, ...] = ()) -> tuple[Message, ...]:
    """What the model is told of an earlier turn; one without an answer, or that was undone, ends with a note that says so."""
    messages, notes = _behind_its_user(carried, turn.messages()), list[str]()
    if turn.status != "completed" and turn.interrupted is None:
        notes.append(f"(No answer: {turn.failure.code if turn.failure else turn.status}.)")
    if turn.undo is not None and (undone := told_to_model(turn.undo)):
        notes.append(undone)
    if not notes:
        return messages
    if turn.interrupted is not None:  # in the same message: strict servers take no two of the assistant in a row
        *messages, last = messages
        return (*messages, _with_note(last, "\n\n" + " ".join(notes)))
    note = Message(role="assistant", content="", created_at=turn.ended_at or "", estimated=True)
    return (*messages, _with_note(note, " ".join(notes)))


def _done_by(turn: TurnRecord) -> tuple[Message, ...]:
    """The turn's steps that may have changed something, with their results; what was undone is told in the last of these."""
    said: list[Message] = []
    for step in turn.steps:
        if any(_changes(turn, call) for call in step.message.tool_calls):
            said += paired((step.message, *step.results))
    if said and turn.undo is not None and (undone := told_to_model(turn.undo)):
        said[-1] = _with_note(said[-1], "\n" + undone)  # not in a message of its own: an answer must follow a result
    return tuple(said)


def _changes(turn: TurnRecord, call: ToolCall) -> bool:
    return bool(changes_of(turn.turn_id, [(0, call)]))


def _without_effect(result: Message) -> bool:
    came = json.loads(result.content)
    return not result.ok or (isinstance(came, dict) and came.get("status") == "rejected")  # by its workflow: no task was made


def _behind_its_user(carried: tuple[Message, ...], messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return (messages[0], *carried, *messages[1:])


def _with_note(message: Message, note: str) -> Message:
    tokens = message.tokens + -(-len(note.encode()) // 4)
    return message.model_copy(update={"content": message.content + note, "tokens": tokens, "estimated": True})

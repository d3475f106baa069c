"""What the stock AG-UI client makes of streams that a test has made: its parser, its verifier, its reducer."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ag_ui.core import BaseEvent, Message, UserMessage
from ag_ui.encoder import EventEncoder

from agent.api.wires.agui.projection import Run, RunEvents
from agent.api.wires.agui.tasks import TaskState
from agent.domain.events import LogEntry
from agent.domain.task import Task
from tests.wire.node import Script
from tests.wire.turn_events import TURN

ASKED = UserMessage(id="u-1", content="hi")


def projection(before: Sequence[Message] = (ASKED,), tasks: Iterable[Task] = ()) -> RunEvents:
    return RunEvents(Run("main", "run-1", TURN, tuple(before)), TaskState("local", tasks))


def fresh(entries: Iterable[LogEntry], **given: Any) -> list[BaseEvent]:
    """The run as who asked for it sees it."""
    events = projection(**given)
    return [*events.begin(), *(event for entry in entries for event in events.feed(entry))]


def joined(entries: Sequence[LogEntry], known: int, **given: Any) -> list[BaseEvent]:
    """The run as somebody sees it who joins when the log has ``known`` entries."""
    events = projection(**given)
    return [*events.join(entries[:known]), *(event for entry in entries[known:] for event in events.feed(entry))]


HAD = [ASKED.model_dump(mode="json", by_alias=True)]


def asked_of(stream: Iterable[BaseEvent], messages: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What ``agui_streams.mjs`` is asked: a stream, and the messages the client had before; by default what the user asked."""
    encode = EventEncoder().encode
    return {"messages": messages or HAD, "body": "".join(encode(event) for event in stream), "sizes": [1_000]}


def client_sees(*streams: list[BaseEvent], messages: Sequence[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """For each stream what a client has in the end."""
    with Script("agui_streams.mjs") as running:
        return [running.ask(asked_of(stream, messages)) for stream in streams]


def texts(seen: dict[str, Any]) -> list[str]:
    """What each message of the assistant says."""
    return [message["content"] for message in seen["messages"] if message["role"] == "assistant" and message.get("content")]


def activities(seen: dict[str, Any]) -> dict[str, Any]:
    """What each activity shows by its message's id."""
    return {message["id"]: message["content"] for message in seen["messages"] if message["role"] == "activity"}


def results(seen: dict[str, Any]) -> dict[str, Any]:
    """Each call's result by its id."""
    told = [message for message in seen["messages"] if message["role"] == "tool"]
    assert len({message["id"] for message in told}) == len(told), "a result twice"
    return {message["toolCallId"]: json.loads(message["content"]) for message in told}

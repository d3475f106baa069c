"""One turn in the terminal: say something, follow the stream, and get the answer even when the stream breaks."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from agent.local.chat_client import ChatClient, Refused
from agent.local.chat_view import ChatView
from agent.local.sse import Frame

_POLL_INTERVAL = 0.5
_UNREACHABLE_MAX = 60.0  # a restart takes a few seconds, and up to half a minute after a crash
_ENDINGS = ("turn.completed", "turn.failed", "turn.cancelled")


@dataclass(frozen=True)
class Ending:
    """How a turn ended; ``text`` is the answer or the reason."""

    status: Literal["completed", "failed", "cancelled"]
    text: str


class Lost(Exception):
    """The service did not come back in time. The turn goes on there; ``turn_id`` names it."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(turn_id)
        self.turn_id = turn_id


def take_turn(client: ChatClient, view: ChatView, message: str) -> Ending:
    """Raises Refused, Lost, and httpx.TransportError when the message did not get through."""
    turn_id = ""
    try:
        with client.say(message) as (turn_id, stream):
            for frame in stream:
                if frame.event in _ENDINGS:
                    return _shown(view, _from_frame(frame), streamed=view.live)
                view.show(frame)
    except httpx.TransportError:
        if not turn_id:
            raise
    view.note("the stream broke; waiting for the answer")
    return _shown(view, _poll(client, turn_id), streamed=False)


def _shown(view: ChatView, ending: Ending, *, streamed: bool) -> Ending:
    view.end()
    if ending.status != "completed":
        view.note(f"{ending.status}: {ending.text}" if ending.text else ending.status, "red")
    elif not streamed:
        view.answer(ending.text)
    return ending


def _from_frame(frame: Frame) -> Ending:
    match frame.event:
        case "turn.completed":
            return Ending("completed", frame.data["message"]["content"])
        case "turn.failed":
            return Ending("failed", f"{frame.data['message']} ({frame.data['code']})")
        case _:
            return Ending("cancelled", "")


def _poll(client: ChatClient, turn_id: str) -> Ending:
    deadline = time.monotonic() + _UNREACHABLE_MAX
    while time.monotonic() < deadline:
        try:
            view = client.turn(turn_id)
        except (httpx.TransportError, Refused):  # not back yet, or not ready yet
            pass
        else:
            deadline = time.monotonic() + _UNREACHABLE_MAX
            if view["status"] not in ("queued", "running"):
                return _from_record(view)
        time.sleep(_POLL_INTERVAL)
    raise Lost(turn_id)


def _from_record(turn: dict[str, Any]) -> Ending:
    failure, message = turn["failure"], turn["message"]
    if turn["status"] == "failed":
        return Ending("failed", f"{failure['message']} ({failure['code']})")
    return Ending(turn["status"], message["content"] if message and turn["status"] == "completed" else "")

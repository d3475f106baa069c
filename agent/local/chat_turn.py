"""One turn in the terminal: start it, follow its stream wherever it breaks, and cancel it with Ctrl-C."""

import signal
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from types import FrameType

import httpx

from agent.local.chat_client import ChatClient, Opened, Refused
from agent.local.chat_view import Ending, View
from agent.local.sse import Frame

_PAUSE_FIRST, _PAUSE_MAX = 0.2, 2.0
_UNREACHABLE_MAX = 60.0  # a restart takes a few seconds, and up to half a minute after a crash
_ENDINGS = ("turn.completed", "turn.failed", "turn.cancelled")
_LATER = (429, 503)  # refusals of a service that is about to be ready

Open = Callable[[], AbstractContextManager[Opened]]


class Lost(Exception):
    """The service did not come back in time. The turn goes on there; ``turn_id`` names it."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(turn_id)
        self.turn_id = turn_id


def take_turn(client: ChatClient, view: View, start: Open) -> Ending:
    """The end of the turn that ``start`` opens, shown and told. The first Ctrl-C cancels it.

    ``start`` is repeated when it breaks before it has answered, so it must name a key.

    Raises:
        Refused, Lost.
        httpx.TransportError: nobody was there to begin with.
        KeyboardInterrupt: the second Ctrl-C; the turn is being cancelled.
    """
    following = _Following(client, view, start)
    try:
        with _first_interrupt(following.cancel):
            ending = following.to_the_end()
    except BaseException:
        view.leave()
        raise
    view.finish(ending)
    return ending


class _Following:
    def __init__(self, client: ChatClient, view: View, start: Open) -> None:
        self._client, self._view, self._open = client, view, start
        self._turn_id = self._seen = ""
        self._heard, self._breaks = time.monotonic(), 0

    def to_the_end(self) -> Ending:
        while True:
            try:
                if (ending := self._read()) is not None:
                    return ending
            except httpx.TransportError as broken:
                if not self._turn_id and not self._breaks and isinstance(broken, httpx.ConnectError):
                    raise
            except Refused as refused:
                if not self._turn_id or refused.status not in _LATER:
                    raise
            self._pause()

    def cancel(self) -> bool:
        """Whether there is a turn to cancel; it is done beside, for the stream goes on and tells the end."""
        if self._turn_id:
            Thread(target=self._client.try_cancel, args=(self._turn_id,), daemon=True).start()
        return bool(self._turn_id)

    def _read(self) -> Ending | None:
        """None when the stream broke off. The next one begins behind the last frame that was shown."""
        with self._open() as (self._turn_id, stream):
            self._open = lambda: self._client.follow(self._turn_id, self._seen)
            for frame in stream:
                self._heard, self._breaks = time.monotonic(), 0
                if frame.event in _ENDINGS:
                    return _ending(frame)
                self._view.show(frame)
                self._seen = frame.id
        return None

    def _pause(self) -> None:
        if time.monotonic() - self._heard > _UNREACHABLE_MAX:
            raise Lost(self._turn_id)
        if not self._breaks:
            self._view.note("the stream broke; it goes on when the service is back")
        time.sleep(min(_PAUSE_FIRST * 2**self._breaks, _PAUSE_MAX))
        self._breaks += 1


@contextmanager
def _first_interrupt(cancel: Callable[[], bool]) -> Generator[None]:
    """In here the first Ctrl-C is ``cancel``; the next one, or one that finds nothing to cancel, is KeyboardInterrupt.

    A handler and not the exception, which could hit between showing a frame and noting that it was shown.
    """
    used = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal used
        if used or not cancel():
            raise KeyboardInterrupt
        used = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ending(frame: Frame) -> Ending:
    match frame.event:
        case "turn.completed":
            return Ending("completed", frame.data["message"]["content"])
        case "turn.failed":
            return Ending("failed", f"{frame.data['message']} ({frame.data['code']})")
        case _:
            return Ending("cancelled", "")

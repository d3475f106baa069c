"""One turn in the terminal: start it, follow its stream wherever it breaks, and cancel it with Ctrl-C."""

import signal
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Thread
from types import FrameType

import httpx

from agent.local.chat_client import ChatClient, Opened, Refused
from agent.local.chat_outage import FAILURES, NOT_SENT, Lost, Outage, passes, patiently, waiting_words
from agent.local.chat_view import Ending, View
from agent.local.sse import PING, Frame
from agent.local.undo_words import ordered_words

_ENDINGS = ("turn.completed", "turn.failed", "turn.cancelled")

Open = Callable[[], AbstractContextManager[Opened]]


def take_turn(client: ChatClient, view: View, start: Open, *, patient: bool = True) -> Ending:
    """The end of the turn that ``start`` opens, shown and told. The first Ctrl-C cancels it.

    ``start`` is repeated when it breaks before it has answered, or the service cannot answer now, so it must name a key.
    Who is not ``patient`` wants to know at once when nobody is there to begin with.

    Raises:
        Refused, Lost.
        httpx.TransportError: nobody was there, for as long as that was tried; or there is no way to ask.
        KeyboardInterrupt: the second Ctrl-C; the turn is being cancelled.
    """
    following = _Following(client, view, start, patient)
    try:
        with _first_interrupt(following.cancel):
            ending = following.to_the_end()
    except BaseException:
        view.leave()
        raise
    view.finish(ending)
    return ending


class _Following:
    def __init__(self, client: ChatClient, view: View, start: Open, patient: bool) -> None:
        self._client, self._view, self._open, self._patient = client, view, start, patient
        self._turn_id = self._seen = ""
        self._sent = False  # whether the service may have taken the message in
        self._outage = Outage()

    def to_the_end(self) -> Ending:
        while True:
            failure: Exception | None = None
            try:
                if (ending := self._read()) is not None:
                    return ending
            except FAILURES as error:
                if not self._passes(error):
                    raise
                failure = error
            self._sent = self._sent or not isinstance(failure, NOT_SENT)
            self._pause(failure)

    def cancel(self) -> bool:
        """Whether there is a turn to cancel; it is done beside, for the stream goes on and tells the end."""
        if self._turn_id:
            Thread(target=self._try_cancel, args=(self._turn_id,), name="cancel", daemon=True).start()
        return bool(self._turn_id)

    def _try_cancel(self, turn_id: str) -> None:
        """Also through a restart, after which the turn would go on. Whether it worked is told by the turn's stream."""
        with suppress(Lost, Refused, httpx.TransportError, ValueError, RuntimeError):  # the last: the chat was left meanwhile
            patiently(lambda: self._client.cancel(turn_id, "keep"), str, self._client.url, "")

    def _read(self) -> Ending | None:
        """None when the stream broke off. The next one begins behind the last frame that was shown."""
        with self._open() as (self._turn_id, stream):
            self._open = lambda: self._client.follow(self._turn_id, self._seen)
            for frame in stream:
                self._outage.end()
                if frame is PING:
                    continue
                if frame.event in _ENDINGS:
                    return _ending(frame)
                self._view.show(frame)
                self._seen = frame.id
        return None

    def _passes(self, failure: Exception) -> bool:
        """Too many requests are news to who asks for a turn, but no reason to leave one that is there."""
        if isinstance(failure, Refused):
            return passes(failure) or (failure.status == 429 and bool(self._turn_id))
        return self._patient or self._sent or not isinstance(failure, NOT_SENT)

    def _pause(self, failure: Exception | None) -> None:
        if not self._outage.begun:
            goes_on = "the stream broke; it goes on when the service is back"
            self._view.note(goes_on if self._turn_id else waiting_words(failure, self._client.url))
        if not self._outage.wait(failure):
            raise failure if failure and not self._sent else Lost(self._known())

    def _known(self) -> str:
        if self._turn_id:
            return f"turn {self._turn_id} goes on when it does"
        return "whether it took the message in is not known: /history tells once it is back"


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
            undone = frame.data.get("undo_ordered")  # by whoever cancelled it
            return Ending("cancelled", ordered_words(undone) if undone else "")

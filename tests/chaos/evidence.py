"""What was seen from outside of one message: its turn, every reader's frames, and what its user was told."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from tests.chaos.plan import Said
from tests.integration.client import TERMINAL, Frame

Kind = Literal["lost", "doubled", "torn", "unbilled", "untrue", "half done", "unavailable", "restless"]


class Complaint(NamedTuple):
    """What broke, and where.

    ``lost``: not answered, not kept, or not to be read any more; ``doubled``: happened or told twice; ``torn``: a stream with
    a gap or a wrong end; ``unbilled``: model calls that no epoch accounts for; ``untrue``: told is not stored, or refused is
    done; ``half done``: a saga, or an undo; ``unavailable``: nobody took a message for GIVE_UP seconds, so that it was never
    acknowledged; ``restless``: kept every promise, but had to try twice, or to tell from the record, though nothing was hurt.
    """

    kind: Kind
    where: str
    why: str


@dataclass
class Seen:
    """What one reader got over all its connections. ``complaints``: what no stream may do, noticed while reading."""

    name: str
    frames: list[Frame] = field(default_factory=list[Frame])
    complaints: list[str] = field(default_factory=list[str])
    connections: int = 0
    ended: bool = False


@dataclass
class Message:
    """One message on its way. Times are ``time.monotonic()``, but for ``said_at`` and ``asked_at``, which are ``time.time()``.

    ``task``: the one it asks to change. ``turn_ids``: what its requests were answered with; more than one is a violation.
    ``refused``: with which code the request sent at ``asked_at``, its newest, was; ``unanswered``: how many had no answer, or
    one that tells nothing, so that they may still arrive; ``came_late``: one did, behind the one that was refused.
    ``newest``: how far any reader has come.
    ``log_away``: Redis was hurt meanwhile, so that a reader may have been told the end from the record alone.
    ``cancelled``: what each request to cancel was answered with. ``interruptible``: another one may take its place.
    """

    said: Said
    user: str
    text: str
    interruptible: bool = False
    task: str = ""
    turn_ids: set[str] = field(default_factory=set[str])
    refused: str = ""
    asked_at: float = 0.0
    unanswered: int = 0
    came_late: bool = False
    readers: list[Seen] = field(default_factory=list[Seen])
    cancelled: list[str] = field(default_factory=list[str])
    record: dict[str, Any] = field(default_factory=dict[str, Any])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    newest: tuple[int, int] = (0, -1)
    moved_at: float = 0.0
    said_at: float = field(default_factory=time.time)
    log_away: bool = False
    started: bool = False
    ended: bool = False

    @property
    def turn_id(self) -> str:
        return next(iter(self.turn_ids), "")

    @property
    def where(self) -> str:
        """To find it again in the logs."""
        return f"{self.said.mark} ({self.user}, {self.turn_id})"

    def saw(self, frame: Frame) -> None:
        """Takes note of a frame that some reader got: the turn's visible progress."""
        place = place_of(frame)
        if place > self.newest:
            self.newest, self.moved_at = place, time.monotonic()
        self.started |= frame.event != "turn.queued"
        self.ended |= frame.event in TERMINAL

    def complain(self, kind: Kind, why: str) -> None:
        self.complaints.append(Complaint(kind, self.where, why))


def place_of(frame: Frame) -> tuple[int, int]:
    """(epoch, seq) of a frame's id."""
    epoch, seq = frame.id.rsplit("/", 1)[1].split("-")
    return int(epoch), int(seq)


@dataclass
class Times:
    """Measured on the way, in seconds.

    ``gaps``: from the first attempt to resume to the next frame, where one was there to get, or else to the open stream.
    ``cancels``: from the request to cancel to the end of the provider's stream.
    """

    gaps: list[float] = field(default_factory=list[float])
    cancels: list[float] = field(default_factory=list[float])

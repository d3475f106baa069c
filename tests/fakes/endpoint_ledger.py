"""What the scripted endpoint remembers of a request."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Record:
    """One request to the model. Times are ``time.time()``: comparable across the processes of one machine.

    ``finished``: everything was sent; ``disconnected``: the client left before that. ``peer``: the client's port.
    """

    number: int
    body: dict[str, Any]
    authorization: str
    peer: int = 0
    started: float = field(default_factory=time.time)
    attempt: int = 1
    step: dict[str, Any] = field(default_factory=dict[str, Any])
    sent: int = 0
    finished: float | None = None
    disconnected: float | None = None

"""What a sentence is read against."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Scene:
    """The time, who speaks, and who was spoken of last."""

    now: datetime
    user: str
    last_person: str = ""

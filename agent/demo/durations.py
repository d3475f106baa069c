"""Durations: "two hours", "half an hour", "1h 30m", "a week". A duration is seconds; what follows it is the caller's."""

import re
from dataclasses import dataclass

from agent.demo.limits import DEADLINE_SECONDS_MAX

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 7 * 86_400
_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK, "f": 2 * WEEK, "mo": 30 * DAY, "y": 365 * DAY}
_NUMBERS = {
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "two": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
    "seven": 7.0,
    "eight": 8.0,
    "nine": 9.0,
    "ten": 10.0,
    "eleven": 11.0,
    "twelve": 12.0,
    "fifteen": 15.0,
    "twenty": 20.0,
    "thirty": 30.0,
    "forty": 40.0,
    "forty-five": 45.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "ninety": 90.0,
    "half a": 0.5,
    "half an": 0.5,
    "a quarter of an": 0.25,
    "quarter of an": 0.25,
    "three quarters of an": 0.75,
    "a couple of": 2.0,
    "a few": 3.0,
    "the": 1.0,  # "within the hour"
}
_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_UNIT = (
    r"(seconds?|secs?|minutes?|mins?|hours?|hrs?|fortnights?|(?:working |business )?days?|weeks?|months?|years?|mo|[smhdwy])"
)
_PART = re.compile(
    rf"(?:(?:about|around|roughly|the next|the) )?(?:({_NUMBER})(?: more)? ?|(\d{{1,6}}(?:\.\d{{1,3}})?)[ -]?)(and a half )?"
    rf"{_UNIT}(?![a-z'])( and a half)?",
    re.IGNORECASE,
)
_JOINT = re.compile(r"(?:,? and |, | )?")


@dataclass(frozen=True)
class Duration:
    """``calendar``: counted in whole days or more, so it keeps the time of day across a change of the clocks."""

    seconds: int
    end: int
    calendar: bool


def duration_at(text: str, start: int) -> Duration | None:
    """The duration that begins at ``start``, its parts added up ("1 hour and 30 minutes")."""
    total, smallest, end = 0.0, float("inf"), start
    while part := _PART.match(text, end if end == start else _after_joint(text, end)):
        unit = _unit_seconds(part[4].lower())
        spaced_letter = len(part[4]) == 1 and text[part.start(4) - 1] == " "  # "by 5 d..." is no duration, "5d" is
        if spaced_letter or unit >= smallest:  # "in two hours, one week ..." is no sum
            break
        number = _NUMBERS[part[1].lower()] if part[1] else float(part[2])
        total += (number + (0.5 if part[3] or part[5] else 0.0)) * unit
        smallest, end = unit, part.end()
    if end == start or not 1 <= total <= DEADLINE_SECONDS_MAX:
        return None
    return Duration(int(total), end, calendar=smallest >= DAY)


def _after_joint(text: str, end: int) -> int:
    joint = _JOINT.match(text, end)
    return joint.end() if joint else end


def _unit_seconds(word: str) -> int:
    if word.startswith(("working", "business")):
        return DAY
    if word.startswith("mo"):
        return _UNITS["mo"]
    return _UNITS[word[0]]

"""Times of day: "5pm", "17:00", "noon", "in the morning". Knows nothing of dates.

A time is minutes after midnight; 24:00 is the midnight that ends a day.
"""

import re
from dataclasses import dataclass

NOON = 12 * 60
MIDNIGHT = 24 * 60
WORKDAY_END = 17 * 60  # a bare day, "end of day": when people go home
DAY_END = 24 * 60 - 1

_NAMED = {
    "noon": NOON,
    "midday": NOON,
    "lunch": NOON,
    "lunchtime": NOON,
    "midnight": MIDNIGHT,
    "morning": 9 * 60,
    "afternoon": 15 * 60,
    "evening": 19 * 60,
    "night": 21 * 60,
    "eod": WORKDAY_END,
    "cob": WORKDAY_END,
    "end of day": WORKDAY_END,
    "end of business": WORKDAY_END,
    "close of business": WORKDAY_END,
}
_NAME = re.compile(
    r"(?:(?:in the|this|the) )?(?:(noon|midday|lunchtime|lunch|midnight|morning|afternoon|evening|night|eod|cob)"
    r"|(end|close) of (?:the )?(?:work |working )?(day|business))\b(?!['-])",
    re.IGNORECASE,
)
_TWELVE = re.compile(r"(\d{1,2})(?:[:.](\d{2}))? ?([ap])\.?m\b\.?", re.IGNORECASE)
_TWENTY_FOUR = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])(?: ?(?:h|hrs|o'clock)\b)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2}) ?(?:h|o'clock)\b", re.IGNORECASE)
_BARE = re.compile(
    r"(\d{1,2})(?=$|[,;!?)]|\.(?:\s|$)| (?:on|today|tomorrow|tonight|sharp|to|and|in the|mon|tue|wed|thu|fri|sat|sun))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Time:
    """``named`` times ("this morning") need no preposition to be understood as a time."""

    minutes: int
    end: int
    named: bool = False


def time_at(text: str, start: int, *, bare_hour: bool) -> Time | None:
    """The time that begins at ``start``. ``bare_hour``: "at 5" was said, so a number alone is an hour."""
    if named := _NAME.match(text, start):
        word = (named[1] or f"{named[2]} of {named[3]}").lower()
        return Time(_NAMED.get(word, WORKDAY_END), named.end(), named=True)
    if twelve := _TWELVE.match(text, start):
        hour, minute = int(twelve[1]), int(twelve[2] or 0)
        return _time(hour % 12 + (12 if twelve[3].lower() == "p" else 0), minute, twelve.end(), hour_ok=1 <= hour <= 12)
    if twenty_four := _TWENTY_FOUR.match(text, start):
        return _time(int(twenty_four[1]), int(twenty_four[2]), twenty_four.end())
    if hour_only := _HOUR.match(text, start):
        return _time(int(hour_only[1]), 0, hour_only.end())
    if bare_hour and (bare := _BARE.match(text, start)):
        hour = int(bare[1])
        # "by 5" is said at work: one to seven are afternoon, eight to noon are what they say.
        return _time(hour + 12 if 1 <= hour <= 7 else hour, 0, bare.end())
    return None


def _time(hour: int, minute: int, end: int, *, hour_ok: bool = True) -> Time | None:
    if not hour_ok or minute > 59 or hour > 24 or (hour == 24 and minute):
        return None
    return Time(hour * 60 + minute, end)

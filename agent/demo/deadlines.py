"""Deadlines in a sentence: where the words are and which time they mean, seen from ``now``.

Conventions: a bare day ends at 17:00 (23:59 once that has passed today); a bare time is the next one to come; hours and
minutes from now stay a number of seconds, because the request may be read a while after it was written.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from agent.demo.days import Day, day_at
from agent.demo.durations import duration_at
from agent.demo.limits import DEADLINE_WORDS_MAX
from agent.demo.times import DAY_END, MIDNIGHT, WORKDAY_END, Time, time_at

_BEFORE_STOP = re.compile(r"[ ,]([,.;:!?])")
_NIGHT = 21 * 60
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_LEAD = re.compile(
    r"(?:(?:(?:it is|it's|it|is|which is) )?(?:due|deadline)(?: date)?(?: is| it)?:? ?)?"
    r"(?:(by|before|until|till|no later than|not later than|within|in|on|at|for|from) (?:around |about |latest )?)?",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?", re.IGNORECASE)
_FROM_NOW = re.compile(r" (?:from now|from today)\b", re.IGNORECASE)
_TO_TIME = re.compile(r",? \(?(?:at |by |around |@ ?)?|,? ?@ ?", re.IGNORECASE)
_TO_TIME_SAID = re.compile(r",? (?:at|by) ", re.IGNORECASE)
_TO_DAY = re.compile(r",? (?:on |of )?", re.IGNORECASE)
_CLOSE = re.compile(r"\s*(?:$|[,;.!?)]|to\b|and\b|please\b|latest\b)", re.IGNORECASE)
_NOT_AFTER = frozenset("to from the of last every each since about and between until's past a our their these next".split())
_KINDS: dict[str, frozenset[str]] = {
    "within": frozenset({"duration"}),
    "in": frozenset({"duration", "part"}),
    "on": frozenset({"day"}),
    "for": frozenset({"day"}),
    "at": frozenset({"time"}),
    "from": frozenset(),
}
_ANY = frozenset({"duration", "day", "time", "part"})


@dataclass(frozen=True)
class Deadline:
    """Either a moment or a number of seconds from now."""

    at: datetime | None = None
    seconds: int | None = None


@dataclass(frozen=True)
class Found:
    """A deadline and the words that said it: ``text[start:end]``."""

    deadline: Deadline
    start: int
    end: int


def find(text: str, now: datetime) -> Found | None:
    """The first deadline in the text."""
    for word in islice(_WORD.finditer(text), DEADLINE_WORDS_MAX):
        if found := _at(text, word.start(), now):
            return found
    return None


def take(text: str, now: datetime) -> tuple[str, Deadline | None]:
    """The text without the words of its first deadline, and the deadline."""
    found = find(text, now)
    if found is None:
        return text, None
    before, after = text[: found.start].rstrip(" ,(-\u2013"), text[found.end :].lstrip(" )")
    joint = "" if not before or after[:1] in (*",.;!?:", "") else " "
    return _BEFORE_STOP.sub(r"\1", before + joint + after).strip(" ,;"), found.deadline


def _at(text: str, start: int, now: datetime) -> Found | None:
    lead = _LEAD.match(text, start)
    begin = lead.end() if lead else start
    said = lead is not None and bool(lead[0])
    preposition = (lead[1] or "").lower() if lead else ""
    kinds = _KINDS.get(preposition, _ANY)
    if moment := _moment(text, begin, now):
        return Found(moment[0], start, moment[1])
    if "duration" in kinds and (duration := duration_at(text, begin)):
        from_now = _FROM_NOW.match(text, duration.end)
        if preposition in ("in", "within") or said or from_now:
            end = from_now.end() if from_now else duration.end
            deadline = Deadline(seconds=duration.seconds)
            if duration.calendar and duration.seconds < 10 * 366 * 86_400:
                deadline = Deadline(at=(now + timedelta(days=duration.seconds / 86_400)).replace(microsecond=0))
            return Found(deadline, start, end)
    return _day_and_time(text, start, begin, now, said, preposition, kinds)


def _day_and_time(
    text: str, start: int, begin: int, now: datetime, said: bool, preposition: str, kinds: frozenset[str]
) -> Found | None:
    day: Day | None = None
    time: Time | None = None
    if "day" in kinds and (day := day_at(text, begin, now.date())):
        to_time = _TO_TIME.match(text, day.end)
        time = to_time and time_at(text, to_time.end(), bare_hour=bool(_TO_TIME_SAID.match(text, day.end)))
    elif kinds & {"time", "part"}:
        time = time_at(text, begin, bare_hour=preposition in ("at", "by", "before", "until", "till"))
        if time and not time.named and "time" not in kinds:
            return None  # "in 17:00" is nothing; "in the morning" is
        to_day = time and _TO_DAY.match(text, time.end)
        day = to_day and day_at(text, to_day.end(), now.date())
    end = max(day.end if day else 0, time.end if time else 0)
    if not end or not (said or _stands_alone(text, start, end, day, time)):
        return None
    return Found(Deadline(at=_combine(day, time, now)), start, end)


def _stands_alone(text: str, start: int, end: int, day: Day | None, time: Time | None) -> bool:
    """Without a preposition only what cannot be part of a name counts: "tomorrow", or "Friday" at the end of its clause."""
    before = text[:start].rstrip().rpartition(" ")[2].lower()
    if before in _NOT_AFTER:
        return False
    if day and (day.plain or time):
        return True
    if (
        day is None
        and time
        and time.named
        and not text[start:end].lower().startswith(("this", "eod", "cob", "end of", "close"))
    ):
        return False  # "noon" alone may be anything
    return bool(_CLOSE.match(text, end))


def _moment(text: str, start: int, now: datetime) -> tuple[Deadline, int] | None:
    match = _MOMENT.match(text, start)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[0].upper().replace(" ", "T"))
    except ValueError:
        return None
    return Deadline(at=at if at.tzinfo else at.replace(tzinfo=now.tzinfo)), match.end()


def _combine(day: Day | None, time: Time | None, now: datetime) -> datetime:
    passed = now.hour * 60 + now.minute
    on: date = day.day if day else now.date()
    minutes = time.minutes if time else _NIGHT if day and day.night else WORKDAY_END
    if day and day.night and time and time.minutes < 12 * 60:
        minutes += 12 * 60
    if on == now.date() and minutes <= passed:
        if day is None:
            on += timedelta(days=1)
        elif day.weekly:
            on += timedelta(days=7)
        elif time is None:
            minutes = DAY_END
    if minutes >= MIDNIGHT:
        on, minutes = on + timedelta(days=1), minutes - MIDNIGHT
    return datetime(on.year, on.month, on.day, minutes // 60, minutes % 60, tzinfo=now.tzinfo)

"""Days: "tomorrow", "next Monday", "Dec 3rd", "2026-12-01". Knows nothing of times of day.

Conventions: a weekday is the next one to come (today counts while its time is ahead), "next Friday" is the Friday of next
week, a date without a year is the next one to come, 3.12.2026 is day first, 12/3/2026 month first where both are possible.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_MONTHS = {
    name: number
    for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)
}
_FRIDAY, _SUNDAY = 4, 6
_WEEKDAY = r"(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday|s|rs|r)?"
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"


@dataclass(frozen=True)
class Day:
    """``plain``: needs no preposition. ``weekly``: may move on by a week, ``yearly``: by a year, when already past."""

    day: date
    end: int
    plain: bool = False
    weekly: bool = False
    night: bool = False


_Read = Callable[[re.Match[str], date], date | None]


def day_at(text: str, start: int, today: date) -> Day | None:
    """The day that begins at ``start``; a possessive ("Friday's report") is not one."""
    for pattern, read, plain in _FORMS:
        if match := pattern.match(text, start):
            try:
                day = read(match, today)
            except (ValueError, OverflowError):  # 31 February, or the end of the calendar
                return None
            if day is None:
                return None
            words = match[0].lower()
            weekly = read is _weekday and not words.startswith(("next", "this"))
            return Day(day, match.end(), plain, weekly, night=words == "tonight")
    return None


def _weekday(match: re.Match[str], today: date) -> date:
    wanted = WEEKDAYS[match[2].lower()]
    if (match[1] or "").lower().startswith("next"):
        return today + timedelta(days=7 - today.weekday() + wanted)
    return today + timedelta(days=(wanted - today.weekday()) % 7)


def _relative(match: re.Match[str], today: date) -> date:
    word = match[0].lower()
    if word.startswith("day after") or word.startswith("the day after"):
        return today + timedelta(days=2)
    return today + timedelta(days=1 if word.startswith(("tomorrow", "tmrw")) else 0)


def _week(match: re.Match[str], today: date) -> date:
    words = match[0].lower()
    end = _SUNDAY if "weekend" in words else _FRIDAY
    if "next" in words:
        return today + timedelta(days=7 - today.weekday() + end)
    return today + timedelta(days=(end - today.weekday()) % 7)


def _month(match: re.Match[str], today: date) -> date:
    first_of_next = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if match[0].lower() == "next month":
        return first_of_next
    return first_of_next - timedelta(days=1)


def _iso(match: re.Match[str], today: date) -> date:
    return date(int(match[1]), int(match[2]), int(match[3]))


def _dotted(match: re.Match[str], today: date) -> date:
    return date(int(match[3]), int(match[2]), int(match[1]))


def _slashed(match: re.Match[str], today: date) -> date:
    first, second = int(match[1]), int(match[2])
    month, day = (second, first) if first > 12 else (first, second)
    return date(int(match[3]), month, day)


def _month_first(match: re.Match[str], today: date) -> date:
    return _named_date(int(match[2]), match[1], match[3], today)


def _day_first(match: re.Match[str], today: date) -> date:
    return _named_date(int(match[1]), match[2], match[3], today)


def _named_date(day: int, month: str, year: str | None, today: date) -> date:
    number = _MONTHS[month.lower()]
    if year:
        return date(int(year), number, day)
    this_year = date(today.year, number, day)
    return this_year if this_year >= today else date(today.year + 1, number, day)


def _day_of_month(match: re.Match[str], today: date) -> date:
    this_month = today.replace(day=int(match[1]))
    if this_month >= today:
        return this_month
    return (today.replace(day=1) + timedelta(days=32)).replace(day=int(match[1]))


def _form(pattern: str, read: _Read, *, plain: bool = False) -> tuple[re.Pattern[str], _Read, bool]:
    return re.compile(rf"(?:{pattern})(?![\w'])(?!-\w)", re.IGNORECASE), read, plain


_FORMS = (
    _form(r"(\d{4})-(\d{2})-(\d{2})", _iso),
    _form(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", _dotted),
    _form(r"(\d{1,2})/(\d{1,2})/(\d{4})", _slashed),
    _form(r"(?:the )?day after tomorrow|today|tonight|tomorrow|tmrw", _relative, plain=True),
    _form(rf"(?:(next|this coming|this|coming) )?{_WEEKDAY}", _weekday),
    _form(r"(?:the )?end of (?:the |this |next )?week|eow|next week|this week|(?:the |this |next )?weekend", _week, plain=True),
    _form(r"(?:the )?end of (?:the |this )?month|eom|next month", _month, plain=True),
    _form(rf"{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?", _month_first),
    _form(rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\.?(?: of)? {_MONTH}(?:,? (\d{{4}}))?", _day_first),
    _form(r"the (\d{1,2})(?:st|nd|rd|th)", _day_of_month),
)

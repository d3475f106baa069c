"""Deadlines as people and models write them, turned into seconds from now. Knows time zones; the clock is passed in."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from agent.domain.errors import BadRequest
from agent.domain.limits import DEADLINE_SECONDS_DEFAULT, DEADLINE_SECONDS_MAX, NAME_TOLD_CHARS_MAX
from agent.domain.tool_args import CreateTask


def deadline_seconds_from(args: CreateTask, now: datetime, tz: str) -> float:
    """Seconds from ``now`` to the deadline in ``args``; DEADLINE_SECONDS_DEFAULT when there is none.

    ``now`` (aware) is the time of the call, not of its re-run: a repeat must ask for the same.

    Raises:
        BadRequest: ``bad_deadline``: no ISO time, not in the future, or more than DEADLINE_SECONDS_MAX ahead;
            ``bad_time_zone``.
    """
    if args.deadline is not None:
        return seconds_until(args.deadline, now, tz)
    seconds = float(DEADLINE_SECONDS_DEFAULT) if args.deadline_seconds is None else args.deadline_seconds
    return _within_bounds(seconds, f"{seconds:g} seconds from now", now, _zone(tz))


def seconds_until(text: str, now: datetime, tz: str) -> float:
    """Seconds from ``now`` to the ISO 8601 time ``text``.

    A time without offset is in the zone ``tz``; a date without time means the end of that day there.

    Raises:
        BadRequest: as :func:`deadline_seconds_from`.
    """
    zone = _zone(tz)
    # both sides in different zones, or Python subtracts the wall clocks and forgets about summer time
    seconds = (_moment(text, zone) - now.astimezone(UTC)).total_seconds()
    return _within_bounds(seconds, text[:NAME_TOLD_CHARS_MAX], now, zone)


def _within_bounds(seconds: float, given: str, now: datetime, zone: ZoneInfo) -> float:
    if seconds <= 0:
        local = now.astimezone(zone).isoformat(timespec="seconds")
        raise BadRequest("bad_deadline", f"The deadline {given} is not in the future: it is now {local}.")
    if seconds > DEADLINE_SECONDS_MAX:
        raise BadRequest("bad_deadline", f"The deadline {given} is more than {DEADLINE_SECONDS_MAX // 86_400} days ahead.")
    return seconds


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown name, path outside the database, a folder of it
        raise BadRequest(
            "bad_time_zone", f"There is no time zone {name[:NAME_TOLD_CHARS_MAX]!r}; use a name such as Europe/Berlin."
        ) from None


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = _parsed(text)
    except ValueError:
        raise BadRequest(
            "bad_deadline",
            f"The deadline {text[:NAME_TOLD_CHARS_MAX]!r} is no ISO 8601 time; write one such as 2026-05-29T17:00:00+02:00.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _parsed(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)
    return datetime.combine(day, time(23, 59, 59))

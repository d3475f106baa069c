"""Deadline phrasings, read on Tuesday 2026-11-24 at 16:00 in Berlin."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.demo.deadlines import find, take

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=BERLIN)

MOMENTS = [
    ("by Friday", "2026-11-27T17:00"),
    ("by Friday 5pm", "2026-11-27T17:00"),
    ("by Friday (5pm)", "2026-11-27T17:00"),
    ("by Friday at 9:30 am", "2026-11-27T09:30"),
    ("by Friday noon", "2026-11-27T12:00"),
    ("on Friday at 5", "2026-11-27T17:00"),
    ("before Friday", "2026-11-27T17:00"),
    ("no later than Friday", "2026-11-27T17:00"),
    ("for Friday", "2026-11-27T17:00"),
    ("Friday", "2026-11-27T17:00"),
    ("by fri", "2026-11-27T17:00"),
    ("this Friday", "2026-11-27T17:00"),
    ("next Friday", "2026-12-04T17:00"),
    ("next Monday", "2026-11-30T17:00"),
    ("by Tuesday", "2026-11-24T17:00"),
    ("by Tuesday 9am", "2026-12-01T09:00"),
    ("tomorrow", "2026-11-25T17:00"),
    ("tomorrow noon", "2026-11-25T12:00"),
    ("by tomorrow at 9:30", "2026-11-25T09:30"),
    ("tomorrow morning", "2026-11-25T09:00"),
    ("noon tomorrow", "2026-11-25T12:00"),
    ("by 5pm tomorrow", "2026-11-25T17:00"),
    ("the day after tomorrow", "2026-11-26T17:00"),
    ("today", "2026-11-24T17:00"),
    ("by end of day", "2026-11-24T17:00"),
    ("by the end of the day", "2026-11-24T17:00"),
    ("EOD", "2026-11-24T17:00"),
    ("by COB", "2026-11-24T17:00"),
    ("by tonight", "2026-11-24T21:00"),
    ("tonight", "2026-11-24T21:00"),
    ("by midnight", "2026-11-25T00:00"),
    ("by noon", "2026-11-25T12:00"),
    ("by 9am", "2026-11-25T09:00"),
    ("by 5", "2026-11-24T17:00"),
    ("at 17:30", "2026-11-24T17:30"),
    ("by 24:00", "2026-11-25T00:00"),
    ("in the morning", "2026-11-25T09:00"),
    ("on 2026-12-01", "2026-12-01T17:00"),
    ("by 2026-12-01 10:00", "2026-12-01T10:00"),
    ("by 2026-12-01T10:00", "2026-12-01T10:00"),
    ("by 2026-12-01T10:00:00Z", "2026-12-01T11:00"),
    ("by Dec 3rd", "2026-12-03T17:00"),
    ("by December 3, 2027", "2027-12-03T17:00"),
    ("3 December at 14:00", "2026-12-03T14:00"),
    ("on the 5th of January", "2027-01-05T17:00"),
    ("by the 3rd", "2026-12-03T17:00"),
    ("by April 1", "2027-04-01T17:00+02:00"),
    ("by 3.12.2026", "2026-12-03T17:00"),
    ("by 12/3/2026", "2026-12-03T17:00"),
    ("by 13/12/2026", "2026-12-13T17:00"),
    ("by the end of the week", "2026-11-27T17:00"),
    ("this weekend", "2026-11-29T17:00"),
    ("next week", "2026-12-04T17:00"),
    ("by end of month", "2026-11-30T17:00"),
    ("next month", "2026-12-01T17:00"),
    ("in a week", "2026-12-01T16:00"),
    ("in 3 days", "2026-11-27T16:00"),
    ("in two weeks", "2026-12-08T16:00"),
    ("in a fortnight", "2026-12-08T16:00"),
    ("due tomorrow", "2026-11-25T17:00"),
    ("deadline: Friday", "2026-11-27T17:00"),
    ("it's due on Monday", "2026-11-30T17:00"),
]
SECONDS = [
    ("in two hours", 7_200),
    ("within 45 minutes", 2_700),
    ("in 1 minute", 60),
    ("in half an hour", 1_800),
    ("in an hour and a half", 5_400),
    ("in two and a half hours", 9_000),
    ("in a quarter of an hour", 900),
    ("in 2h30m", 9_000),
    ("1 hour and 30 minutes from now", 5_400),
    ("within the hour", 3_600),
    ("within the next two hours", 7_200),
    ("in 90 seconds", 90),
    ("in a couple of hours", 7_200),
    ("in 30 years", 30 * 365 * 86_400),
]
NONE = [
    "review Friday's report",
    "prepare the Monday meeting",
    "move it to Friday",
    "wait for 5 minutes",
    "join the 5pm meeting",
    "let it be reviewed by 5 people",
    "2024-01-15 was the day",
    "5m",
    "by 31 Feb",
    "by 2026-02-31",
    "in 999999 years",
    "in 0 minutes",
    "at 25:00",
    "by 13pm",
    "tomorrow's standup",
    "the mid-May release",
    "by Monday-night crews",
    "from today",
    "",
]


def _at(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=BERLIN)


@pytest.mark.parametrize(("words", "expected"), MOMENTS)
def test_a_moment_is_read_and_its_words_taken_out(words: str, expected: str) -> None:
    rest, deadline = take(f"send the report {words}", NOW)
    assert deadline is not None
    assert deadline.at == _at(expected)
    assert rest == "send the report"


@pytest.mark.parametrize(("words", "seconds"), SECONDS)
def test_hours_and_minutes_stay_a_number_of_seconds(words: str, seconds: int) -> None:
    rest, deadline = take(f"send the report {words}", NOW)
    assert deadline is not None
    assert deadline.seconds == seconds
    assert rest == "send the report"


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_deadline_is_left_alone(text: str) -> None:
    assert find(text, NOW) is None


def test_words_on_both_sides_are_joined() -> None:
    assert take("by Friday Bob should fix it", NOW)[0] == "Bob should fix it"
    assert take("fix it by Friday, it is urgent", NOW)[0] == "fix it, it is urgent"
    assert take("remind Carol in two hours to call", NOW)[0] == "remind Carol to call"


def test_a_day_that_has_passed_its_hour_ends_at_its_end() -> None:
    late = NOW.replace(hour=18)
    assert take("do it today", late)[1] == take("do it by 23:59", late)[1]
    tuesday = find("by Tuesday", late)
    assert tuesday is not None
    assert tuesday.deadline.at == _at("2026-12-01T17:00")


def test_days_keep_the_time_of_day_over_a_change_of_the_clocks() -> None:
    saturday = datetime(2026, 10, 24, 16, 0, tzinfo=BERLIN)
    found = find("in two days", saturday)
    assert found is not None
    assert found.deadline.at == datetime(2026, 10, 26, 16, 0, tzinfo=BERLIN)

"""Working days in the Netherlands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice import workdays

DAYS = st.dates(date(2020, 1, 1), date(2039, 12, 31))


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 21),  # Saturday
        date(2026, 11, 22),  # Sunday
        date(2026, 1, 1),
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 4, 27),  # King's Day
        date(2025, 4, 26),  # King's Day a day early, since the 27th is a Sunday
        date(2025, 5, 5),  # Liberation Day, in years that end in 0 or 5
        date(2026, 5, 14),  # Ascension Day
        date(2026, 5, 25),  # Whit Monday
        date(2026, 12, 25),
        date(2028, 12, 26),
    ],
)
def test_days_off(day: date) -> None:
    """Weekends and public holidays are no working days."""
    assert not workdays.is_workday(day)


@pytest.mark.parametrize("day", [date(2026, 5, 5), date(2026, 11, 23), date(2026, 12, 24), date(2026, 5, 15)])
def test_working_days(day: date) -> None:
    """Liberation Day in most years, the day before Christmas and the Friday after Ascension Day are working days."""
    assert workdays.is_workday(day)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 3, date(2026, 11, 25)),
        (date(2026, 12, 23), 3, date(2026, 12, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
    ],
)
def test_add(day: date, count: int, expected: date) -> None:
    """Working days are counted from the day after, over weekends, holidays and the turn of the year."""
    assert expected == workdays.add(day, count)


def test_add_backwards() -> None:
    """Days are counted forwards only."""
    with pytest.raises(ValueError, match="forwards"):
        workdays.add(date(2026, 11, 20), -1)


@given(DAYS, st.integers(0, 10))
def test_add_counts(day: date, count: int) -> None:
    """Between a day and its promise lie exactly as many working days as were promised, and it is one itself."""
    until = workdays.add(day, count)
    free = holidays.country_holidays("NL")
    between = [day + timedelta(days=n + 1) for n in range((until - day).days)]
    working = [each for each in between if each.weekday() < 5 and each not in free]
    assert workdays.is_workday(until)
    assert (count or len(working)) == len(working)


@given(DAYS)
def test_promise(day: date) -> None:
    """A promise is two working days in order, the first after the day itself."""
    since, until = workdays.delivery_window(day, (3, 5))
    assert day < since < until
    assert workdays.is_workday(since)
    assert workdays.is_workday(until)


@pytest.mark.parametrize(("hour", "minute", "expected"), [(22, 59, date(2026, 11, 21)), (23, 0, date(2026, 11, 22))])
def test_today(hour: int, minute: int, expected: date) -> None:
    """The day is Amsterdam's: in winter it begins at 23.00 UTC."""
    assert expected == workdays.today(datetime(2026, 11, 21, hour, minute, tzinfo=UTC))


def test_today_needs_a_zone() -> None:
    """A moment without a time zone is refused, since guessing one would shift a promise."""
    with pytest.raises(ValueError, match="time zone"):
        workdays.today(datetime(2026, 11, 21))  # noqa: DTZ001


def test_end_of() -> None:
    """A day ends in Amsterdam, in summer at 22.00 UTC."""
    assert datetime(2026, 7, 1, 21, 59, 59, 999999, UTC) == workdays.end_of_day(date(2026, 7, 1))

"""Working days in the Netherlands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice import workdays

# Where midnight is odd: there is none on a day, a day begins twice, or there is no such day at all.
ODD_MIDNIGHTS = (
    ("Africa/Cairo", date(2026, 4, 24)),
    ("America/Asuncion", date(2023, 10, 1)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Pacific/Apia", date(2011, 12, 30)),
)
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


def check_start(zone: ZoneInfo, day: date) -> None:
    """From the start of a day on it is that day or a later one, and a moment before it was not."""
    start = workdays.start_of_day(day, zone)
    assert (start - timedelta(microseconds=1)).astimezone(zone).date() < day, (zone, day)
    quarters = [(start + timedelta(minutes=15 * count)).astimezone(zone).date() for count in range(100)]
    assert min(quarters) >= day, (zone, day)


@given(st.sampled_from(sorted(available_timezones())), st.dates(date(1970, 1, 2), date(2037, 12, 30)))
def test_start_of_day(zone: str, day: date) -> None:
    """A day begins where it is counted, wherever that is."""
    check_start(ZoneInfo(zone), day)


@pytest.mark.parametrize(("zone", "day"), ODD_MIDNIGHTS)
def test_start_at_an_odd_midnight(zone: str, day: date) -> None:
    """Also where clocks are put forward or back at midnight."""
    check_start(ZoneInfo(zone), day)


def test_start_where_the_clock_changes() -> None:
    """In each time zone, on each day of two years on which the clock is put forward or back, and the days around it."""
    for name in sorted(available_timezones()):
        zone, days = ZoneInfo(name), [date(2025, 12, 31) + timedelta(count) for count in range(2 * 365)]
        noons = [datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() for day in days]
        for at in range(1, len(days)):
            if noons[at] != noons[at - 1]:
                for day in days[at - 1 : at + 2]:
                    check_start(zone, day)

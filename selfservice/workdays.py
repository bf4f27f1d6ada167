"""Working days: Monday to Friday without the public holidays of the site's country (site.toml).

The holidays are those of the `holidays` library. For the Netherlands Good Friday counts as one, as it does in the
General Extension of Time Limits Act (Algemene termijnenwet, article 3), and 5 May in years that end in 0 or 5. So
a promise never falls on a day on which many are free.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

from selfservice.i18n.languages import TIMEZONE
from selfservice.site_config import SITE

if TYPE_CHECKING:
    import holidays

WEEKEND = (5, 6)


@cache
def _holidays() -> holidays.HolidayBase:
    import holidays  # heavy, and many a process asks for no date

    # It works a year out when first asked for a day of it.
    return holidays.country_holidays(SITE.holidays)


def today(now: dt.datetime) -> dt.date:
    """The date in the site's time zone at this time. Raises ValueError for a naive datetime."""
    if now.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return now.astimezone(TIMEZONE).date()


def is_workday(day: dt.date) -> bool:
    """Whether it is a working day."""
    return day.weekday() not in WEEKEND and day not in _holidays()


def add(day: dt.date, count: int) -> dt.date:
    """The working day that is `count` working days after this day.

    With 0, the day itself, or the first working day after it. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("working days are counted forwards")
    while count > 0 or not is_workday(day):
        day += dt.timedelta(days=1)
        if count and is_workday(day):
            count -= 1
    return day


def delivery_window(day: dt.date, working_days: tuple[int, int]) -> tuple[dt.date, dt.date]:
    """The first and last working day of delivery for a request made on this day, when delivery takes from 3 to 5, say,
    working days (the value of a fact such as access_code.delivery_working_days).
    """
    return add(day, working_days[0]), add(day, working_days[1])


def end_of_day(day: dt.date) -> dt.datetime:
    """The last moment of a day in the site's time zone."""
    return dt.datetime.combine(day, dt.time.max, TIMEZONE)


def start_of_day(day: dt.date, zone: dt.tzinfo = TIMEZONE) -> dt.datetime:
    """The moment (UTC) from which on it is that day or a later one there. Where clocks are put forward at midnight, so
    that there is none, that is when they are; where they are put back over midnight, so that the day begins twice, the
    second time.
    """
    midnight = dt.datetime.combine(day, dt.time(), zone)
    first, second = (midnight.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    # Where there is none, the second is the earlier; put back at one o'clock, say, it stays that day between the two.
    before = second - dt.timedelta(microseconds=1)
    return second if second > first and before.astimezone(zone).date() < day else first

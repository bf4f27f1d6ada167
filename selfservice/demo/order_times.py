"""When invented orders are made: less at weekends and in August, more before annual accounts are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random

from selfservice.i18n.languages import TIMEZONE
from selfservice.orders.timestamps import day_of

YEARS = 5
# Of each month, January first: how busy it is. Accounts of a calendar year are due by 31 December at the latest, and
# many by the end of July (art. 2:394 BW), so that is when they are looked up too.
MONTH_WEIGHTS = (100, 95, 105, 95, 90, 110, 135, 55, 95, 100, 120, 150)
WEEKDAY_WEIGHTS = (100, 105, 100, 100, 85, 12, 8)
OPENING_HOUR, CLOSING_HOUR = 7, 22


def timestamps(random: Random, count: int, now: datetime, today: int = 0) -> list[tuple[int, str]]:
    """`count` times in the last five years, in order, each in seconds since 1970 and with its date in Amsterdam.

    At least `today` of them (as far as `count` goes) are of the day it is now, and none is later than now.
    """
    last = now.astimezone(TIMEZONE).date()
    days = [last - timedelta(days=back) for back in range(365 * YEARS, 0, -1)]
    busy = [
        MONTH_WEIGHTS[day.month - 1] * WEEKDAY_WEIGHTS[day.weekday()] * _growth(place) for place, day in enumerate(days)
    ]
    starts = [_midnight(day) for day in days]
    chosen = random.choices(starts, cum_weights=list(accumulate(busy)), k=max(0, count - today))
    # The middle of the day is the busiest: the mean of two throws.
    half = (CLOSING_HOUR - OPENING_HOUR) * 1800
    found = [
        start + OPENING_HOUR * 3600 + int(half * random.random()) + int(half * random.random()) for start in chosen
    ]
    since = _midnight(last)
    until = int(now.timestamp())
    found += [since + int((until - since) * random.random()) for _ in range(min(count, today))]
    return [(seconds, day_of(seconds)) for seconds in sorted(found)]


def _growth(place: int) -> int:
    """Each year somewhat more than the last."""
    return 100 + place // 30


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), TIMEZONE).astimezone(UTC).timestamp())

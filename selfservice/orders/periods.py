"""Periods by name, and days as people type them, in Dutch and in English whatever the page's language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from selfservice.context import Context
from selfservice.i18n.languages import TIMEZONE

PRESETS = ("this-month", "last-month", "this-quarter", "last-quarter", "this-year", "last-year", "all")
YEARS = range(1900, 3000)

# By their first letters; `_month` wants at least three, and no others than the month has.
_MONTHS = {
    1: ("january", "januari"),
    2: ("february", "februari"),
    3: ("march", "maart", "mrt"),
    4: ("april",),
    5: ("may", "mei"),
    6: ("june", "juni"),
    7: ("july", "juli"),
    8: ("august", "augustus"),
    9: ("september",),
    10: ("october", "oktober"),
    11: ("november",),
    12: ("december",),
}
_SEPARATOR = r"\s*[-/.\s]\s*"
_ORDINAL = r"(?:st|nd|rd|th|e|ste|de)?"
_FORMS = (
    re.compile(rf"(?P<year>\d{{4}}){_SEPARATOR}(?P<month>\d{{1,2}}){_SEPARATOR}(?P<day>\d{{1,2}})"),
    re.compile(rf"(?P<day>\d{{1,2}}){_SEPARATOR}(?P<month>\d{{1,2}}){_SEPARATOR}(?P<year>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<day>\d{{1,2}}){_ORDINAL}\.?[-/\s]*(?P<name>[a-z]{{3,}})\.?,?[-/\s]*(?P<year>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<name>[a-z]{{3,}})\.?\s*(?P<day>\d{{1,2}}){_ORDINAL}(?:\s*,\s*|\s+)(?P<year>\d{{4}}|\d{{2}})"),
)


@dataclass(frozen=True)
class Period:
    """Days in Amsterdam, both included; None is open at that end."""

    first: date | None = None
    last: date | None = None

    @property
    def seconds(self) -> tuple[int, int]:
        """From which second since 1970 (UTC) until before which, whatever the clock did in between."""
        since = _midnight(self.first) if self.first else 0
        until = _midnight(self.last + timedelta(days=1)) if self.last and self.last < date.max else 1 << 40
        return since, until


class NoSuchDayError(ValueError):
    """This is written as a day, but the calendar does not have it: 31-4-2026, or the month before the day."""


def first_kept_day(ctx: Context, now: datetime) -> date:
    """The first day in Amsterdam of which orders are kept now: those of fact orders.keep_years before this year."""
    return date(now.astimezone(TIMEZONE).year - ctx.fact("orders.keep_years"), 1, 1)


def preset(name: str, today: date) -> Period:
    """The period with this name, one of PRESETS, as seen from `today` in Amsterdam: whole months, quarters, years.

    Raises ValueError for another name.
    """
    if name == "all":
        return Period()
    if name not in PRESETS:
        raise ValueError(f"not one of our periods: {name!r}")
    which, unit = name.split("-")
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    begin = _months_on(today.replace(day=1), -((today.month - 1) % months))
    if which == "last":
        begin = _months_on(begin, -months)
    return Period(begin, _months_on(begin, months) - timedelta(days=1))


def parse(text: str) -> date:
    """The day that was typed: 1-3-2026, 01/03/2026, 1.3.26, 2026-03-01, 1 maart 2026, 1 mrt 2026, March 1, 2026.

    Day before month, as in both languages here; two digits are a year of this century. Raises NoSuchDayError for what
    is not in the calendar, and another ValueError for what is no day from 1900 to 2999.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    for form in _FORMS:
        if found := form.fullmatch(re.sub("[‐‑‒–—−]", "-", plain)):
            parts = found.groupdict()
            year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
            month = int(parts["month"]) if "month" in parts else _month(parts["name"])
            if year in YEARS:
                return _day(year, month, int(parts["day"]))
    raise ValueError("this is no day we can read")


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDayError(f"the calendar has no {day}-{month}-{year}") from None


def _month(name: str) -> int:
    for number, names in _MONTHS.items():
        if any(whole.startswith(name) for whole in names):
            return number
    raise ValueError("this is no month's name")


def _months_on(first: date, count: int) -> date:
    months = first.year * 12 + first.month - 1 + count
    return first.replace(year=months // 12, month=months % 12 + 1)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), TIMEZONE).timestamp())

"""Periods by name, and days as people type them, in English and in any language of the site whatever the page's."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

from babel import Locale

from selfservice.context import Context
from selfservice.i18n.languages import LANGUAGES, SOURCE_LANGUAGE, TIMEZONE, language_of

PRESETS = ("this-month", "last-month", "this-quarter", "last-quarter", "this-year", "last-year", "all")
YEARS = range(1900, 3000)

_SEPARATOR = r"\s*[-/.\s]\s*"
_ORDINAL = r"(?:st|nd|rd|th|e|ste|de)?"
_FORMS = (
    re.compile(rf"(?P<year>\d{{4}}){_SEPARATOR}(?P<month>\d{{1,2}}){_SEPARATOR}(?P<day>\d{{1,2}})"),
    re.compile(rf"(?P<day>\d{{1,2}}){_SEPARATOR}(?P<month>\d{{1,2}}){_SEPARATOR}(?P<year>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<day>\d{{1,2}}){_ORDINAL}\.?[-/\s]*(?P<name>[^\W\d_]{{3,}})\.?,?[-/\s]*(?P<year>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<name>[^\W\d_]{{3,}})\.?\s*(?P<day>\d{{1,2}}){_ORDINAL}(?:\s*,\s*|\s+)(?P<year>\d{{4}}|\d{{2}})"),
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


def kept_until(ctx: Context, day: date) -> date:
    """The first day on which an order of this day is kept no longer."""
    return date(day.year + ctx.fact("orders.keep_years") + 1, 1, 1)


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

    Day before month, as here in every language; two digits are a year of this century. Raises NoSuchDayError for what
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
    """By at least three of its first letters, and no others than the month has."""
    for number, whole in _month_names():
        if whole.startswith(name):
            return number
    raise ValueError("this is no month's name")


@cache
def _month_names() -> list[tuple[int, str]]:
    """Each month in each language, whole, declined and short (mrt), in the order of the year."""
    tables = [
        table
        for code in (*LANGUAGES, SOURCE_LANGUAGE)
        for context in Locale.parse(language_of(code).locale).months.values()
        for width, table in context.items()
        if width != "narrow"
    ]
    return sorted({(number, name.casefold().rstrip(".")) for table in tables for number, name in table.items()})


def _months_on(first: date, count: int) -> date:
    months = first.year * 12 + first.month - 1 + count
    return first.replace(year=months // 12, month=months % 12 + 1)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), TIMEZONE).timestamp())

"""Dates, times and amounts as a language writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.numbers import format_currency

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import TIMEZONE, current_language, language_of


def format_date(day: dt.date) -> str:
    """`26 March 2025`, `26 maart 2025`."""
    return _date(current_language(), day)


def format_time(moment: dt.time) -> str:
    """`21:00`, `21.00 uur`."""
    return _time(current_language(), moment.hour, moment.minute)


def format_timestamp(moment: dt.datetime) -> str:
    """Day and time in Amsterdam: `26 March 2025 at 14:05`, `26 maart 2025 om 14.05 uur`."""
    local = moment.astimezone(TIMEZONE)
    return gettext("%(day)s at %(time)s", day=format_date(local.date()), time=format_time(local.time()))


def format_money(euros: Decimal) -> str:
    """`€0.90`, `€ 0,90` (with a no-break space)."""
    return _money(current_language(), euros)


# The same days, times and prices stand on every page; Babel takes a tenth of a millisecond for some.
@lru_cache(maxsize=4096)
def _date(code: str, day: dt.date) -> str:
    return babel_date(day, "long", locale=language_of(code).locale)


@lru_cache(maxsize=4096)
def _time(code: str, hour: int, minute: int) -> str:
    known = language_of(code)
    return babel_time(dt.time(hour, minute), known.time, locale=known.locale)


@lru_cache(maxsize=1024)
def _money(code: str, euros: Decimal) -> str:
    return format_currency(euros, "EUR", locale=language_of(code).locale)

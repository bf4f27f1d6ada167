"""How orders are put into words, in the language in force, on the screen and in files alike: what columns, ways to pay,
states and periods are called, and how days, amounts and sizes are written.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel.dates import format_date as babel_date
from babel.dates import format_skeleton

from selfservice.i18n.catalogs import gettext, ngettext
from selfservice.i18n.formats import format_date, format_money, format_time
from selfservice.i18n.languages import TIMEZONE, current_language, language_of, using_language
from selfservice.orders import periods
from selfservice.orders.periods import Period
from selfservice.values.organisation_number import number_label

COLUMNS = (
    "number",
    "date",
    "product",
    "organisation",
    "kvk_number",
    "ordered_by",
    "access_code",
    "payment",
    "amount",
    "invoice",
    "state",
)


def columns() -> dict[str, str]:
    """The heading of each of COLUMNS, in their order."""
    return {
        "number": gettext("Order number"),
        "date": gettext("Date"),
        "product": gettext("Product"),
        "organisation": gettext("Organisation"),
        "kvk_number": number_label(),
        "ordered_by": gettext("Ordered by"),
        "access_code": gettext("Access code"),
        "payment": gettext("Payment method"),
        "amount": gettext("Amount"),
        "invoice": gettext("Invoice number"),
        "state": gettext("Status"),
    }


def payments() -> dict[str, str]:
    """Ways to pay, by their codes."""
    return {
        "credit": gettext("credit"),
        "direct_debit": gettext("direct debit"),
        "ideal": gettext("iDEAL"),
        "credit_card": gettext("credit card"),
    }


def states() -> dict[str, str]:
    """What can have become of an order, by its code."""
    return {
        "ordered": gettext("ordered"),
        "delivered": gettext("delivered"),
        "failed": gettext("failed"),
        "cancelled": gettext("cancelled"),
    }


def presets() -> dict[str, str]:
    """What each preset is called."""
    return {
        "this-month": gettext("This month"),
        "last-month": gettext("Last month"),
        "this-quarter": gettext("This quarter"),
        "last-quarter": gettext("Last quarter"),
        "this-year": gettext("This year"),
        "last-year": gettext("Last year"),
        "all": gettext("Everything"),
    }


def days(period: Period) -> str:
    """`March 2026`, `1 March 2026 to 15 April 2026`, `since 1 March 2026`; empty for everything."""
    first, last = period.first, period.last
    if first is None:
        return gettext("up to and including %(day)s", day=format_date(last)) if last else ""
    if last is None:
        return gettext("since %(day)s", day=format_date(first))
    whole = {
        Period(first, first): format_date(first),
        periods.preset("this-month", first): format_month(first),
        periods.preset("this-year", first): str(first.year),
    }
    between = gettext("%(first)s to %(last)s", first=format_date(first), last=format_date(last))
    return whole.get(period, between)


def format_month(first: date) -> str:
    """`March 2026`, `maart 2026`."""
    return _month(current_language(), first)


def format_day(moment: date) -> str:
    """`21 Nov 2026`, `21 nov 2026`: short, for a table."""
    return _day(current_language(), moment)


def format_hour(moment: datetime) -> str:
    """The time of day in Amsterdam: `14:05`, `14.05 uur`."""
    return format_time(moment.astimezone(TIMEZONE).time())


def format_euros(cents: int) -> str:
    """`€12.50`, `-€12.50`; `€ 12,50`, `€ -12,50`."""
    before, after, thousands, point = _money(current_language(), is_negative=cents < 0)
    whole, rest = divmod(abs(cents), 100)
    return f"{before}{f'{whole:,}'.replace(',', thousands)}{point}{rest:02d}{after}"


def format_count(number: int) -> str:
    """`100,000`, `100.000`."""
    return f"{number:,}".replace(",", _money(current_language(), is_negative=False)[2])


# A list has a hundred days and amounts, and Babel takes a good part of a millisecond for ten of them.
@lru_cache(8192)
def _day(lang: str, moment: date) -> str:
    return babel_date(moment, "medium", locale=language_of(lang).locale)


@lru_cache(1024)
def _month(lang: str, first: date) -> str:
    # Babel takes no date for a skeleton, but a moment, which it writes in UTC.
    return format_skeleton("yMMMM", datetime(first.year, first.month, 1, tzinfo=UTC), locale=language_of(lang).locale)


@cache
def _money(lang: str, *, is_negative: bool) -> tuple[str, str, str, str]:
    """How Babel writes amounts: what stands before and after the digits, between thousands, before the cents."""
    with using_language(lang):
        # Some languages have nothing between the thousands of four digits.
        text = format_money(Decimal(-10000 if is_negative else 10000))
    found = re.fullmatch(r"(.*?)10(\D?)000(\D)00(.*)", text)
    assert found is not None, f"amounts are written in another way than expected: {text}"
    before, thousands, point, after = found.groups()
    return before, after, thousands, point


def format_size(bytes_: int) -> str:
    """`12 KB`, `3.4 MB`: about how large, in thousands; number and unit stay on one line."""
    if bytes_ < 1_000_000:
        return f"{format_count(max(1, round(bytes_ / 1000)))}\N{NO-BREAK SPACE}KB"
    whole, tenth = divmod(bytes_ // 100_000, 10)
    point = _money(current_language(), is_negative=False)[3]
    return f"{format_count(whole)}{point}{tenth}\N{NO-BREAK SPACE}MB"


def duration(seconds: float) -> str:
    """About how long something takes."""
    if seconds < 15:
        return gettext("a few seconds")
    if seconds < 45:
        return gettext("half a minute")
    minutes = round(seconds / 60)
    return ngettext("about %(num)s minute", "about %(num)s minutes", max(1, minutes))

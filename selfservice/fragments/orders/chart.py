"""A bar for each month: where it stands in the drawing, in whole units, above or below the zero line; and its HTML."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial

from babel.dates import format_date
from jinja2 import Environment
from markupsafe import Markup

from selfservice.fragments.orders.query_parameters import month_link
from selfservice.i18n.languages import current_language, language_of
from selfservice.orders import labels
from selfservice.orders.models import Month
from selfservice.orders.periods import Period

HEIGHT = 1000
STEP, WIDTH = 10, 8
# So many places at least, so that a bar of a few months is no wall.
PLACES = 6
KEPT = 128  # charts, of at most 120 months: some 5 MB
NAMES, LETTERS = 6, 18  # up to so many months each has its name or first letter below it; of more, each year its number


@dataclass(frozen=True)
class Bar:
    """A month and its bar: two outlines in the drawing's units, of the place it may be pressed in and of what is seen;
    the rest is its words and its link.
    """

    place: str
    shape: str
    is_below: bool
    name: str
    orders: str
    amount: str
    href: str


@dataclass(frozen=True)
class Chart:
    """The drawing: its bars, width, the height of the zero line, and what stands below each place."""

    bars: tuple[Bar, ...]
    width: int
    zero: int
    marks: tuple[str, ...]
    highest: int
    lowest: int


@lru_cache(KEPT)
def html(templates: Environment, language: str, months: tuple[Month, ...], start: str) -> Markup:
    """The chart of these months as it stands in the page, in `language`, which is the one in force; empty when there is
    nothing to compare. The months' addresses begin with `start`.

    Kept, since it is half of the page and the same on every page of a list. It follows from what is given here alone.
    """
    drawn = draw(months, partial(month_link, start))
    text = templates.get_template("orders/chart.html").render(chart=drawn, labels=labels) if drawn else ""
    return Markup(text)  # noqa: S704 (the template has escaped what it filled in)


def draw(months: Sequence[Month], link: Callable[[Period], str] = lambda _: "") -> Chart | None:
    """The drawing of these months, or None when there is nothing to compare. `link` leads to a month's orders."""
    if len(months) < 2:
        return None
    highest, lowest = max(0, *(each.cents for each in months)), min(0, *(each.cents for each in months))
    span = max(1, highest - lowest)
    zero = highest * HEIGHT // span
    bars = []
    for place, month in enumerate(months):
        # What is not zero is seen, however small beside the others.
        height = max(abs(month.cents) * HEIGHT // span, 8 if month.cents else 0)
        top = zero - height if month.cents > 0 else zero
        bars.append(
            Bar(
                f"M{place * STEP} 0h{STEP}v{HEIGHT}h-{STEP}z",
                f"M{place * STEP + 1} {top}h{WIDTH}v{height}h-{WIDTH}z",
                month.cents < 0,
                labels.format_month(month.first),
                labels.format_count(month.orders),
                labels.format_euros(month.cents),
                link(_whole(month.first)),
            )
        )
    places = max(PLACES, len(months))
    marks = _marks([each.first for each in months])
    return Chart(
        tuple(bars), places * STEP, zero, (*marks, *[""] * (places - len(marks))), highest, lowest
    )  # fmt: skip


def _whole(first: date) -> Period:
    return Period(first, first.replace(day=monthrange(first.year, first.month)[1]))


def _marks(months: Sequence[date]) -> list[str]:
    """A name for each month; or, of many, the year where it begins (and where the drawing does, if there is room)."""
    if len(months) <= LETTERS:
        form = "LLL" if len(months) <= NAMES else "LLLLL"
        return [format_date(each, form, locale=language_of(current_language()).locale) for each in months]
    short = len(months) > 60
    # So early in its year must the first month be that, on a narrow telephone, its label does not touch the next.
    room = 12 - len(months) // (12 if short else 8)
    return [
        format_date(each, "’yy" if short else "y", locale=language_of(current_language()).locale)
        if each.month == 1 or (place == 0 and each.month < room)
        else ""
        for place, each in enumerate(months)
    ]

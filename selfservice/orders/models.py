"""An order in each of its shapes, and what is asked of orders: whose, of which days, in what order, with which words.

`validation.DeliveredOrder` is what the shop sends, `OrderRow` what the table has, `Order` what a person looks at; the
list on the screen puts the last into words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from selfservice.db import Row
from selfservice.orders.periods import Period

Sort = Literal["-date", "date", "-amount", "amount", "product", "-product"]
SORTS: tuple[Sort, ...] = ("-date", "date", "-amount", "amount", "product", "-product")


@dataclass(frozen=True)
class Scope:
    """Whose orders: of one holder, or with `holder_id` None of every holder of the account (what the main code sees).

    An account is an organisation (its row number) or a person privately (theirs, negative).
    """

    account: int
    holder_id: int | None

    def only(self, holder_id: int) -> Scope:
        """The orders of one holder of this account. Whoever asks sees to it that it is one (`visibility`)."""
        return replace(self, holder_id=holder_id)


@dataclass(frozen=True)
class Query:
    """One list of orders. `language` decides the product names that are sorted by; words are looked for in all."""

    scope: Scope
    period: Period
    language: str
    sort: Sort = "-date"
    words: str = ""


class OrderRow(NamedTuple):
    """An order as its table has it. `account` is the holder's; `ordered_at` is in seconds since 1970 (UTC), and
    `ordered_on` that moment's day in Amsterdam (`timestamps.day_of`); `cents` may be negative. `updated_at` is when the
    shop last changed it, in microseconds since 1970 (UTC); 0 when that is not known.
    """

    account: int
    ordered_at: int
    number: str
    ordered_on: str
    holder_id: int
    product_id: int
    payment: str
    cents: int
    invoice: str | None
    state: str
    updated_at: int = 0


class Order(NamedTuple):
    """An order as it is shown. `ordered_at` is UTC, `ordered_on` the day in Amsterdam; `cents` may be negative (a
    refund).

    `organisation` and `kvk_number` are None for private use. `code_hint` is the end of the access code that
    `ordered_by` has now, None without one.
    """

    number: str
    ordered_at: datetime
    ordered_on: date
    product: str
    product_code: str
    organisation: str | None
    kvk_number: str | None
    ordered_by: str
    code_hint: str | None
    holder_id: int
    payment: str
    cents: int
    invoice: str | None
    state: str


@dataclass(frozen=True)
class Page:
    """Part of a list of orders, and the cursors to give as `before` and `after` for the parts beside it; None: none
    there.
    """

    orders: list[Order]
    before: str | None
    after: str | None


class Total(NamedTuple):
    """A number of orders, and their amount together in cents."""

    orders: int
    cents: int


class Month(NamedTuple):
    """A month by its first day, with its orders and cents that a query asks for."""

    first: date
    orders: int
    cents: int


@dataclass(frozen=True)
class UpsertCounts:
    """How many orders were not known, were known otherwise, were known just so, and were known newer."""

    new: int
    changed: int
    same: int
    outdated: int = 0


@dataclass(frozen=True)
class SheetLabels:
    """What a sheet's lines have between and instead of what is kept: the `separator`, the decimal `point`, the
    `day` (as strftime writes it), and a word for each code.
    """

    separator: str
    point: str
    day: str
    payments: dict[str, str]
    states: dict[str, str]


@dataclass(frozen=True)
class LineFormat:
    """How the lines of a `kind` of text file ('sheet', 'programs' or 'json') are made: with what `between` two of them,
    and what cells stand in them for a product and for a holder (rows of `OrderStore.products` and `holders`),
    separators included.
    """

    kind: str
    between: str
    product: Callable[[Row], str]
    holder: Callable[[Row], str]
    labels: SheetLabels | None = None

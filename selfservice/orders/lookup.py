"""Looking orders up: a page of a query's orders, or one order by its number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice

from selfservice.db import Connection, Row
from selfservice.orders.listing import Listing, Place
from selfservice.orders.models import Query, Scope


@dataclass(frozen=True)
class Order:
    """An order. `ordered_at` is UTC, `ordered_on` the day in Amsterdam; `cents` may be negative (a refund).

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
    """Part of a list of orders, and what to give as `before` and `after` for the parts beside it; None: none there."""

    orders: list[Order]
    before: str | None
    after: str | None


def page(conn: Connection, query: Query, *, after: str = "", before: str = "", size: int = 25) -> Page:
    """The orders after, or before, the place that another page named; without one, or with one that means nothing
    here, the first.

    A place is the number of an order, so nothing is skipped or shown twice while orders arrive. What is left of less
    than a page before a place is filled up to the first page.
    """
    listing = Listing(conn, query)
    if before and (place := listing.place(before)):
        keys = list(islice(listing.keys(place, backwards=True, step=size + 1), size + 1))
        if len(keys) >= size:
            shown = [key.number for key in keys[size - 1 :: -1]]
            more_after = _stands_in(query, listing, place) or _has_more(listing, shown[-1], backwards=False)
            return _page(conn, query, shown, has_before=len(keys) > size, has_after=more_after)
    elif after and (place := listing.place(after)):
        keys = list(islice(listing.keys(place, step=size + 1), size + 1))
        if keys:
            shown = [key.number for key in keys[:size]]
            more_before = _stands_in(query, listing, place) or _has_more(listing, shown[0], backwards=True)
            return _page(conn, query, shown, has_before=more_before, has_after=len(keys) > size)
    keys = list(islice(listing.keys(step=size + 1), size + 1))
    return _page(conn, query, [key.number for key in keys[:size]], has_before=False, has_after=len(keys) > size)


def get(conn: Connection, scope: Scope, number: str, language: str = "nl") -> Order | None:
    """The order with this number (exactly as it is written), or None when the scope has no such order."""
    found = orders(conn, scope, [number], language)
    return found[0] if found and scope.holder_id in (None, found[0].holder_id) else None


def orders(conn: Connection, scope: Scope, numbers: Sequence[str], language: str) -> list[Order]:
    """The account's orders with these numbers, in their order."""
    rows = conn.execute(
        """SELECT o.number, o.ordered_at, o.ordered_on, p.name_en, p.name_nl, p.code, g.name AS organisation,
                  g.kvk_number, q.given_name || ' ' || q.family_name AS ordered_by, c.hint, o.holder_id, o.payment,
                  o.cents, o.invoice, o.state
           FROM json_each(:numbers) k CROSS JOIN orders o ON o.number = k.value
                CROSS JOIN order_products p ON p.id = o.product_id
                CROSS JOIN order_holders h ON h.id = o.holder_id CROSS JOIN people q ON q.id = h.person_id
                LEFT JOIN organisations g ON g.id = h.organisation_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
           WHERE o.account = :account""",
        {"numbers": json.dumps(numbers), "account": scope.account},
    )
    return [_order(row, "name_nl" if language == "nl" else "name_en") for row in rows]


def _order(row: Row, name: str) -> Order:
    return Order(
        number=row["number"],
        ordered_at=datetime.fromtimestamp(row["ordered_at"], UTC),
        ordered_on=date.fromisoformat(row["ordered_on"]),
        product=row[name],
        product_code=row["code"],
        organisation=row["organisation"],
        kvk_number=row["kvk_number"],
        ordered_by=row["ordered_by"],
        code_hint=row["hint"],
        holder_id=row["holder_id"],
        payment=row["payment"],
        cents=row["cents"],
        invoice=row["invoice"],
        state=row["state"],
    )


def _page(conn: Connection, query: Query, numbers: list[str], *, has_before: bool, has_after: bool) -> Page:
    return Page(
        orders(conn, query.scope, numbers, query.language),
        numbers[0] if has_before else None,
        numbers[-1] if has_after else None,
    )


def _stands_in(query: Query, listing: Listing, place: Place) -> bool:
    """Whether the order at this place is in the list itself: then there is something on the other side of it."""
    since, until = query.period.seconds
    if not since <= place.key.ordered_at < until:
        return False
    return not listing.words or any(each.place == place.product for each in listing.products)


def _has_more(listing: Listing, number: str, *, backwards: bool) -> bool:
    place = listing.place(number)
    return place is not None and next(listing.keys(place, backwards=backwards, step=1), None) is not None

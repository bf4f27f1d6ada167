"""How many orders and how many cents: whole months from the sums that are kept, the days at the edges from the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from selfservice.db import Connection
from selfservice.orders.listing import Listing
from selfservice.orders.models import Period, Query

MOST_MONTHS = 120


@dataclass(frozen=True)
class Total:
    """A number of orders, and their amount together in cents."""

    orders: int
    cents: int


@dataclass(frozen=True)
class Month:
    """A month by its first day, with its orders and cents that a query asks for."""

    first: date
    orders: int
    cents: int


def total(conn: Connection, query: Query) -> Total:
    """What a query's orders come to, exactly."""
    return _total(_by_month(conn, query))


def sums(conn: Connection, query: Query) -> tuple[Total, list[Month]]:
    """The total, and what makes it up month by month, of the same moment: they agree while orders arrive.

    The months are those from the first with orders to the last, ten years at most, the latest; those without orders in
    between are there too.
    """
    found = _by_month(conn, query)
    return _total(found), _months(found)


def _total(found: Mapping[str, Total]) -> Total:
    return Total(sum(each.orders for each in found.values()), sum(each.cents for each in found.values()))


def _months(found: Mapping[str, Total]) -> list[Month]:
    if not found:
        return []
    return [
        Month(first, found[month].orders if month in found else 0, found[month].cents if month in found else 0)
        for first in _firsts(min(found), max(found))[-MOST_MONTHS:]
        for month in [f"{first:%Y-%m}"]
    ]


def _firsts(since: str, until: str) -> list[date]:
    numbers = [int(text[:4]) * 12 + int(text[5:]) - 1 for text in (since, until)]
    return [date(number // 12, number % 12 + 1, 1) for number in range(numbers[0], numbers[1] + 1)]


def _by_month(conn: Connection, query: Query) -> dict[str, Total]:
    """Each month that has any."""
    listing = Listing(conn, query)
    products = None
    if listing.words:
        if (one := listing.single) is not None:
            return {one["ordered_on"][:7]: Total(1, one["cents"])}
        products = json.dumps([each.id for each in listing.products])
    bound = {"account": query.scope.account, "holder": query.scope.holder_id, "products": products}
    kind = query.scope.holder_id is not None
    first, last = _whole(query.period)
    rows = conn.execute(_SUMS[kind], {**bound, "first": first, "last": last}).fetchall()
    for edge in _edges(query.period):
        since, until = edge.seconds
        day = edge.first or edge.last
        more = {"month": f"{day:%Y-%m}", "since": since, "until": until}
        rows += conn.execute(_EDGE[kind], {**bound, **more}).fetchall()
    return {row["month"]: Total(row["orders"], row["cents"]) for row in rows if row["orders"]}


def _whole(period: Period) -> tuple[str, str]:
    """The first and last month that lie in the period whole, as the sums write them; first after last if none does."""
    first, last = "0000-00", "9999-99"
    if period.first:
        first = f"{period.first if period.first.day == 1 else _next(period.first):%Y-%m}"
    if period.last:
        ends = (period.last + timedelta(days=1)).day == 1
        last = f"{period.last if ends else period.last.replace(day=1) - timedelta(days=1):%Y-%m}"
    return first, last


def _edges(period: Period) -> Iterator[Period]:
    """The parts of months at either end of the period: two, one or none."""
    first, last = period.first, period.last
    if first and last and last < first:
        return
    first_edge = first is not None and first.day != 1
    last_edge = last is not None and (last + timedelta(days=1)).day != 1
    if first and last and (first.year, first.month) == (last.year, last.month):
        if first_edge or last_edge:
            yield period
        return
    if first and first_edge:
        yield Period(first, _next(first) - timedelta(days=1))
    if last and last_edge:
        yield Period(last.replace(day=1), last)


def _next(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


# By whether it is one holder's.
_SUMS = {
    False: """
        SELECT month, sum(orders) AS orders, sum(cents) AS cents FROM order_account_months
        WHERE account = :account AND month BETWEEN :first AND :last
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        GROUP BY month""",
    True: """
        SELECT month, sum(orders) AS orders, sum(cents) AS cents FROM order_holder_months
        WHERE holder_id = :holder AND month BETWEEN :first AND :last
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        GROUP BY month""",
}
# The sums say which products the month has, the index of each has all that is added up.
_EDGE = {
    False: """
        SELECT s.month, count(*) AS orders, coalesce(sum(o.cents), 0) AS cents
        FROM order_account_months s CROSS JOIN orders o
        WHERE s.account = :account AND s.month = :month
              AND (:products IS NULL OR s.product_id IN (SELECT value FROM json_each(:products)))
              AND o.account = s.account AND o.product_id = s.product_id
              AND o.ordered_at >= :since AND o.ordered_at < :until""",
    True: """
        SELECT s.month, count(*) AS orders, coalesce(sum(o.cents), 0) AS cents
        FROM order_holder_months s CROSS JOIN orders o
        WHERE s.holder_id = :holder AND s.month = :month
              AND (:products IS NULL OR s.product_id IN (SELECT value FROM json_each(:products)))
              AND o.holder_id = s.holder_id AND o.product_id = s.product_id
              AND o.ordered_at >= :since AND o.ordered_at < :until""",
}

"""How many orders and how many cents: whole months from the sums that are kept, the days at the edges from the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from selfservice.orders.models import Month, Query, Total
from selfservice.orders.periods import Period
from selfservice.orders.store.sqlite.base import OnConnection
from selfservice.orders.store.sqlite.pagination import Listing
from selfservice.orders.timestamps import day_of

MOST_MONTHS = 120
NONE = Total(0, 0)


class Totals(OnConnection):
    """What orders come to, and whether the sums that are kept are right."""

    def total(self, query: Query) -> Total:
        """What a query's orders come to, exactly."""
        return _total(self._by_month(query))

    def totals(self, query: Query) -> tuple[Total, list[Month]]:
        """The total, and what makes it up month by month, of the same moment: they agree while orders arrive.

        The months are those from the first with orders to the last, ten years at most, the latest; those without orders
        in between are there too.
        """
        found = self._by_month(query)
        return _total(found), _months(found)

    def check(self) -> list[str]:
        """Add all orders up, and say which sums by month differ from that, as one line each. Changes nothing.

        Also an order that stands under another account than its holder's is one.
        """
        lines = []
        for kind, rows in (("account", self.conn.execute(_WRONG[False])), ("holder", self.conn.execute(_WRONG[True]))):
            for row in rows:
                lines.append(
                    f"{kind} {row['whose']}, {row['month']}, {row['code']}: kept {row['kept_orders']} orders and "
                    f"{row['kept_cents']} cents, counted {row['orders']} and {row['cents']}"
                )
        strays = self.conn.execute(
            """SELECT o.number, o.account, h.account AS own FROM orders o JOIN order_holders h ON h.id = o.holder_id
               WHERE o.account <> h.account ORDER BY o.number"""
        )
        lines += [f"order {row['number']} stands under account {row['account']}, not {row['own']}" for row in strays]
        return lines

    def count(self) -> int:
        """How many orders there are."""
        return int(self.conn.execute("SELECT count(*) FROM orders").fetchone()[0])

    def _by_month(self, query: Query) -> dict[str, Total]:
        """Each month that has any."""
        listing = Listing(self.conn, query)
        products = None
        if listing.terms:
            if (one := listing.single) is not None:
                return {day_of(one.ordered_at)[:7]: Total(1, one.cents)}
            products = json.dumps([each.id for each in listing.products])
        bound = {"account": query.scope.account, "holder": query.scope.holder_id, "products": products}
        is_own = query.scope.holder_id is not None
        first, last = _whole(query.period)
        rows = self.conn.execute(_SUMS[is_own], {**bound, "first": first, "last": last}).fetchall()
        for edge in _edges(query.period):
            since, until = edge.seconds
            day = edge.first or edge.last
            more = {"month": f"{day:%Y-%m}", "since": since, "until": until}
            rows += self.conn.execute(_EDGE[is_own], {**bound, **more}).fetchall()
        return {row["month"]: Total(row["orders"], row["cents"]) for row in rows if row["orders"]}


def _total(found: Mapping[str, Total]) -> Total:
    return Total(sum(each.orders for each in found.values()), sum(each.cents for each in found.values()))


def _months(found: Mapping[str, Total]) -> list[Month]:
    if not found:
        return []
    since, until = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (min(found), max(found)))
    firsts = (divmod(number, 12) for number in range(max(since, until - MOST_MONTHS + 1), until + 1))
    return [Month(date(year, month + 1, 1), *found.get(f"{year:04}-{month + 1:02}", NONE)) for year, month in firsts]


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


# Each statement twice: of an account, and of one holder.
_ACCOUNT = {"owner": "account", "bound": ":account", "sums": "order_account_months"}
_HOLDER = {"owner": "holder_id", "bound": ":holder", "sums": "order_holder_months"}
_SUMS_OF = """
    SELECT month, sum(orders) AS orders, sum(cents) AS cents FROM {sums}
    WHERE {owner} = {bound} AND month BETWEEN :first AND :last
          AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
    GROUP BY month"""
# The sums say which products the month has, the index of each has all that is added up.
_EDGE_OF = """
    SELECT s.month, count(*) AS orders, coalesce(sum(o.cents), 0) AS cents
    FROM {sums} s CROSS JOIN orders o
    WHERE s.{owner} = {bound} AND s.month = :month
          AND (:products IS NULL OR s.product_id IN (SELECT value FROM json_each(:products)))
          AND o.{owner} = s.{owner} AND o.product_id = s.product_id
          AND o.ordered_at >= :since AND o.ordered_at < :until"""
# One statement is one moment: what is written meanwhile is wholly in it or not at all.
_WRONG_OF = """
    WITH real AS (SELECT {owner} AS whose, substr(ordered_on, 1, 7) AS month, product_id, count(*) AS orders,
                         sum(cents) AS cents FROM orders GROUP BY 1, 2, 3)
    SELECT coalesce(r.whose, k.{owner}) AS whose, coalesce(r.month, k.month) AS month, p.code,
           coalesce(k.orders, 0) AS kept_orders, coalesce(k.cents, 0) AS kept_cents,
           coalesce(r.orders, 0) AS orders, coalesce(r.cents, 0) AS cents
    FROM real r FULL JOIN {sums} k
         ON k.{owner} = r.whose AND k.month = r.month AND k.product_id = r.product_id
         LEFT JOIN order_products p ON p.id = coalesce(r.product_id, k.product_id)
    WHERE r.orders IS NOT k.orders OR r.cents IS NOT k.cents ORDER BY 1, 2, 3"""
_SUMS = {False: _SUMS_OF.format(**_ACCOUNT), True: _SUMS_OF.format(**_HOLDER)}
_EDGE = {False: _EDGE_OF.format(**_ACCOUNT), True: _EDGE_OF.format(**_HOLDER)}
_WRONG = {False: _WRONG_OF.format(**_ACCOUNT), True: _WRONG_OF.format(**_HOLDER)}

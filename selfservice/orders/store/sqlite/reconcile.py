"""Orders as a shop looks them up: one by its number, and all in the order in which they were changed last."""

from __future__ import annotations

from selfservice.db import Row
from selfservice.orders.store.sqlite.base import OnConnection

_SELECT = """
    SELECT o.number, o.ordered_at, p.code AS product, p.names, o.payment, o.cents, o.invoice, o.state, o.updated_at
    FROM orders o JOIN order_products p ON p.id = o.product_id WHERE {which}"""
_ONE = _SELECT.format(which="o.number = :number")
_AFTER = _SELECT.format(
    which="(o.updated_at, o.number) > (:updated_at, :number) ORDER BY o.updated_at, o.number LIMIT :most"
)


class Reconcile(OnConnection):
    """What the shop is told of its orders."""

    def delivered(self, number: str) -> Row | None:
        """The order with this number: what was sent of it, the product by its `product` code and its own `names`, and
        `updated_at` in microseconds since 1970 (0: not known).
        """
        row: Row | None = self.conn.execute(_ONE, {"number": number}).fetchone()
        return row

    def delivered_after(self, updated_at: int, number: str, most: int) -> list[Row]:
        """At most so many orders, as from `delivered`, that come after this place by `updated_at` and number.

        An order's `updated_at` only grows, so who goes on from the last one sees each order that was there, changed
        meanwhile or not, at least once.
        """
        values = {"updated_at": updated_at, "number": number, "most": most}
        return self.conn.execute(_AFTER, values).fetchall()

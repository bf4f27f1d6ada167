"""Orders as a shop looks them up: one by its number, and all in the order in which they were written last."""

from __future__ import annotations

from selfservice.db import Row
from selfservice.orders.store.sqlite.base import OnConnection

_SELECT = """
    SELECT o.number, o.ordered_at, p.code AS product, p.names, o.payment, o.cents, o.invoice, o.state, o.updated_at,
           o.stored_at
    FROM orders o JOIN order_products p ON p.id = o.product_id WHERE {which}"""
_ONE = _SELECT.format(which="o.number = :number")
_AFTER = _SELECT.format(
    which="(o.stored_at, o.number) > (:stored_at, :number) ORDER BY o.stored_at, o.number LIMIT :most"
)


class Reconcile(OnConnection):
    """What the shop is told of its orders."""

    def delivered(self, number: str) -> Row | None:
        """The order with this number: what was sent of it, the product by its `product` code and its own `names`, and
        `updated_at` and `stored_at` in microseconds since 1970 (0: not known).
        """
        row: Row | None = self.conn.execute(_ONE, {"number": number}).fetchone()
        return row

    def delivered_after(self, stored_at: int, number: str, most: int) -> list[Row]:
        """At most so many orders, as from `delivered`, that come after this place by `stored_at` and number.

        What is written has a later moment than all that was there, so who goes on from the last one sees each order
        that was there, changed meanwhile or not, at least once.
        """
        values = {"stored_at": stored_at, "number": number, "most": most}
        return self.conn.execute(_AFTER, values).fetchall()

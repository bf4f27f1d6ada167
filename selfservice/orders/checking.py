"""Holding the sums that are kept against the orders themselves."""

from __future__ import annotations

from dataclasses import dataclass

from selfservice.db import Database

# One statement is one moment: what is written meanwhile is wholly in it or not at all.
_ACCOUNTS = """
    WITH real AS (SELECT account AS whose, substr(ordered_on, 1, 7) AS month, product_id, count(*) AS orders,
                         sum(cents) AS cents FROM orders GROUP BY 1, 2, 3)
    SELECT coalesce(r.whose, k.account) AS whose, coalesce(r.month, k.month) AS month, p.code,
           coalesce(k.orders, 0) AS kept_orders, coalesce(k.cents, 0) AS kept_cents,
           coalesce(r.orders, 0) AS orders, coalesce(r.cents, 0) AS cents
    FROM real r FULL JOIN order_account_months k
         ON k.account = r.whose AND k.month = r.month AND k.product_id = r.product_id
         LEFT JOIN order_products p ON p.id = coalesce(r.product_id, k.product_id)
    WHERE r.orders IS NOT k.orders OR r.cents IS NOT k.cents ORDER BY 1, 2, 3
"""
_HOLDERS = """
    WITH real AS (SELECT holder_id AS whose, substr(ordered_on, 1, 7) AS month, product_id, count(*) AS orders,
                         sum(cents) AS cents FROM orders GROUP BY 1, 2, 3)
    SELECT coalesce(r.whose, k.holder_id) AS whose, coalesce(r.month, k.month) AS month, p.code,
           coalesce(k.orders, 0) AS kept_orders, coalesce(k.cents, 0) AS kept_cents,
           coalesce(r.orders, 0) AS orders, coalesce(r.cents, 0) AS cents
    FROM real r FULL JOIN order_holder_months k
         ON k.holder_id = r.whose AND k.month = r.month AND k.product_id = r.product_id
         LEFT JOIN order_products p ON p.id = coalesce(r.product_id, k.product_id)
    WHERE r.orders IS NOT k.orders OR r.cents IS NOT k.cents ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Found:
    """How many orders there are, and a line for each sum that is not right."""

    orders: int
    lines: list[str]


def differences(db: Database) -> Found:
    """Add all orders up, and say which sums by month differ from that, as one line each. Changes nothing.

    Also an order that stands under another account than its holder's is one.
    """
    conn = db.read()
    lines = []
    for kind, rows in (("account", conn.execute(_ACCOUNTS)), ("holder", conn.execute(_HOLDERS))):
        for row in rows:
            lines.append(
                f"{kind} {row['whose']}, {row['month']}, {row['code']}: kept {row['kept_orders']} orders and "
                f"{row['kept_cents']} cents, counted {row['orders']} and {row['cents']}"
            )
    strays = conn.execute(
        """SELECT o.number, o.account, h.account AS own FROM orders o JOIN order_holders h ON h.id = o.holder_id
           WHERE o.account <> h.account ORDER BY o.number"""
    )
    lines += [f"order {row['number']} stands under account {row['account']}, not {row['own']}" for row in strays]
    return Found(int(conn.execute("SELECT count(*) FROM orders").fetchone()[0]), lines)

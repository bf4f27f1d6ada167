"""The only writer of orders: puts rows in by number, and keeps the sums in step in the same transaction.

All by sets: the rows go into a temporary table, and a handful of statements compare, add up and merge. A temporary
table belongs to one connection and is nobody else's to see or to wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from selfservice.db import Connection

_TABLES = """
    CREATE TEMP TABLE IF NOT EXISTS orders_in (
        account INTEGER NOT NULL, ordered_at INTEGER NOT NULL, number TEXT PRIMARY KEY, ordered_on TEXT NOT NULL,
        holder_id INTEGER NOT NULL, product_id INTEGER NOT NULL, payment TEXT NOT NULL, cents INTEGER NOT NULL,
        invoice TEXT, state TEXT NOT NULL, is_new INTEGER NOT NULL DEFAULT 1)
"""
_OLD = """
    CREATE TEMP TABLE IF NOT EXISTS orders_out (
        number TEXT PRIMARY KEY, account INTEGER NOT NULL, holder_id INTEGER NOT NULL, month TEXT NOT NULL,
        product_id INTEGER NOT NULL, cents INTEGER NOT NULL)
"""


class Row(NamedTuple):
    """An order as its table has it. `account` is the holder's; `ordered_at` is in seconds since 1970 (UTC), and
    `ordered_on` that moment's day in Amsterdam (`rows.day`); `cents` may be negative.
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


@dataclass(frozen=True)
class Written:
    """How many orders were not known, were known otherwise, and were known just so."""

    new: int
    changed: int
    same: int


def put(conn: Connection, rows: Sequence[Row]) -> Written:
    """Add the orders whose number is not known, update those of which anything differs, and leave the rest alone.

    Of several rows with one number the last counts. The sums by month are right again when it returns. Call inside
    `write()`. Raises IntegrityError for a row that the tables refuse; the caller's transaction is then undone.
    """
    conn.execute(_TABLES)
    conn.execute(_OLD)
    conn.execute("DELETE FROM orders_in")
    conn.execute("DELETE FROM orders_out")
    conn.executemany(
        """INSERT OR REPLACE INTO orders_in (account, ordered_at, number, ordered_on, holder_id, product_id, payment,
                                             cents, invoice, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows,
    )
    same = conn.execute(
        """DELETE FROM orders_in WHERE EXISTS (
               SELECT 1 FROM orders o WHERE o.number = orders_in.number AND o.account = orders_in.account
                   AND o.ordered_at = orders_in.ordered_at AND o.ordered_on = orders_in.ordered_on
                   AND o.holder_id = orders_in.holder_id AND o.product_id = orders_in.product_id
                   AND o.payment = orders_in.payment AND o.cents = orders_in.cents
                   AND o.invoice IS orders_in.invoice AND o.state = orders_in.state)"""
    ).rowcount
    changed = conn.execute(
        """INSERT INTO orders_out (number, account, holder_id, month, product_id, cents)
           SELECT o.number, o.account, o.holder_id, substr(o.ordered_on, 1, 7), o.product_id, o.cents
           FROM orders_in i CROSS JOIN orders o ON o.number = i.number"""
    ).rowcount
    _add(conn)
    if changed:
        conn.execute("UPDATE orders_in SET is_new = 0 WHERE number IN (SELECT number FROM orders_out)")
        _subtract(conn)
        _update(conn)
    new = conn.execute(
        """INSERT INTO orders (account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents, invoice,
                               state)
           SELECT account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents, invoice, state
           FROM orders_in WHERE is_new ORDER BY account, ordered_at, number"""
    ).rowcount
    return Written(new, changed, same)


def fates(conn: Connection) -> dict[str, str]:
    """What the last `put` on this connection did, by number: 'new' or 'changed'; of what was the same, nothing."""
    found = conn.execute("SELECT number, is_new FROM orders_in")
    return {row["number"]: "new" if row["is_new"] else "changed" for row in found}


def _add(conn: Connection) -> None:
    """Add what comes in to the sums. Before anything is taken off, so that no sum is below zero in between."""
    conn.execute(
        """INSERT INTO order_account_months (account, month, product_id, orders, cents)
           SELECT account, substr(ordered_on, 1, 7), product_id, count(*), sum(cents) FROM orders_in WHERE true
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
           ON CONFLICT (account, month, product_id) DO UPDATE
           SET orders = order_account_months.orders + excluded.orders,
               cents = order_account_months.cents + excluded.cents"""
    )
    conn.execute(
        """INSERT INTO order_holder_months (holder_id, month, product_id, orders, cents)
           SELECT holder_id, substr(ordered_on, 1, 7), product_id, count(*), sum(cents) FROM orders_in WHERE true
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
           ON CONFLICT (holder_id, month, product_id) DO UPDATE
           SET orders = order_holder_months.orders + excluded.orders,
               cents = order_holder_months.cents + excluded.cents"""
    )


def _subtract(conn: Connection) -> None:
    """Take what goes out off the sums; a sum of no orders goes too."""
    conn.execute(
        """UPDATE order_account_months SET orders = order_account_months.orders - old.orders,
                                           cents = order_account_months.cents - old.cents
           FROM (SELECT account, month, product_id, count(*) AS orders, sum(cents) AS cents FROM orders_out
                 GROUP BY account, month, product_id) old
           WHERE order_account_months.account = old.account AND order_account_months.month = old.month
                 AND order_account_months.product_id = old.product_id"""
    )
    conn.execute(
        """UPDATE order_holder_months SET orders = order_holder_months.orders - old.orders,
                                          cents = order_holder_months.cents - old.cents
           FROM (SELECT holder_id, month, product_id, count(*) AS orders, sum(cents) AS cents FROM orders_out
                 GROUP BY holder_id, month, product_id) old
           WHERE order_holder_months.holder_id = old.holder_id AND order_holder_months.month = old.month
                 AND order_holder_months.product_id = old.product_id"""
    )
    conn.execute(
        """DELETE FROM order_account_months WHERE orders = 0
           AND (account, month, product_id) IN (SELECT account, month, product_id FROM orders_out)"""
    )
    conn.execute(
        """DELETE FROM order_holder_months WHERE orders = 0
           AND (holder_id, month, product_id) IN (SELECT holder_id, month, product_id FROM orders_out)"""
    )


def _update(conn: Connection) -> None:
    """Write the changed ones over: never taken out and put in again, since a redelivery hangs on the row."""
    conn.execute(
        """UPDATE orders SET account = i.account, ordered_at = i.ordered_at, ordered_on = i.ordered_on,
                             holder_id = i.holder_id, product_id = i.product_id, payment = i.payment,
                             cents = i.cents, invoice = i.invoice, state = i.state
           FROM (SELECT * FROM orders_in WHERE NOT is_new) i WHERE orders.number = i.number"""
    )

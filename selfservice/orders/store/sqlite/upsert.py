"""The only writer of orders: puts rows in by number, and keeps the sums in step in the same transaction.

All by sets: the rows go into a temporary table, and a handful of statements compare, add up and merge. A temporary
table belongs to one connection and is nobody else's to see or to wait for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from selfservice.db import Row
from selfservice.orders.models import OrderRow, UpsertCounts
from selfservice.orders.product_names import to_column
from selfservice.orders.store.sqlite.base import OnConnection

_IN = """
    CREATE TEMP TABLE IF NOT EXISTS orders_in (
        account INTEGER NOT NULL, ordered_at INTEGER NOT NULL, number TEXT PRIMARY KEY, ordered_on TEXT NOT NULL,
        holder_id INTEGER NOT NULL, product_id INTEGER NOT NULL, payment TEXT NOT NULL, cents INTEGER NOT NULL,
        invoice TEXT, state TEXT NOT NULL, updated_at INTEGER NOT NULL, result TEXT NOT NULL DEFAULT 'new')"""
_OUT = """
    CREATE TEMP TABLE IF NOT EXISTS orders_out (
        number TEXT PRIMARY KEY, account INTEGER NOT NULL, holder_id INTEGER NOT NULL, month TEXT NOT NULL,
        product_id INTEGER NOT NULL, cents INTEGER NOT NULL)"""
# Each of these twice: for the sums of accounts, and of holders.
_ACCOUNT = {"owner": "account", "sums": "order_account_months"}
_HOLDER = {"owner": "holder_id", "sums": "order_holder_months"}
_ADD = """
    INSERT INTO {sums} ({owner}, month, product_id, orders, cents)
    SELECT {owner}, substr(ordered_on, 1, 7), product_id, count(*), sum(cents) FROM orders_in
    WHERE result IN ('new', 'changed')
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT ({owner}, month, product_id) DO UPDATE
    SET orders = {sums}.orders + excluded.orders, cents = {sums}.cents + excluded.cents"""
_SUBTRACT = """
    UPDATE {sums} SET orders = {sums}.orders - old.orders, cents = {sums}.cents - old.cents
    FROM (SELECT {owner}, month, product_id, count(*) AS orders, sum(cents) AS cents FROM orders_out
          GROUP BY {owner}, month, product_id) old
    WHERE {sums}.{owner} = old.{owner} AND {sums}.month = old.month AND {sums}.product_id = old.product_id"""
_DELETE_EMPTY = """
    DELETE FROM {sums} WHERE orders = 0
    AND ({owner}, month, product_id) IN (SELECT {owner}, month, product_id FROM orders_out)"""
_ADD_TO_ACCOUNTS = _ADD.format(**_ACCOUNT)
_ADD_TO_HOLDERS = _ADD.format(**_HOLDER)
_SUBTRACT_FROM_ACCOUNTS = _SUBTRACT.format(**_ACCOUNT)
_SUBTRACT_FROM_HOLDERS = _SUBTRACT.format(**_HOLDER)
_DELETE_EMPTY_OF_ACCOUNTS = _DELETE_EMPTY.format(**_ACCOUNT)
_DELETE_EMPTY_OF_HOLDERS = _DELETE_EMPTY.format(**_HOLDER)

# The only place that decides what becomes of a row: inside the write lock, against what is stored at that moment.
# A subquery, since SQLite may choose to walk along all orders for a join.
_COMPARE = """
    UPDATE orders_in SET result = coalesce((SELECT CASE
        WHEN o.updated_at > coalesce(nullif(orders_in.updated_at, 0), :received_at) THEN 'outdated'
        WHEN o.account = orders_in.account AND o.ordered_at = orders_in.ordered_at
            AND o.ordered_on = orders_in.ordered_on AND o.holder_id = orders_in.holder_id
            AND o.product_id = orders_in.product_id AND o.payment = orders_in.payment AND o.cents = orders_in.cents
            AND o.invoice IS orders_in.invoice AND o.state = orders_in.state THEN 'same'
        ELSE 'changed' END
        FROM orders o WHERE o.number = orders_in.number), 'new')"""
_UPDATE = """
    UPDATE orders SET account = i.account, ordered_at = i.ordered_at, ordered_on = i.ordered_on,
                      holder_id = i.holder_id, product_id = i.product_id, payment = i.payment, cents = i.cents,
                      invoice = i.invoice, state = i.state,
                      updated_at = coalesce(nullif(i.updated_at, 0), :received_at), stored_at = :stored_at
    FROM (SELECT * FROM orders_in WHERE result = 'changed') i WHERE orders.number = i.number"""
# A row that says nothing of it moves nothing: a whole file each night must not write all orders anew.
_MOVE_ON = """
    UPDATE orders SET updated_at = i.updated_at, stored_at = :stored_at
    FROM (SELECT number, updated_at FROM orders_in WHERE result = 'same' AND updated_at > 0) i
    WHERE orders.number = i.number AND orders.updated_at < i.updated_at"""
_INSERT = """
    INSERT INTO orders (account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents, invoice, state,
                        updated_at, stored_at)
    SELECT account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents, invoice, state,
           coalesce(nullif(updated_at, 0), :received_at), :stored_at
    FROM orders_in WHERE result = 'new' AND orders_in.rowid BETWEEN :first AND :last
    ORDER BY account, ordered_at, number"""
# Each statement that writes many rows keeps the pages as they were before it, in memory where SQLite was built so.
_ROWS_A_STATEMENT = 1000


class Upsert(OnConnection):
    """Orders going in, with whom and what they are of."""

    def upsert(self, rows: Sequence[OrderRow], received_at: int = 0, stored_at: int = 0) -> UpsertCounts:
        """Add the orders whose number is not known, update those of which anything differs, and leave the rest alone.

        A row that says nothing of `updated_at` counts as of `received_at` (microseconds since 1970, UTC). One that is
        older than what is stored is outdated, and left alone too; of one that says the same with a newer `updated_at`
        only that is written. What is written has `stored_at` (likewise), the moment of this transaction. The sums by
        month are right again when it returns. Call inside `write()`. Raises IntegrityError for a row that the tables
        refuse, and for a number that stands there twice; the caller's transaction is then undone.
        """
        conn = self.conn
        conn.execute(_IN)
        conn.execute(_OUT)
        conn.execute("DELETE FROM orders_in")
        conn.execute("DELETE FROM orders_out")
        conn.executemany(
            """INSERT INTO orders_in (account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents,
                                      invoice, state, updated_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            rows,
        )
        conn.execute(_COMPARE, {"received_at": received_at})
        moments = {"received_at": received_at, "stored_at": stored_at}
        conn.execute(
            """INSERT INTO orders_out (number, account, holder_id, month, product_id, cents)
               SELECT o.number, o.account, o.holder_id, substr(o.ordered_on, 1, 7), o.product_id, o.cents
               FROM orders_in i CROSS JOIN orders o ON o.number = i.number WHERE i.result = 'changed'"""
        )
        # Before anything is taken off, so that no sum is below zero in between.
        conn.execute(_ADD_TO_ACCOUNTS)
        conn.execute(_ADD_TO_HOLDERS)
        counts = dict(conn.execute("SELECT result, count(*) FROM orders_in GROUP BY result").fetchall())
        if "changed" in counts:
            self._change(moments)
        if "same" in counts:
            conn.execute(_MOVE_ON, {"stored_at": stored_at})
        for first in range(1, len(rows) + 1, _ROWS_A_STATEMENT):
            conn.execute(_INSERT, moments | {"first": first, "last": first + _ROWS_A_STATEMENT - 1})
        return UpsertCounts(*(counts.get(result, 0) for result in ("new", "changed", "same", "outdated")))

    def results(self) -> dict[str, str]:
        """What the last `upsert` on this connection did, by number: 'new', 'changed', 'same' or 'outdated'."""
        return dict(self.conn.execute("SELECT number, result FROM orders_in").fetchall())

    def find_owner(self, new_hash: str, old_hash: str) -> Row | None:
        """`person_id`, `organisation_id`, `account` and `holder_id` (0 without orders) of the access code that has one
        of these hashes, whether it was revoked or not.
        """
        row: Row | None = self.conn.execute(
            """SELECT c.person_id, c.organisation_id, coalesce(c.organisation_id, -c.person_id) AS account,
                      coalesce(h.id, 0) AS holder_id
               FROM access_codes c LEFT JOIN order_holders h ON h.person_id = c.person_id
                    AND coalesce(h.organisation_id, 0) = coalesce(c.organisation_id, 0)
               WHERE c.code_hash IN (:new_hash, :old_hash)""",
            {"new_hash": new_hash, "old_hash": old_hash},
        ).fetchone()
        return row

    def owner_of(self, number: str) -> Row | None:
        """`person_id`, `organisation_id`, `account` and `holder_id` of a known order; None when it is not known."""
        row: Row | None = self.conn.execute(
            """SELECT h.person_id, h.organisation_id, h.account, h.id AS holder_id
               FROM orders o JOIN order_holders h ON h.id = o.holder_id WHERE o.number = :number""",
            {"number": number},
        ).fetchone()
        return row

    @contextmanager
    def larger_cache(self) -> Iterator[None]:
        """24 MB for pages on this connection, so that what a batch touches stays at hand; then 2 MB as before."""
        self.conn.execute("PRAGMA cache_size = -24000")
        try:
            yield
        finally:
            self.conn.execute("PRAGMA cache_size = -2000")

    def add_holder(self, person_id: int, organisation_id: int | None) -> tuple[int, int]:
        """The row number of this person's use of an organisation's account (or, with None, of their own), whatever
        codes they had; and the account. Makes it when it is not there: call inside `write()`.
        """
        values = {"person": person_id, "organisation": organisation_id}
        self.conn.execute(
            """INSERT INTO order_holders (person_id, organisation_id, account)
               VALUES (:person, :organisation, coalesce(:organisation, -:person)) ON CONFLICT DO NOTHING""",
            values,
        )
        row = self.conn.execute(
            """SELECT id, account FROM order_holders
               WHERE person_id = :person AND coalesce(organisation_id, 0) = coalesce(:organisation, 0)""",
            values,
        ).fetchone()
        return int(row["id"]), int(row["account"])

    def add_product(self, code: str, *names: str) -> int:
        """The row number of a product. It gets the names that are given (in the order of PRODUCT_LANGUAGES; an empty
        one says nothing) and keeps the others. Call inside `write()`.
        """
        known = self.conn.execute("SELECT names FROM order_products WHERE code = :code", {"code": code}).fetchone()
        row = self.conn.execute(
            """INSERT INTO order_products (code, names) VALUES (:code, :names)
               ON CONFLICT (code) DO UPDATE SET names = excluded.names RETURNING id""",
            {"code": code, "names": to_column(json.loads(known["names"]) if known else {}, names)},
        ).fetchone()
        return int(row["id"])

    def _change(self, moments: dict[str, int]) -> None:
        """Take what goes out off the sums; a sum of no orders goes too. Then write the changed ones over: never taken
        out and put in again, since a redelivery hangs on the row.
        """
        self.conn.execute(_SUBTRACT_FROM_ACCOUNTS)
        self.conn.execute(_SUBTRACT_FROM_HOLDERS)
        self.conn.execute(_DELETE_EMPTY_OF_ACCOUNTS)
        self.conn.execute(_DELETE_EMPTY_OF_HOLDERS)
        self.conn.execute(_UPDATE, moments)

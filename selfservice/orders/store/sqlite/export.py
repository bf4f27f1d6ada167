"""The lines of a text file, built in the database: one string for each piece of it, in the order of the query.

Python would take twice as long to build them and hold up every other thread meanwhile; while SQLite works, they run. A
line is put together from the order's own columns and from ready-made cells, of its product and of its holder. These,
the labels, and the view that joins it all are temporary, on a connection of the file's own
(`Database.separate_connection`). The cells of a product or a holder are made when the first line asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from selfservice.db import Connection, Row
from selfservice.orders.models import LineFormat, Query
from selfservice.orders.store.sqlite.base import OnConnection
from selfservice.orders.store.sqlite.pagination import Listing, is_table_order


class Export(OnConnection):
    """All orders of a query, however many, in its order."""

    # So many lines that asking costs next to nothing.
    LINES_A_PIECE = 1000
    # With words each product is asked for its own.
    NUMBERS_AT_ONCE = 250

    def export_text(self, query: Query, form: LineFormat) -> Iterator[bytes]:
        """The lines of a text file, in pieces with `form.between` left out between them. Once on a connection, which is
        the file's own.
        """
        lines = Lines(self.conn, query.scope.account, form)
        return self._newest_first(query, lines) if is_table_order(query) else self._in_order(query, lines)

    def export_rows(self, query: Query, step: int) -> Iterator[list[Row]]:
        """The orders for a workbook, so many at a time: `number`, `day` (as Excel counts days), `product_id`,
        `holder_id`, `payment`, `cents`, `invoice`, `state`.
        """
        numbers = Listing(self.conn, query).numbers(step=step)
        while some := list(islice(numbers, step)):
            bound = {"numbers": json.dumps(some), "account": query.scope.account}
            yield self.conn.execute(_SHEET_ROWS, bound).fetchall()

    def products(self, ids: Iterable[int]) -> list[Row]:
        """`id`, `code` and `names` (see `product_names`) of these products."""
        return self.conn.execute(
            "SELECT id, code, names FROM order_products WHERE id IN (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps(list(ids))},
        ).fetchall()

    def holders(self, ids: Iterable[int]) -> list[Row]:
        """`id` and `name` of these holders, the `hint` of the code that they have now, and of the organisation `name`
        (as `organisation`) and `kvk_number`; what there is not is None.
        """
        return self.conn.execute(
            """SELECT h.id, trim(p.given_name || ' ' || p.family_name) AS name, c.hint, o.name AS organisation,
                      o.kvk_number
               FROM order_holders h JOIN people p ON p.id = h.person_id
                    LEFT JOIN organisations o ON o.id = h.organisation_id
                    LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                         AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
               WHERE h.id IN (SELECT value FROM json_each(:ids))""",
            {"ids": json.dumps(list(ids))},
        ).fetchall()

    def _newest_first(self, query: Query, lines: Lines) -> Iterator[bytes]:
        """Along the table itself, without a number leaving the database: what nearly everybody asks for."""
        since, until = query.period.seconds
        start = (until, "")
        while True:
            row = self.conn.execute(
                """SELECT ordered_at, number FROM orders
                   WHERE account = :account AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
                   ORDER BY ordered_at DESC, number DESC LIMIT 1 OFFSET :skip""",
                {
                    "account": query.scope.account,
                    "at": start[0],
                    "number": start[1],
                    "since": since,
                    "skip": self.LINES_A_PIECE - 1,
                },
            ).fetchone()
            end = (since, "") if row is None else tuple(row)
            if piece := lines.down_to(end, start):
                yield piece
            if row is None:
                return
            start = end

    def _in_order(self, query: Query, lines: Lines) -> Iterator[bytes]:
        found = Listing(self.conn, query).numbers(step=self.NUMBERS_AT_ONCE)
        while numbers := list(islice(found, self.LINES_A_PIECE)):
            # None, when all of them went since their numbers were read.
            if piece := lines.of(numbers):
                yield piece


class Lines:
    """Builds the lines of an account's orders."""

    def __init__(self, conn: Connection, account: int, form: LineFormat) -> None:
        self._conn, self._form, self._export = conn, form, Export(conn)
        self._bound = {"account": account, "between": form.between}
        conn.execute("CREATE TEMP TABLE product_cells (id INTEGER PRIMARY KEY, cells TEXT NOT NULL) STRICT")
        conn.execute("CREATE TEMP TABLE holder_cells (id INTEGER PRIMARY KEY, cells TEXT NOT NULL) STRICT")
        conn.execute(_LABELS)
        if labels := form.labels:
            known = {**labels.payments, **labels.states}
            conn.execute(
                "INSERT INTO labels VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (labels.separator, labels.point, labels.day, *(known[code] for code in _CODES)),
            )
        conn.execute(_VIEWS[form.kind])

    def down_to(self, end: tuple[int, str], start: tuple[int, str]) -> bytes:
        """The lines of the orders from just before `start` down to and with `end`, newest first; empty for none."""
        return self._whole(
            lambda: self._conn.execute(
                """SELECT CAST(group_concat(line, :between) AS BLOB) AS lines, group_concat(holder_id) AS holders,
                          group_concat(product_id) AS products
                   FROM (SELECT * FROM lines
                         WHERE account = :account AND (ordered_at, number) < (:at, :number)
                               AND (ordered_at, number) >= (:to_at, :to_number)
                         ORDER BY ordered_at DESC, number DESC)""",
                {**self._bound, "at": start[0], "number": start[1], "to_at": end[0], "to_number": end[1]},
            ).fetchone()
        )

    def of(self, numbers: Sequence[str]) -> bytes:
        """The lines of the orders with these numbers, in the order of the numbers."""
        return self._whole(
            lambda: self._conn.execute(
                """SELECT CAST(group_concat(line, :between) AS BLOB) AS lines, group_concat(holder_id) AS holders,
                          group_concat(product_id) AS products
                   FROM (SELECT l.* FROM json_each(:numbers) n CROSS JOIN lines l ON l.number = n.value
                         WHERE l.account = :account)""",
                {**self._bound, "numbers": json.dumps(numbers)},
            ).fetchone()
        )

    def _whole(self, ask: Callable[[], Row]) -> bytes:
        row = ask()
        while row["holders"] or row["products"]:
            for each in self._export.holders(_ids(row["holders"])):
                self._conn.execute("INSERT INTO holder_cells VALUES (?, ?)", (each["id"], self._form.holder(each)))
            for each in self._export.products(_ids(row["products"])):
                self._conn.execute("INSERT INTO product_cells VALUES (?, ?)", (each["id"], self._form.product(each)))
            row = ask()
        lines: bytes | None = row["lines"]
        return lines or b""


def _ids(listed: str | None) -> set[int]:
    """Row numbers with commas between, many of them many times."""
    return {int(text) for text in listed.split(",")} if listed else set()


# Excel's first day is the 31st of December 1899, and it believes in a 29th of February 1900.
_SHEET_ROWS = """
    SELECT o.number, CAST(julianday(o.ordered_on) - julianday('1899-12-30') AS INTEGER) AS day, o.product_id,
           o.holder_id, o.payment, o.cents, o.invoice, o.state
    FROM json_each(:numbers) k CROSS JOIN orders o ON o.number = k.value WHERE o.account = :account"""
_CODES = ("credit", "direct_debit", "ideal", "credit_card", "ordered", "delivered", "failed", "cancelled")
_LABELS = """
    CREATE TEMP TABLE labels (
        id INTEGER PRIMARY KEY, separator TEXT, point TEXT, day TEXT, credit TEXT, direct_debit TEXT,
        ideal TEXT, credit_card TEXT, ordered TEXT, delivered TEXT, failed TEXT, cancelled TEXT) STRICT"""
# Each line with the holder and the product whose cells it lacks.
_VIEW = """
    CREATE TEMP VIEW lines AS
    SELECT o.account, o.ordered_at, o.number,
        CASE WHEN h.id IS NULL THEN o.holder_id END AS holder_id,
        CASE WHEN p.id IS NULL THEN o.product_id END AS product_id,
        concat({line}) AS line
    FROM {orders}
        LEFT JOIN product_cells p ON p.id = o.product_id LEFT JOIN holder_cells h ON h.id = o.holder_id"""
# A number without an apostrophe begins with a letter, and with none of `cell_escaping.WORDLIKE` (a test holds it to
# `cell_escaping.identifier`). All of these have a letter second too, which is looked at first: most numbers have a
# digit there.
_APOSTROPHE = """
        CASE WHEN {column} < 'A' OR substr({column}, 2, 1) >= 'A' AND substr({column}, 1, 3) IN (
            'JAN', 'FEB', 'MAR', 'MAA', 'MRT', 'APR', 'MAY', 'MEI', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'OKT',
            'NOV', 'DEC', 'TRU', 'FAL', 'WAA', 'ONW') THEN '''' END"""
# With strftime alone an English file takes a third longer.
_SHEET = """
        {number}, o.number, w.separator,
        CASE w.day WHEN '%Y-%m-%d' THEN o.ordered_on
            WHEN '%d-%m-%Y' THEN concat(substr(o.ordered_on, 9), '-', substr(o.ordered_on, 6, 2), '-',
                substr(o.ordered_on, 1, 4)) ELSE strftime(w.day, o.ordered_on) END,
        p.cells, h.cells,
        CASE o.payment WHEN 'direct_debit' THEN w.direct_debit WHEN 'credit' THEN w.credit
            WHEN 'ideal' THEN w.ideal ELSE w.credit_card END, w.separator,
        CASE WHEN o.cents BETWEEN -99 AND -1 THEN '-0' ELSE o.cents / 100 END, w.point,
        substr(abs(o.cents % 100) + 100, 2), w.separator,
        {invoice}, o.invoice, w.separator,
        CASE o.state WHEN 'delivered' THEN w.delivered WHEN 'ordered' THEN w.ordered
            WHEN 'cancelled' THEN w.cancelled ELSE w.failed END"""
_PROGRAMS = """
        CASE WHEN o.number < '0' THEN '''' END, o.number,
        strftime(',%Y-%m-%dT%H:%M:%SZ,', o.ordered_at, 'unixepoch'), o.ordered_on, p.cells, h.cells, o.payment,
        CASE WHEN o.cents BETWEEN -99 AND -1 THEN ',-0.' ELSE concat(',', o.cents / 100, '.') END,
        substr(abs(o.cents % 100) + 100, 2), ',',
        CASE WHEN o.invoice < '0' THEN '''' END, o.invoice, ',', o.state"""
_JSON = """
        '{"number": "', o.number, strftime('", "ordered_at": "%Y-%m-%dT%H:%M:%SZ', o.ordered_at, 'unixepoch'),
        '", "ordered_on": "', o.ordered_on, '", ', p.cells, ', ', h.cells, ', "payment": "', o.payment,
        CASE WHEN o.cents BETWEEN -99 AND -1 THEN '", "amount": "-0.'
            ELSE concat('", "amount": "', o.cents / 100, '.') END, substr(abs(o.cents % 100) + 100, 2),
        '", "cents": ', o.cents, ', "invoice": ', json_quote(o.invoice), ', "state": "', o.state, '"}'"""
_NUMBER = _APOSTROPHE.format(column="o.number")
_INVOICE = _APOSTROPHE.format(column="o.invoice")
_SHEET_LINE = _SHEET.format(number=_NUMBER, invoice=_INVOICE)
_VIEWS = {
    "sheet": _VIEW.format(line=_SHEET_LINE, orders="orders o JOIN labels w ON w.id = 1"),
    "programs": _VIEW.format(line=_PROGRAMS, orders="orders o"),
    "json": _VIEW.format(line=_JSON, orders="orders o"),
}

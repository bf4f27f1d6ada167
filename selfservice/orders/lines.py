"""The lines of a file, built in the database: one string for each piece of it, in the order of the query.

Python would take twice as long to build them and hold up every other thread meanwhile; while SQLite works, they run.
A line is put together from the order's own columns and from two ready-made parts, of its product and of its holder.
These, the words, and the view that joins it all are temporary, on a connection of the file's own
(`Database.separate`). A part is made when the first line asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selfservice.db import Connection, Row
from selfservice.orders import parts
from selfservice.orders.walks import Key

Part = Callable[[Row], str]


@dataclass(frozen=True)
class Words:
    """What a sheet's lines have between and instead of what is kept: the `separator`, the decimal `point`, whether a
    day comes before its month, and a word for each code.
    """

    separator: str
    point: str
    day_first: bool
    payments: dict[str, str]
    states: dict[str, str]


@dataclass(frozen=True)
class Form:
    """How the lines of a kind of file are made: by which view, with what between two lines, and what stands in them
    for a product and for a holder (a row of `parts`), separators included.
    """

    view: str
    between: str
    product: Part
    holder: Part
    words: Words | None = None


class Lines:
    """Builds the lines of an account's orders."""

    def __init__(self, conn: Connection, account: int, form: Form) -> None:
        self._conn, self._form = conn, form
        self._bound = {"account": account, "between": form.between}
        conn.execute("CREATE TEMP TABLE product_parts (id INTEGER PRIMARY KEY, part TEXT NOT NULL) STRICT")
        conn.execute("CREATE TEMP TABLE holder_parts (id INTEGER PRIMARY KEY, part TEXT NOT NULL) STRICT")
        conn.execute(_WORDS)
        if form.words:
            known = {**form.words.payments, **form.words.states}
            kept = (form.words.separator, form.words.point, form.words.day_first)
            conn.execute(
                "INSERT INTO words VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*kept, *(known[code] for code in _CODES)),
            )
        conn.execute(_VIEWS[form.view])

    def down_to(self, end: Key, start: Key) -> bytes:
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
            for each in parts.holders(self._conn, _ids(row["holders"])):
                self._conn.execute("INSERT INTO holder_parts VALUES (?, ?)", (each["id"], self._form.holder(each)))
            for each in parts.products(self._conn, _ids(row["products"])):
                self._conn.execute("INSERT INTO product_parts VALUES (?, ?)", (each["id"], self._form.product(each)))
            row = ask()
        lines: bytes | None = row["lines"]
        return lines or b""


def _ids(listed: str | None) -> set[int]:
    """Row numbers with commas between, many of them many times."""
    return {int(text) for text in listed.split(",")} if listed else set()


_CODES = ("credit", "direct_debit", "ideal", "credit_card", "ordered", "delivered", "failed", "cancelled")
_WORDS = """
    CREATE TEMP TABLE words (
        id INTEGER PRIMARY KEY, separator TEXT, point TEXT, day_first INTEGER, credit TEXT, direct_debit TEXT,
        ideal TEXT, credit_card TEXT, ordered TEXT, delivered TEXT, failed TEXT, cancelled TEXT) STRICT"""
# Each line with the holder and the product whose parts it lacks. A number without an apostrophe begins with a letter,
# and with none of `cells.WORDLIKE` (a test holds it to `cells.identifier`). All of these have a letter second too,
# which is looked at first: most numbers have a digit there.
_VIEWS = {
    "sheet": """
        CREATE TEMP VIEW lines AS
        SELECT o.account, o.ordered_at, o.number,
            CASE WHEN h.id IS NULL THEN o.holder_id END AS holder_id,
            CASE WHEN p.id IS NULL THEN o.product_id END AS product_id,
            concat(
                CASE WHEN o.number < 'A' OR substr(o.number, 2, 1) >= 'A' AND substr(o.number, 1, 3) IN (
                    'JAN', 'FEB', 'MAR', 'MAA', 'MRT', 'APR', 'MAY', 'MEI', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'OKT',
                    'NOV', 'DEC', 'TRU', 'FAL', 'WAA', 'ONW') THEN '''' END,
                o.number, w.separator,
                CASE WHEN w.day_first THEN concat(substr(o.ordered_on, 9), '-', substr(o.ordered_on, 6, 2), '-',
                    substr(o.ordered_on, 1, 4)) ELSE o.ordered_on END,
                p.part, h.part,
                CASE o.payment WHEN 'direct_debit' THEN w.direct_debit WHEN 'credit' THEN w.credit
                    WHEN 'ideal' THEN w.ideal ELSE w.credit_card END, w.separator,
                CASE WHEN o.cents BETWEEN -99 AND -1 THEN '-0' ELSE o.cents / 100 END, w.point,
                substr(abs(o.cents % 100) + 100, 2), w.separator,
                CASE WHEN o.invoice < 'A' OR substr(o.invoice, 2, 1) >= 'A' AND substr(o.invoice, 1, 3) IN (
                    'JAN', 'FEB', 'MAR', 'MAA', 'MRT', 'APR', 'MAY', 'MEI', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'OKT',
                    'NOV', 'DEC', 'TRU', 'FAL', 'WAA', 'ONW') THEN '''' END,
                o.invoice, w.separator,
                CASE o.state WHEN 'delivered' THEN w.delivered WHEN 'ordered' THEN w.ordered
                    WHEN 'cancelled' THEN w.cancelled ELSE w.failed END
            ) AS line
        FROM orders o JOIN words w ON w.id = 1
            LEFT JOIN product_parts p ON p.id = o.product_id LEFT JOIN holder_parts h ON h.id = o.holder_id""",
    "programs": """
        CREATE TEMP VIEW lines AS
        SELECT o.account, o.ordered_at, o.number,
            CASE WHEN h.id IS NULL THEN o.holder_id END AS holder_id,
            CASE WHEN p.id IS NULL THEN o.product_id END AS product_id,
            concat(
                CASE WHEN o.number < '0' THEN '''' END, o.number,
                strftime(',%Y-%m-%dT%H:%M:%SZ,', o.ordered_at, 'unixepoch'), o.ordered_on, p.part, h.part, o.payment,
                CASE WHEN o.cents BETWEEN -99 AND -1 THEN ',-0.' ELSE concat(',', o.cents / 100, '.') END,
                substr(abs(o.cents % 100) + 100, 2), ',',
                CASE WHEN o.invoice < '0' THEN '''' END, o.invoice, ',', o.state
            ) AS line
        FROM orders o
            LEFT JOIN product_parts p ON p.id = o.product_id LEFT JOIN holder_parts h ON h.id = o.holder_id""",
    "json": """
        CREATE TEMP VIEW lines AS
        SELECT o.account, o.ordered_at, o.number,
            CASE WHEN h.id IS NULL THEN o.holder_id END AS holder_id,
            CASE WHEN p.id IS NULL THEN o.product_id END AS product_id,
            concat(
                '{"number": "', o.number, strftime('", "ordered_at": "%Y-%m-%dT%H:%M:%SZ', o.ordered_at, 'unixepoch'),
                '", "ordered_on": "', o.ordered_on, '", ', p.part, ', ', h.part, ', "payment": "', o.payment,
                CASE WHEN o.cents BETWEEN -99 AND -1 THEN '", "amount": "-0.'
                    ELSE concat('", "amount": "', o.cents / 100, '.') END, substr(abs(o.cents % 100) + 100, 2),
                '", "cents": ', o.cents, ', "invoice": ', json_quote(o.invoice), ', "state": "', o.state, '"}'
            ) AS line
        FROM orders o
            LEFT JOIN product_parts p ON p.id = o.product_id LEFT JOIN holder_parts h ON h.id = o.holder_id""",
}

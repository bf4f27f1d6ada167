"""Orders as a file, piece by piece: exactly the orders of a query, in its order, however many."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from selfservice.db import Database, sqlite3
from selfservice.orders import formats, workbook
from selfservice.orders.formats import Format
from selfservice.orders.lines import Lines
from selfservice.orders.listing import Listing
from selfservice.orders.query import Query
from selfservice.orders.totals import Total
from selfservice.orders.walks import Key

KINDS = ("csv", "programs", "xlsx", "json")
# So few lines first that the download begins at once; then so many that asking costs next to nothing.
FIRST, STEP = 50, 1000
# With words each product is asked for its own.
KEYS = 250
# Bytes at the beginning and of each order, as measured with the demonstration's.
_BYTES = {"csv": (140, 165), "programs": (140, 212), "xlsx": (5_500, 52), "json": (4, 432)}


def stream(db: Database, query: Query, kind: str) -> Iterator[bytes]:
    """The pieces of the file. Raises ValueError when `kind` is none of KINDS.

    'csv' is for a spreadsheet in the query's language, 'programs' is CSV for programs. Each piece is read by itself,
    so a slow reader holds nothing up; whoever gets an exception from the middle must not let the part look whole.
    """
    if kind == "xlsx":
        return workbook.stream(db, query)
    if kind == "csv":
        return _text(db, query, formats.sheet(query.language))
    if kind == "programs":
        return _text(db, query, formats.programs())
    if kind == "json":
        return _text(db, query, formats.array())
    raise ValueError(f"not one of our kinds of file: {kind!r}")


def about_bytes(total: Total, kind: str) -> int:
    """About how large the file will be."""
    begin, each = _BYTES[kind]
    return begin + total.orders * each


def _text(db: Database, query: Query, file: Format) -> Iterator[bytes]:
    # At once, before anything is asked: whoever downloads sees that it has begun.
    yield file.head
    with db.separate() as conn:
        lines = Lines(conn, query.scope.account, file.form)
        listing = Listing(conn, query)
        is_plain = query.sort == "-date" and not listing.words and query.scope.holder_id is None
        between = b""
        for piece in _newest_first(conn, query, lines) if is_plain else _any(listing, lines):
            yield between + piece
            between = file.form.between.encode()
        yield file.tail if between else file.tail_of_none


def _newest_first(conn: sqlite3.Connection, query: Query, lines: Lines) -> Iterator[bytes]:
    """Along the table itself, without a key leaving the database: what nearly everybody asks for."""
    since, until = query.period.seconds
    start, step = Key(until, ""), FIRST
    while True:
        row = conn.execute(
            """SELECT ordered_at, number FROM orders
               WHERE account = :account AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
               ORDER BY ordered_at DESC, number DESC LIMIT 1 OFFSET :skip""",
            {
                "account": query.scope.account,
                "at": start.ordered_at,
                "number": start.number,
                "since": since,
                "skip": step - 1,
            },
        ).fetchone()
        end = Key(since, "") if row is None else Key(*row)
        if piece := lines.down_to(end, start):
            yield piece
        if row is None:
            return
        start, step = end, STEP


def _any(listing: Listing, lines: Lines) -> Iterator[bytes]:
    keys, step = listing.keys(step=KEYS), FIRST
    while numbers := [key.number for key in islice(keys, step)]:
        # None, when all of them went since their keys were read.
        if piece := lines.of(numbers):
            yield piece
        step = STEP

"""Orders as a file: exactly the orders of a query, in its order, however many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from selfservice.db import Connection, Database
from selfservice.orders import matching
from selfservice.orders.export import formats, workbook
from selfservice.orders.export.formats import Format
from selfservice.orders.lines import Lines
from selfservice.orders.listing import Listing
from selfservice.orders.models import SORTS, Period, Query, Scope
from selfservice.orders.walks import Key

# The kind of job that makes one.
JOB = "orders.file"
KINDS = ("csv", "programs", "xlsx", "json")
# So many lines a piece that asking costs next to nothing.
STEP = 1000
# With words each product is asked for its own.
KEYS = 250
# Bytes at the beginning and of each order, as measured with the demonstration's; and for how many times as many there
# must be room while the file is made, since a workbook is packed last.
_BYTES = {"csv": (140, 165), "programs": (140, 212), "xlsx": (5_500, 52), "json": (4, 432)}
_ROOM = {"csv": 1, "programs": 1, "xlsx": 14, "json": 1}
# Orders a second of a million on the slower of two machines that were measured, both at work for others too: newest
# first, and in any other order or of some products (bench/downloads.py).
_RATES = {
    "csv": (350_000, 100_000),
    "programs": (350_000, 100_000),
    "xlsx": (12_000, 10_000),
    "json": (250_000, 90_000),
}


def write(db: Database, query: Query, kind: str, path: Path, tell: Callable[[int], object] = lambda _: None) -> None:
    """Write the whole file to `path`, and call `tell` now and then with how many orders are in it.

    'csv' is for a spreadsheet in the query's language, 'programs' is CSV for programs. Raises ValueError when `kind` is
    none of KINDS, and what `tell` raises; what stands at `path` then is not whole.
    """
    if kind == "xlsx":
        workbook.write(db, query, path, tell)
        return
    done, parts = 0, pieces(db, query, kind)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
            tell(done)
            done += STEP


def pieces(db: Database, query: Query, kind: str) -> Iterator[bytes]:
    """The pieces of a text file (any kind but 'xlsx'), each read by itself, so that making it holds nothing up. Raises
    ValueError when `kind` is no such.
    """
    if kind == "csv":
        return _text(db, query, formats.sheet(query.language))
    if kind == "programs":
        return _text(db, query, formats.programs())
    if kind == "json":
        return _text(db, query, formats.array())
    raise ValueError(f"not one of our kinds of file: {kind!r}")


def estimated_bytes(orders: int, kind: str) -> int:
    """About how large the file of so many orders will be."""
    begin, each = _BYTES[kind]
    return begin + orders * each


def estimated_room(orders: int, kind: str) -> int:
    """About how many bytes it takes at most while it is made."""
    return estimated_bytes(orders, kind) * _ROOM[kind]


def estimated_seconds(orders: int, query: Query, kind: str) -> float:
    """About how long it takes to make."""
    return orders / _RATES[kind][not _is_plain(query)]


def to_payload(query: Query, kind: str) -> dict[str, Any]:
    """What a job must know to make the file."""
    first, last = ((day.isoformat() if day else None) for day in (query.period.first, query.period.last))
    return {
        "kind": kind,
        "account": query.scope.account,
        "holder_id": query.scope.holder_id,
        "first": first,
        "last": last,
        "language": query.language,
        "sort": query.sort,
        "words": query.words,
    }


def from_payload(payload: Mapping[str, Any]) -> tuple[Query, str]:
    """The query and the kind of file that `to_payload` was given."""
    first, last = ((date.fromisoformat(day) if day else None) for day in (payload["first"], payload["last"]))
    sort = next(each for each in SORTS if each == payload["sort"])
    scope = Scope(payload["account"], payload["holder_id"])
    return Query(scope, Period(first, last), payload["language"], sort, payload["words"]), payload["kind"]


def _is_plain(query: Query) -> bool:
    """Whether it can be made along the table itself."""
    return query.sort == "-date" and not matching.split(query.words) and query.scope.holder_id is None


def _text(db: Database, query: Query, file: Format) -> Iterator[bytes]:
    yield file.head
    with db.separate() as conn:
        lines = Lines(conn, query.scope.account, file.form)
        between = b""
        is_plain = _is_plain(query)
        for piece in _newest_first(conn, query, lines) if is_plain else _any(Listing(conn, query), lines):
            yield between + piece
            between = file.form.between.encode()
        yield file.tail if between else file.tail_of_none


def _newest_first(conn: Connection, query: Query, lines: Lines) -> Iterator[bytes]:
    """Along the table itself, without a key leaving the database: what nearly everybody asks for."""
    since, until = query.period.seconds
    start = Key(until, "")
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
                "skip": STEP - 1,
            },
        ).fetchone()
        end = Key(since, "") if row is None else Key(*row)
        if piece := lines.down_to(end, start):
            yield piece
        if row is None:
            return
        start = end


def _any(listing: Listing, lines: Lines) -> Iterator[bytes]:
    keys = listing.keys(step=KEYS)
    while numbers := [key.number for key in islice(keys, STEP)]:
        # None, when all of them went since their keys were read.
        if piece := lines.of(numbers):
            yield piece

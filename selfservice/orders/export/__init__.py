"""Orders as a file: exactly the orders of a query, in its order, however many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from selfservice.db import Database
from selfservice.orders.export import formats, workbook
from selfservice.orders.export.formats import Format
from selfservice.orders.models import SORTS, Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore, is_table_order


class Kind(NamedTuple):
    """A kind of file: what its address and name end in, and what it is."""

    ending: str
    mimetype: str


# The kind of job that makes one.
JOB = "orders.file"
KINDS = {
    "csv": Kind(".csv", "text/csv"),
    "programs": Kind("-programs.csv", "text/csv"),
    "xlsx": Kind(".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": Kind(".json", "application/json"),
}
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
            done += OrderStore.LINES_A_PIECE


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
    return orders / _RATES[kind][not is_table_order(query)]


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


def _text(db: Database, query: Query, file: Format) -> Iterator[bytes]:
    yield file.head
    with db.separate_connection() as conn:
        between = b""
        for piece in OrderStore(conn).export_text(query, file.form):
            yield between + piece
            between = file.form.between.encode()
        yield file.tail if between else file.tail_of_none

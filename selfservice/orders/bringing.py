"""Bringing a file of orders in: batch by batch, each whole or not at all, so that others can write in between."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice
from typing import BinaryIO

from selfservice.db import Database
from selfservice.intake.counts import Refusal, Totals
from selfservice.intake.lines import BOM, LONGEST, FileError, LineError, read_json, read_layout, refuse_long
from selfservice.orders.delivery import Delivery
from selfservice.orders.rows import COLUMNS, OPTIONAL, from_object
from selfservice.orders.writing import Written
from selfservice.secrets import Keys

# So many lines are read, put in the order of the table, and written in batches: a batch then changes pages that lie
# together, where one in the order of a file touches pages all over six indexes (docs/why.md).
RUN, BATCH = 100_000, 20_000
JSON_NAMES = (".jsonl", ".ndjson", ".json")

Values = Callable[[bytes], tuple[str, ...]]


def bring_in(
    db: Database,
    keys: Keys,
    file: BinaryIO,
    now: datetime,
    *,
    refuse: Callable[[Refusal], object],
    progress: Callable[[Totals], object] = lambda _: None,
    name: str = "",
    strict: bool = False,
) -> Totals:
    """Put the orders of a file (docs/orders.md) in the database; nothing is ever removed from it.

    It is lines of JSON when its `name` or its first line says so, and CSV otherwise. Each line that cannot go in is
    told to `refuse`, the rest goes in; when `strict`, all lines are looked at first, and nothing goes in when one
    cannot. `progress` is called after each batch, which is on the disk by then: stopped at any moment and run again,
    the outcome is the same. Raises FileError when nothing of the file can go in, and OperationalError when another
    writer holds the database for more than 5 seconds; the batches before stay.
    """
    with _room(db):
        if not strict:
            return _pass(db, keys, file, now, name, refuse, progress, writes=True)
        with _seekable(file) as again:
            # The bar goes once from left to right: half of the way for each time that the file is read.
            checked = _pass(db, keys, again, now, name, refuse, lambda done: progress(_halved(done, 0)), writes=False)
            if checked.refused:
                raise FileError(f"{checked.refused:,} of {checked.lines:,} lines cannot be used")
            again.seek(0)
            half = checked.bytes // 2
            return _pass(db, keys, again, now, name, refuse, lambda done: progress(_halved(done, half)), writes=True)


def _pass(
    db: Database,
    keys: Keys,
    file: BinaryIO,
    now: datetime,
    name: str,
    refuse: Callable[[Refusal], object],
    progress: Callable[[Totals], object],
    *,
    writes: bool,
) -> Totals:
    values, lines, totals = _open(file, name)
    delivery, reading = Delivery(keys, now), db.read()
    while first := next(lines, None):
        refused, last, size = 0, 0, 0
        for number, line in chain([first], islice(lines, RUN - 1)):
            last, size = number, size + len(line)
            try:
                delivery.take(reading, values(line))
            except LineError as error:
                if line.strip():
                    refuse(Refusal(number, str(error)))
                    refused += 1
        totals = _more(totals, delivery.again(), refused=refused)
        batches, dealt = list(delivery.drain(BATCH)), 0
        taken = sum(map(len, batches))
        for batch in batches:
            written = Written(0, 0, len(batch))
            if writes:
                with db.write() as conn:
                    written = delivery.write(conn, batch)
            totals, dealt = _more(totals, written), dealt + len(batch)
            progress(replace(totals, bytes=totals.bytes + size * dealt // taken))
        totals = replace(totals, last=last, bytes=totals.bytes + size)
        progress(totals)
    return totals


def _more(totals: Totals, written: Written, refused: int = 0) -> Totals:
    return replace(
        totals,
        new=totals.new + written.new,
        changed=totals.changed + written.changed,
        same=totals.same + written.same,
        refused=totals.refused + refused,
    )


def _open(file: BinaryIO, name: str) -> tuple[Values, Iterator[tuple[int, bytes]], Totals]:
    """How to read a line, the lines with their numbers, and what was read by then. Raises FileError."""
    head = file.readline(LONGEST)
    if name.lower().endswith(JSON_NAMES) or head.removeprefix(BOM).lstrip()[:1] == b"{":
        head = head if head.endswith(b"\n") else head + file.readline()
        return _json_values, chain([(1, head.removeprefix(BOM))], enumerate(file, start=2)), Totals()
    layout = read_layout(head, COLUMNS, OPTIONAL)
    if all(layout.places[COLUMNS.index(column)] == layout.width for column in ("amount", "cents")):
        raise FileError("the first line must name the columns; not found: amount (or cents)")
    return layout.values, enumerate(file, start=2), Totals(bytes=len(head))


def _json_values(line: bytes) -> tuple[str, ...]:
    refuse_long(line)
    return from_object(read_json(line))


def _halved(totals: Totals, before: int) -> Totals:
    return replace(totals, bytes=before + totals.bytes // 2)


@contextmanager
def _room(db: Database) -> Iterator[None]:
    """64 MB for pages on this thread's connection, so that what a batch touches stays at hand; then 2 MB as before."""
    conn = db.read()
    conn.execute("PRAGMA cache_size = -64000")
    try:
        yield
    finally:
        conn.execute("PRAGMA cache_size = -2000")


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, or a copy on the disk of what comes through a pipe, to be read twice."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy

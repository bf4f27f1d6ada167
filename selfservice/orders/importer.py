"""Importing orders: each is held against what is known, then they are written batch by batch.

A batch goes in whole or not at all, and others can write in between.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from selfservice import clock
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.importing.parsing import (
    BOM,
    FieldProblem,
    FileError,
    LineError,
    read_header,
    read_json,
    read_line,
    read_lines,
    reject_long_line,
)
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.orders import timestamps
from selfservice.orders.models import OrderRow, UpsertCounts
from selfservice.orders.periods import first_kept_day
from selfservice.orders.store import OrderStore
from selfservice.orders.validation import (
    COLUMNS,
    MAX_CODE_TEXT,
    MAX_NAME,
    OPTIONAL,
    DeliveredOrder,
    unknown_fields,
    validate,
    values_of_object,
)
from selfservice.values.access_code import lookup_hashes

# So many lines are read, put in the order of the table, and written in batches: a batch then changes pages that lie
# together, where one in the order of a file touches pages all over six indexes (docs/why.md).
RUN, BATCH = 50_000, 20_000
JSON_NAMES = (".jsonl", ".ndjson", ".json")
_CLOCKS_DIFFER = timedelta(minutes=5)  # how far ahead a shop's clock may be
# So many owners of access codes, and products, are remembered at most: some 10 MB.
_KEPT_OWNERS, _KEPT_PRODUCTS = 2**15, 2**13

_KNOWN, _TOLD_NAMES = frozenset(COLUMNS), 20

Values = Callable[[bytes], tuple[str, ...]]


def import_file(
    db: Database,
    ctx: Context,
    file: BinaryIO,
    now: datetime,
    *,
    refuse: Callable[[RejectedLine], object],
    progress: Callable[[ImportCounts], object] = lambda _: None,
    notice: Callable[[str], object] = lambda _: None,
    name: str = "",
    strict: bool = False,
) -> ImportCounts:
    """Put the orders of a file (docs/orders.md) in the database; nothing is ever removed from it.

    It is lines of JSON when its `name` or its first line says so, and CSV otherwise. Each line that cannot go in is
    told to `refuse`, the rest goes in; when `strict`, all lines are looked at first, and nothing goes in when one
    cannot. `notice` is told of each column or member that is not known, which is no mistake. `progress` is called
    after each batch, which is on the disk by then: stopped at any moment and run again, the outcome is the same.
    Raises FileError when nothing of the file can go in, and DatabaseBusyError when another writer holds the database
    for more than 5 seconds; the batches before stay.
    """
    with OrderStore(db.read()).larger_cache():
        if not strict:
            return _pass(db, ctx, file, now, name, refuse, progress, notice, writes=True)
        with _seekable(file) as copy:
            # The bar goes once from left to right: half of the way for each time that the file is read.
            first = _pass(
                db, ctx, copy, now, name, refuse, lambda done: progress(_halved(done, 0)), notice, writes=False
            )
            if first.refused:
                raise FileError(f"{first.refused:,} of {first.lines:,} lines cannot be used")
            copy.seek(0)
            half = first.bytes // 2
            return _pass(
                *(db, ctx, copy, now, name, refuse, lambda done: progress(_halved(done, half)), lambda _: None),
                writes=True,
            )


@dataclass(slots=True)
class _Owner:
    """Whose access code it is. `holder_id` is 0 until their first order is written."""

    person_id: int
    organisation_id: int | None
    account: int
    holder_id: int


@dataclass(slots=True)
class _Product:
    """What a product is called by what was delivered; `id` is 0 until that is written."""

    names: tuple[str, ...]
    id: int = 0

    def newest(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Its names when these are newer; an empty one says nothing."""
        if names == self.names:
            return names
        return tuple(new or old for new, old in zip(names, self.names, strict=True))


class Pending(NamedTuple):
    """An order that waits to be written, in the order of the table; what is known of it when it is written stands
    behind `owner` and `product`. There are many at once: nothing of them is kept twice.
    """

    account: int
    ordered_at: int
    number: str
    ordered_on: str
    owner: _Owner
    product: str
    payment: str
    cents: int
    invoice: str | None
    state: str
    updated_at: int


class Importer:
    """Orders that are added one by one and then written in batches, as often as there are more.

    It remembers whose each access code is, and writes a product's names only when they are others.
    """

    def __init__(self, ctx: Context, now: datetime) -> None:
        self._keys = ctx.keys
        self._first_day = first_kept_day(ctx, now).isoformat()
        self._last_second = int((now + timedelta(days=1)).timestamp())
        self._received_at = timestamps.to_microseconds(now)
        self._last_update = timestamps.to_microseconds(now + _CLOCKS_DIFFER)
        self._owners: dict[str, _Owner] = {}
        self._products: dict[str, _Product] = {}
        self._pending: dict[str, Pending] = {}
        self._duplicates = UpsertCounts(0, 0, 0)

    def add(self, conn: Connection, values: Sequence[str]) -> str:
        """Add an order, in the order of validation.COLUMNS; returns its number. Of two with one number the newest
        counts, and of two as new (one that does not say it is of now) the last.

        Without an access code it is about a known order, and stays whose that is: what corrects an order need not know
        the code, which may be gone by then. Only reads. Raises LineError, which names all that is wrong with the order,
        or that its access code is not known: a revoked one is, since orders stay with the person.
        """
        order = validate(values)
        if order.ordered_on < self._first_day:
            wrong = "ordered_at is so long ago that the order may not be kept any more"
            raise LineError(FieldProblem("ordered-at-too-old", "ordered_at", wrong))
        if order.ordered_at > self._last_second:
            raise LineError(FieldProblem("ordered-at-in-the-future", "ordered_at", "ordered_at is in the future"))
        if order.updated_at > self._last_update:
            raise LineError(FieldProblem("updated-at-in-the-future", "updated_at", "updated_at is in the future"))
        before = self._pending.get(order.number)
        if order.access_code:
            owner = self._owners.get(order.access_code) or self._find(conn, order.access_code)
        else:
            owner = before.owner if before is not None else self._find_known(conn, order.number)
        pending = Pending(
            owner.account, order.ordered_at, order.number, order.ordered_on, owner, order.product, order.payment,
            order.cents, order.invoice, order.state, order.updated_at,
        )  # fmt: skip
        if before is not None and self._is_outdated(pending, before):
            return order.number
        self._pending[order.number] = pending
        known = self._products.get(order.product) or _Product(tuple("" for _ in order.names))
        newest = known.newest(order.names)
        # Looked up only when it would change a name: of an outdated order the names are older too.
        if newest != known.names and not self._is_stored_newer(conn, order):
            known = _Product(newest)
        self._products[order.product] = known
        return order.number

    def duplicates(self) -> UpsertCounts:
        """Of the orders added since the last time, how many one with the same number took the place of, which said
        something else or the same; and how many were outdated by one with the same number. Asking forgets it.
        """
        found, self._duplicates = self._duplicates, UpsertCounts(0, 0, 0)
        return found

    def batches(self, size: int) -> Iterator[list[Pending]]:
        """Release what was added, in batches of at most so many, each to be given to `write` or to nobody.

        They come in the order of the orders' table, so that what belongs together in it is written together.
        """
        pending, self._pending = self._pending, {}
        if len(self._products) > _KEPT_PRODUCTS:
            self._products = {order.product: self._products[order.product] for order in pending.values()}
        # By account, moment and number, which no two have in common: nothing behind them is compared.
        ordered = sorted(pending.values())
        for start in range(0, len(ordered), size):
            yield ordered[start : start + size]

    def write(self, conn: Connection, batch: Sequence[Pending]) -> UpsertCounts:
        """Write a batch. Call inside `write()`; when that is undone, this importer is spent."""
        store = OrderStore(conn)
        rows = [self._row(store, order) for order in batch]
        # Read under the lock: who compares with the shop's goes along these moments, and must pass over none.
        return store.upsert(rows, self._received_at, timestamps.to_microseconds(clock.now()))

    def _is_outdated(self, order: Pending, before: Pending) -> bool:
        """Whether the one before it is newer; either way one of the two is counted as done with."""
        is_outdated = (before.updated_at or self._received_at) > (order.updated_at or self._received_at)
        is_same = before[:-1] == order[:-1]
        found = self._duplicates
        self._duplicates = UpsertCounts(
            0,
            found.changed + (not is_outdated and not is_same),
            found.same + (not is_outdated and is_same),
            found.outdated + is_outdated,
        )
        return is_outdated

    def _is_stored_newer(self, conn: Connection, order: DeliveredOrder) -> bool:
        row = OrderStore(conn).delivered(order.number)
        return row is not None and row["updated_at"] > (order.updated_at or self._received_at)

    def _find(self, conn: Connection, code: str) -> _Owner:
        hashes = lookup_hashes(self._keys, code) if len(code) <= MAX_CODE_TEXT else None
        row = OrderStore(conn).find_owner(*hashes) if hashes else None
        if row is None:
            wrong = "access_code is not one that we gave out"
            raise LineError(FieldProblem("access-code-unknown", "access_code", wrong))
        if len(self._owners) >= _KEPT_OWNERS:
            self._owners.clear()
        owner = self._owners[code] = _Owner(*row)
        return owner

    def _find_known(self, conn: Connection, number: str) -> _Owner:
        row = OrderStore(conn).owner_of(number)
        if row is None:
            wrong = "access_code is empty, and the order is not known"
            raise LineError(FieldProblem("access-code-missing", "access_code", wrong))
        return _Owner(*row)

    def _row(self, store: OrderStore, order: Pending) -> OrderRow:
        owner = order.owner
        if not owner.holder_id:
            owner.holder_id = store.add_holder(owner.person_id, owner.organisation_id)[0]
        product = self._products[order.product]
        if not product.id:
            product.id = store.add_product(order.product, *product.names)
        return OrderRow(
            order.account, order.ordered_at, order.number, order.ordered_on, owner.holder_id, product.id,
            order.payment, order.cents, order.invoice, order.state, order.updated_at,
        )  # fmt: skip


def _pass(
    db: Database,
    ctx: Context,
    file: BinaryIO,
    now: datetime,
    name: str,
    refuse: Callable[[RejectedLine], object],
    progress: Callable[[ImportCounts], object],
    notice: Callable[[str], object],
    *,
    writes: bool,
) -> ImportCounts:
    unknown = Counter[str]()
    values, lines, counts = _open(file, name, notice, unknown)
    importer, reading = Importer(ctx, now), db.read()
    while first := next(lines, None):
        refused, last, size = 0, 0, 0
        for number, line, length in chain([first], islice(lines, RUN - 1)):
            last, size = number, size + length
            try:
                importer.add(reading, values(line))
            except LineError as error:
                if line.strip():
                    refuse(RejectedLine(number, str(error)))
                    refused += 1
        counts = _sum(counts, importer.duplicates(), refused=refused)
        batches, done = list(importer.batches(BATCH)), 0
        total = sum(map(len, batches))
        for batch in batches:
            written = UpsertCounts(0, 0, len(batch))
            if writes:
                with db.write() as conn:
                    written = importer.write(conn, batch)
            counts, done = _sum(counts, written), done + len(batch)
            progress(replace(counts, bytes=counts.bytes + size * done // total))
        counts = replace(counts, last=last, bytes=counts.bytes + size)
        progress(counts)
    for problem, count in zip(unknown_fields(unknown), unknown.values(), strict=True):
        notice(f"on {count:,} lines: {problem.message}")
    return counts


def _sum(counts: ImportCounts, written: UpsertCounts, refused: int = 0) -> ImportCounts:
    return replace(
        counts,
        new=counts.new + written.new,
        changed=counts.changed + written.changed,
        same=counts.same + written.same,
        refused=counts.refused + refused,
        outdated=counts.outdated + written.outdated,
    )


def _open(
    file: BinaryIO, name: str, notice: Callable[[str], object], unknown: Counter[str]
) -> tuple[Values, Iterator[tuple[int, bytes, int]], ImportCounts]:
    """How to read a line, the lines (`read_lines`), and what was read by then. A column that is not known is told to
    `notice`, a member counted in `unknown` when its line is read. Raises FileError.
    """
    head = read_line(file)
    if name.lower().endswith(JSON_NAMES) or head.removeprefix(BOM).lstrip()[:1] == b"{":
        return partial(_json_values, unknown), read_lines(file, 1, head.removeprefix(BOM)), ImportCounts()
    layout = read_header(head, COLUMNS, OPTIONAL)
    if all(layout.positions[COLUMNS.index(column)] == layout.width for column in ("amount", "cents")):
        raise FileError("the first line must name the columns; not found: amount (or cents)")
    for problem in unknown_fields(layout.unknown):
        notice(f"column {problem.message}")
    return layout.parse_line, read_lines(file, 2), ImportCounts(bytes=len(head))


def _json_values(unknown: Counter[str], line: bytes) -> tuple[str, ...]:
    reject_long_line(line)
    found = read_json(line)
    if isinstance(found, dict) and not found.keys() <= _KNOWN:
        # Of as many names as somebody would read.
        names = (each[:MAX_NAME] for each in found if each not in _KNOWN)
        unknown.update(each for each in names if each in unknown or len(unknown) < _TOLD_NAMES)
    return values_of_object(found)


def _halved(counts: ImportCounts, before: int) -> ImportCounts:
    return replace(counts, bytes=before + counts.bytes // 2)


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

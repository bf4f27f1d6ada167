"""What is delivered in one go: each order is held against what is known; then they are written by the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from selfservice.db import Connection
from selfservice.intake.lines import LineError
from selfservice.members.model import hashes_of
from selfservice.orders import holders
from selfservice.orders.model import first_day
from selfservice.orders.rows import Record, check
from selfservice.orders.writing import Row, Written, put
from selfservice.secrets import Keys

_KEPT = 2**18  # access codes whose owners are remembered at most, some 60 MB


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

    name_en: str
    name_nl: str
    id: int = 0

    def call(self, name_en: str, name_nl: str) -> None:
        """The newest names; an empty one says nothing."""
        if (name_en and name_en != self.name_en) or (name_nl and name_nl != self.name_nl):
            self.name_en, self.name_nl, self.id = name_en or self.name_en, name_nl or self.name_nl, 0


Taken = tuple[Record, _Owner]


class Delivery:
    """Orders that are taken one by one and then written in batches, as often as there are more.

    It remembers whose each access code is, and writes a product's names only when they are others.
    """

    def __init__(self, keys: Keys, now: datetime) -> None:
        self._keys = keys
        self._first_day = first_day(now).isoformat()
        self._last_second = int((now + timedelta(days=1)).timestamp())
        self._owners: dict[str, _Owner] = {}
        self._products: dict[str, _Product] = {}
        self._taken: dict[str, Taken] = {}
        self._again = [0, 0]

    def take(self, conn: Connection, values: Sequence[str]) -> str:
        """Take an order, in the order of rows.COLUMNS; returns its number. Of two with one number the last counts.

        Only reads. Raises LineError, which names all that is wrong with the order, or that its access code is not
        known: a revoked one is, since orders stay with the person.
        """
        record = check(values)
        if record.ordered_on < self._first_day:
            raise LineError("ordered_at is so long ago that the order may not be kept any more")
        if record.ordered_at > self._last_second:
            raise LineError("ordered_at is in the future")
        owner = self._owners.get(record.access_code) or self._find(conn, record.access_code)
        before = self._taken.get(record.number)
        if before is not None:
            self._again[before[0] == record] += 1
        self._taken[record.number] = (record, owner)
        known = self._products.get(record.product)
        if known is None:
            self._products[record.product] = _Product(record.name_en, record.name_nl)
        else:
            known.call(record.name_en, record.name_nl)
        return record.number

    def again(self) -> Written:
        """Of how many of the orders taken since the last time a later one with the same number came, and whether that
        one said the same. Asking forgets it.
        """
        (changed, same), self._again = self._again, [0, 0]
        return Written(0, changed, same)

    def drain(self, most: int) -> Iterator[list[Taken]]:
        """Let go of what was taken, in batches of at most so many, each to be given to `write` or to nobody.

        They come in the order of the orders' table, so that what belongs together in it is written together.
        """
        taken, self._taken = self._taken, {}
        ordered = sorted(taken.values(), key=_place)
        for start in range(0, len(ordered), most):
            yield ordered[start : start + most]

    def write(self, conn: Connection, batch: Sequence[Taken]) -> Written:
        """Write a batch. Call inside `write()`; when that is undone, this delivery is spent."""
        return put(conn, [self._row(conn, record, owner) for record, owner in batch])

    def _find(self, conn: Connection, code: str) -> _Owner:
        hashes = hashes_of(self._keys, code)
        row = conn.execute(
            """SELECT c.person_id, c.organisation_id, coalesce(c.organisation_id, -c.person_id) AS account,
                      coalesce(h.id, 0) AS holder_id
               FROM access_codes c LEFT JOIN order_holders h ON h.person_id = c.person_id
                    AND coalesce(h.organisation_id, 0) = coalesce(c.organisation_id, 0)
               WHERE c.code_hash IN (:new_hash, :old_hash)""",
            {"new_hash": hashes[0], "old_hash": hashes[1]},
        ).fetchone()
        if row is None:
            raise LineError("access_code is not one that we gave out")
        if len(self._owners) >= _KEPT:
            self._owners.clear()
        owner = self._owners[code] = _Owner(*row)
        return owner

    def _row(self, conn: Connection, record: Record, owner: _Owner) -> Row:
        if not owner.holder_id:
            owner.holder_id = holders.holder(conn, owner.person_id, owner.organisation_id)[0]
        product = self._products[record.product]
        if not product.id:
            product.id = holders.product(conn, record.product, product.name_en, product.name_nl)
        return Row(
            owner.account, record.ordered_at, record.number, record.ordered_on, owner.holder_id, product.id,
            record.payment, record.cents, record.invoice, record.state,
        )  # fmt: skip


def _place(taken: Taken) -> tuple[int, int, str]:
    record, owner = taken
    return owner.account, record.ordered_at, record.number

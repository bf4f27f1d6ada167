"""Importing a register file in batches, one transaction each, so that others can write in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from selfservice.clock import to_text
from selfservice.db import Connection, Database
from selfservice.importing.parsing import MAX_LINE_BYTES, LineError, read_header
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.register.validation import COLUMNS, OPTIONAL, RegisterRow, check_row

BATCH_SIZE = 1000

# A way of paying that was agreed on here stays while its mandate does: the register may not know of it yet.
_UPSERT = """
    INSERT INTO organisations
        (kvk_number, name, email, street, house_number, postcode, city, country,
         postal_street, postal_house_number, postal_postcode, postal_city, postal_country, payment_method, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (kvk_number) DO UPDATE SET
        name = excluded.name, email = excluded.email, street = excluded.street,
        house_number = excluded.house_number, postcode = excluded.postcode, city = excluded.city,
        country = excluded.country, postal_country = excluded.postal_country,
        postal_street = excluded.postal_street, postal_house_number = excluded.postal_house_number,
        postal_postcode = excluded.postal_postcode, postal_city = excluded.postal_city,
        payment_method = CASE
            WHEN EXISTS (SELECT 1 FROM mandates m WHERE m.organisation_id = organisations.id AND m.ended_at IS NULL)
            THEN coalesce(excluded.payment_method, organisations.payment_method)
            ELSE excluded.payment_method END,
        updated_at = excluded.created_at
    WHERE organisations.name IS DISTINCT FROM excluded.name
        OR organisations.email IS DISTINCT FROM excluded.email
        OR organisations.street IS DISTINCT FROM excluded.street
        OR organisations.house_number IS DISTINCT FROM excluded.house_number
        OR organisations.postcode IS DISTINCT FROM excluded.postcode
        OR organisations.city IS DISTINCT FROM excluded.city
        OR organisations.country IS DISTINCT FROM excluded.country
        OR organisations.postal_country IS DISTINCT FROM excluded.postal_country
        OR organisations.postal_street IS DISTINCT FROM excluded.postal_street
        OR organisations.postal_house_number IS DISTINCT FROM excluded.postal_house_number
        OR organisations.postal_postcode IS DISTINCT FROM excluded.postal_postcode
        OR organisations.postal_city IS DISTINCT FROM excluded.postal_city
        OR organisations.payment_method IS DISTINCT FROM CASE
            WHEN EXISTS (SELECT 1 FROM mandates m WHERE m.organisation_id = organisations.id AND m.ended_at IS NULL)
            THEN coalesce(excluded.payment_method, organisations.payment_method)
            ELSE excluded.payment_method END
    RETURNING updated_at
"""


def import_register(
    db: Database,
    file: BinaryIO,
    now: datetime,
    *,
    on_rejected: Callable[[RejectedLine], object],
    progress: Callable[[ImportCounts], object] = lambda _: None,
) -> ImportCounts:
    """Import the organisations of a file (docs/register.md); existing ones are never deleted.

    A line that says what is known already writes nothing. Each line that cannot go in is told to `refuse`, the rest
    goes in. `progress` is called after each batch of 1,000 lines, which is on the disk by then: stopped at any
    moment and run again, the outcome is the same. A number counts once a file, so that running it again changes
    nothing. Raises FileError when the first line does not name the columns, and DatabaseBusyError when another
    writer holds the database for more than 5 seconds; the batches before stay.
    """
    head = file.readline(MAX_LINE_BYTES)
    layout, totals = read_header(head, COLUMNS, OPTIONAL), ImportCounts(bytes=len(head))
    seen: dict[str, int] = {}
    left = enumerate(file, start=2)
    while batch := list(islice(left, BATCH_SIZE)):
        good, refused = [], 0
        for number, line in batch:
            if not line.strip():
                continue
            try:
                row = check_row(layout.parse_line(line))
                _reject_repeated(seen, row, number)
            except LineError as error:
                on_rejected(RejectedLine(number, str(error)))
                refused += 1
            else:
                good.append(row)
        with db.write() as conn:
            new, changed = upsert(conn, good, now)
        totals = ImportCounts(
            new=totals.new + new,
            changed=totals.changed + changed,
            same=totals.same + len(good) - new - changed,
            refused=totals.refused + refused,
            last=batch[-1][0],
            bytes=totals.bytes + sum(len(line) for _, line in batch),
        )
        progress(totals)
    return totals


def upsert(conn: Connection, rows: Iterable[RegisterRow], now: datetime) -> tuple[int, int]:
    """Insert or update organisations from checked rows; how many were new, and how many changed. Call inside `write()`.

    Columns that are not in the register (digital invoices, the main code) stay as they are.
    """
    timestamp, new, changed = to_text(now), 0, 0
    for row in rows:
        for (updated_at,) in conn.execute(_UPSERT, (*row, timestamp)).fetchall():
            new += updated_at is None
            changed += updated_at is not None
    return new, changed


def _reject_repeated(seen: dict[str, int], row: RegisterRow, number: int) -> None:
    first = seen.setdefault(str(row[0]), number)
    if first != number:
        raise LineError(f"number {row[0]} stands on line {first} already, and that line counts")

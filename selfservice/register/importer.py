"""Bringing the register in: from a file in batches, one transaction each, so that others can write in between, or as
many rows as the API takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO, Literal

from selfservice import workdays
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection, Database, Row
from selfservice.importing.parsing import FileError, LineError, read_header, read_line, read_lines, unknown_fields
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.register import closing
from selfservice.register.validation import (
    COLUMNS,
    OPTIONAL,
    RegisterRow,
    check_closed_on,
    check_row,
    reject_repeated,
)
from selfservice.values.error import FieldError

BATCH_SIZE, CLOSING_SIZE = 1000, 200
# After so many lines a look at a file takes a second.
_LONG = 50_000
Result = Literal["new", "changed", "same", "closed"]

# A way of paying that was agreed on here stays while its mandate does: the register may not know of it yet.
_PAYMENT_METHOD = """CASE
            WHEN EXISTS (SELECT 1 FROM mandates m WHERE m.organisation_id = organisations.id AND m.ended_at IS NULL)
            THEN coalesce(excluded.payment_method, organisations.payment_method)
            ELSE excluded.payment_method END"""
_UPSERT = """
    INSERT INTO organisations
        (kvk_number, name, email, street, house_number, postcode, city, country,
         postal_street, postal_house_number, postal_postcode, postal_city, postal_country, payment_method, closed_on,
         created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (kvk_number) DO UPDATE SET
        name = excluded.name, email = excluded.email, street = excluded.street,
        house_number = excluded.house_number, postcode = excluded.postcode, city = excluded.city,
        country = excluded.country, postal_country = excluded.postal_country,
        postal_street = excluded.postal_street, postal_house_number = excluded.postal_house_number,
        postal_postcode = excluded.postal_postcode, postal_city = excluded.postal_city,
        payment_method = {payment_method}, {closing} updated_at = excluded.created_at
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
        OR organisations.payment_method IS DISTINCT FROM {payment_method}
        {differs}
    RETURNING updated_at
"""
_WITHOUT_CLOSING = _UPSERT.format(payment_method=_PAYMENT_METHOD, closing="", differs="")
# Closed as long as its day has come.
_WITH_CLOSING = _UPSERT.format(
    payment_method=_PAYMENT_METHOD,
    closing="""closed_on = excluded.closed_on,
        closed_at = CASE WHEN excluded.closed_on <= ? THEN organisations.closed_at END,""",
    differs="OR organisations.closed_on IS DISTINCT FROM excluded.closed_on",
)


def import_register(
    db: Database,
    ctx: Context,
    file: BinaryIO,
    now: datetime,
    *,
    on_rejected: Callable[[RejectedLine], object],
    progress: Callable[[ImportCounts], object] = lambda _: None,
    notice: Callable[[str], object] = lambda _: None,
    who: str = "",
) -> ImportCounts:
    """Import the organisations of a file (docs/register.md); who is not in it stays as it was.

    A line that says what is known already writes nothing. Each line that cannot go in is told to `on_rejected`, the
    rest goes in. `notice` is told of each column that is not known, which is no mistake. `progress` is called after
    each batch of 1,000 lines, which is on the disk by then: stopped at any moment and run again, the outcome is the
    same. A number counts once a file, so that running it again changes nothing. An organisation whose day of closing
    has come is closed in the transaction of its line; `who` stands in the log. Raises FileError when the first line
    does not name the columns, and DatabaseBusyError when another writer holds the database for more than 5 seconds;
    the batches before stay.
    """
    head = read_line(file)
    layout, totals = read_header(head, COLUMNS, OPTIONAL), ImportCounts(bytes=len(head))
    says_closed_on = layout.positions[-1] < layout.width
    seen: dict[str, int] = {}
    for problem in unknown_fields(layout.unknown, COLUMNS):
        notice(f"column {problem.message}")
    left = read_lines(file, 2)
    while batch := list(islice(left, BATCH_SIZE)):
        good, refused = [], 0
        for number, line, _ in batch:
            if not line.strip():
                continue
            try:
                row = check_row(layout.parse_line(line), says_closed_on=says_closed_on)
                reject_repeated(seen, row, number, "line")
            except LineError as error:
                on_rejected(RejectedLine(number, str(error)))
                refused += 1
            else:
                good.append(row)
        # Closing is much more work: its people are mailed.
        size = CLOSING_SIZE if any(closing.is_due(row.closed_on, now) for row in good) else BATCH_SIZE
        results: list[Result] = []
        for start in range(0, len(good), size):
            with db.write() as conn:
                results += upsert(conn, ctx, good[start : start + size], now, who)
        closed = results.count("closed")
        totals = replace(
            totals,
            new=totals.new + results.count("new"),
            changed=totals.changed + results.count("changed") + closed,
            same=totals.same + results.count("same"),
            refused=totals.refused + refused,
            closed=totals.closed + closed,
            last=batch[-1][0],
            bytes=totals.bytes + sum(size for _, _, size in batch),
        )
        progress(totals)
    return totals


def check_closings(
    db: Database, file: BinaryIO, now: datetime, *, notice: Callable[[str], object] = lambda _: None
) -> None:
    """Look at how many organisations a file would close, at once or on a day to come, before anything of it goes in.
    The file must be one that can be read again, and is where it was afterwards.

    `notice` is told of it when the file is long. Raises FileError when it would close more than a register is trusted
    with (`closing.unusual_share`), or when the first line does not name the columns.
    """
    begin = file.tell()
    layout = read_header(read_line(file), COLUMNS, OPTIONAL)
    seen: set[str] = set()
    count, lines = 0, read_lines(file, 2)
    while layout.positions[-1] < layout.width and (batch := list(islice(lines, BATCH_SIZE))):
        if batch[0][0] == _LONG + 2:
            notice("looking first at how many organisations it would close")
        numbers = set()
        for _, line, _ in batch:
            # What is wrong with a line is told when it is its turn.
            with suppress(LineError, FieldError):
                values = layout.parse_line(line)
                if check_closed_on(values[-1]) is not None:
                    numbers.add(values[0].strip())
        known = closing.find_open(db.read(), numbers - seen) if numbers else {}
        count += sum(day is None for day in known.values())
        seen |= numbers
    file.seek(begin)
    if share := closing.unusual_share(db.read(), count, now):
        raise FileError(
            f"with this file {share} would be closed in a day, and their access codes end for good. "
            "If that is right, add --close-many"
        )


def upsert(conn: Connection, ctx: Context, rows: Sequence[RegisterRow], now: datetime, who: str) -> list[Result]:
    """Insert or update organisations from checked rows, no two of one number; what happened with each. Call inside
    `write()`.

    Columns that are not in the register (digital invoices, the main code) stay as they are. One that is closed by now
    is closed here (`closing.close`), or opened again when the row says that it is not; one that is closed and was never
    known is left out: nothing of it can be asked for. `who` stands in the log.
    """
    timestamp, today = to_text(now), workdays.today(now).isoformat()
    known = _known(conn, rows)
    results: list[Result] = []
    to_close = []
    for row in rows:
        before, due = known.get(str(row.values[0])), closing.is_due(row.closed_on, now)
        if due and before is None:
            results.append("same")
            continue
        statement = _WITH_CLOSING if row.says_closed_on else _WITHOUT_CLOSING
        bound = (*row.values, row.closed_on, timestamp, *([today] if row.says_closed_on else []))
        found = conn.execute(statement, bound).fetchone()
        if due and before is not None and not before["is_closed"]:
            to_close.append(before["id"])
            results.append("closed")
            continue
        results.append("same" if found is None else "new" if found["updated_at"] is None else "changed")
        if before is not None and before["is_closed"] and not due:
            closing.record_reopening(conn, ctx, before["id"], who, now)
    closing.close(conn, ctx, to_close, who, now)
    return results


def _known(conn: Connection, rows: Sequence[RegisterRow]) -> dict[str, Row]:
    """Of the organisations whose row says whether they are closed those that are known: `id`, and `is_closed`."""
    numbers = [row.values[0] for row in rows if row.says_closed_on]
    found = conn.execute(
        """SELECT id, kvk_number, closed_at IS NOT NULL AS is_closed FROM organisations
           WHERE kvk_number IN (SELECT value FROM json_each(:numbers))""",
        {"numbers": json.dumps(numbers)},
    )
    return {row["kvk_number"]: row for row in found}


def find(conn: Connection, kvk_number: str) -> dict[str, str | None] | None:
    """What is held of an organisation, as the register gives it: each column with its value, None for an empty one.
    None when no organisation has this number.
    """
    row = conn.execute("SELECT * FROM organisations WHERE kvk_number = :number", {"number": kvk_number}).fetchone()
    return None if row is None else {column: row[column.removeprefix("visiting_")] for column in COLUMNS}

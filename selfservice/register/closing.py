"""Closing organisations: what ends with one, who is told, and opening it again (docs/register.md has each table).

`closed_on` is the day that the register gives, which may be to come; `closed_at` when that took effect here. With that
the organisation is unknown to every form, and no code of it works or can be made: everything that leads to one ends in
the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from selfservice import workdays
from selfservice.accounts import invoice_addresses
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection, Database, Row
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import using_language
from selfservice.mail import outbox
from selfservice.orders import main_code_offer
from selfservice.requests import fulfilment, records, replacement, review

# What one transaction of the worker closes, so that nobody waits long for the write lock.
BATCH_SIZE = 100
# 0.1.0, while one had gone back to it, knows of no closing: for what is closed it takes requests, and hands out codes.
_DUE = """SELECT id FROM organisations WHERE closed_at IS NULL AND closed_on <= :today
          UNION ALL
          SELECT id FROM organisations o WHERE closed_at IS NOT NULL AND (
              EXISTS (SELECT 1 FROM access_codes WHERE organisation_id = o.id AND revoked_at IS NULL)
              OR EXISTS (SELECT 1 FROM requests WHERE organisation_id = o.id
                         AND state IN ('received', 'checking', 'approved', 'duplicate')))
          LIMIT :most"""
KEPT = (
    Kept(
        what=lazy_gettext("Your organisation, as the register has it"),
        until=lazy_gettext("%(time)s after the organisation was closed, or as long as its last order or mandate"),
        tables=("organisations", "organisation_names"),
        fact="register.closed_keep_days",
    ),
)
# What a register closes in a day, and what is rather a mistake in it: over so many, and over so much of all.
MOST_IN_A_DAY, MOST_PERCENT_IN_A_DAY = 100, 5
REVOKED_REASON = "organisation_closed"


@dataclass(frozen=True)
class Closed:
    """How many organisations were closed, and what ended with them: codes, requests, letters that were not printed and
    mandates; how many people were told by e-mail; and how many letters with a code are printed and not posted yet.
    """

    organisations: int = 0
    codes: int = 0
    requests: int = 0
    letters: int = 0
    mandates: int = 0
    told: int = 0
    printed: int = 0

    def __add__(self, other: Closed) -> Closed:
        return Closed(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def is_due(closed_on: str | None, now: datetime) -> bool:
    """Whether an organisation with this day (ISO 8601), or none, is closed by now: its day has begun here."""
    return closed_on is not None and closed_on <= workdays.today(now).isoformat()


def find_open(conn: Connection, kvk_numbers: Iterable[str]) -> dict[str, str | None]:
    """Of these organisation numbers those of open organisations, each with the day to come on which it is closed, or
    None.
    """
    rows = conn.execute(
        """SELECT kvk_number, closed_on FROM organisations
           WHERE kvk_number IN (SELECT value FROM json_each(:numbers)) AND closed_at IS NULL""",
        {"numbers": json.dumps(list(kvk_numbers))},
    )
    return {row["kvk_number"]: row["closed_on"] for row in rows}


def unusual_share(conn: Connection, more: int, now: datetime) -> str:
    """How many of how many organisations are closed in a day with so `more`, which have no day yet, when that is more
    than a register is trusted with (MOST_IN_A_DAY); else ''. Those of the last 24 hours and those whose day is to come
    count too, so that it is the same for one file, many requests, and days to come.
    """
    since = {"since": to_text(now - timedelta(days=1))}
    row = conn.execute(
        """SELECT (SELECT count(*) FROM organisations WHERE closed_at >= :since)
                + (SELECT count(*) FROM organisations WHERE closed_on IS NOT NULL AND closed_at IS NULL) AS closed""",
        since,
    ).fetchone()
    closed = more + int(row["closed"])
    if more == 0 or closed <= MOST_IN_A_DAY:
        return ""
    row = conn.execute(
        """SELECT (SELECT count(*) FROM organisations)
                - (SELECT count(*) FROM organisations WHERE closed_at < :since) AS known""",
        since,
    ).fetchone()
    if closed * 100 <= row["known"] * MOST_PERCENT_IN_A_DAY:
        return ""
    return f"{closed:,} of {row['known']:,} organisations"


def close(conn: Connection, ctx: Context, ids: Iterable[int], who: str, now: datetime) -> Closed:
    """Close these organisations, whose `closed_on` has come: everything that works for them ends, and each of their
    people is mailed once. One that is closed already is left alone. `who` stands in the log. Call inside `write()`.
    """
    closed = _mark(conn, ids, now)
    if not closed:
        return Closed()
    bound = {"ids": json.dumps(list(closed)), "now": to_text(now), "reason": REVOKED_REASON}
    codes = conn.execute(
        """SELECT id, person_id, organisation_id FROM access_codes
           WHERE organisation_id IN (SELECT value FROM json_each(:ids)) AND revoked_at IS NULL ORDER BY id""",
        bound,
    ).fetchall()
    _end_links(conn, bound)
    mandates = conn.execute(
        """UPDATE mandates SET ended_at = :now
           WHERE organisation_id IN (SELECT value FROM json_each(:ids)) AND ended_at IS NULL
           RETURNING person_id, organisation_id""",
        bound,
    ).fetchall()
    told = _people(codes, mandates)
    requests, letters = _end_requests(conn, ctx, bound, told, now)
    _revoke(conn, ctx, codes, bound, now)
    has_code, debited = set(_people(codes)), set(_people(mandates))
    for person, of in told.items():
        organisations = [closed[each] for each in sorted(of)]
        _mail(conn, ctx, person, organisations, now, has_code=person in has_code, debited=person in debited)
    for each in closed:
        record(conn, ctx.keys, now, "organisation.close", "ok", who=who, on_what=f"organisation:{each}")
    return Closed(len(closed), len(codes), requests, letters, len(mandates), len(told), _count_printed(conn, bound))


def close_due(db: Database, ctx: Context, now: datetime) -> Closed:
    """Close the organisations whose day has come, each so many in a transaction of their own; again those for which an
    earlier version let anything in since. For the worker.
    """
    done, due = Closed(), {"today": workdays.today(now).isoformat(), "most": BATCH_SIZE}
    while db.read().execute(_DUE, due).fetchone() is not None:
        with db.write() as conn:
            ids = [row["id"] for row in conn.execute(_DUE, due).fetchall()]
            conn.execute(
                "UPDATE organisations SET closed_at = NULL WHERE id IN (SELECT value FROM json_each(:ids))",
                {"ids": json.dumps(ids)},
            )
            done += close(conn, ctx, ids, "", now)
    return done


def set_day(
    conn: Connection, ctx: Context, kvk_number: str, day: date | None, who: str, now: datetime
) -> tuple[Row, Closed] | None:
    """Write down on which day an organisation is closed, or None that it is open, and have that take effect if the day
    has come. The organisation as it was (`id`, `name`, `closed_on`, `closed_at`) and what ended; None when no
    organisation has this number. Its codes stay revoked when it is open again. Call inside `write()`.
    """
    before: Row | None = conn.execute(
        "SELECT id, name, closed_on, closed_at FROM organisations WHERE kvk_number = :number", {"number": kvk_number}
    ).fetchone()
    if before is None:
        return None
    closed_on = None if day is None else day.isoformat()
    if before["closed_on"] == closed_on:
        return before, Closed()
    conn.execute(
        """UPDATE organisations SET closed_on = :day, closed_at = CASE WHEN :due THEN closed_at END, updated_at = :now
           WHERE id = :id""",
        {"day": closed_on, "due": is_due(closed_on, now), "now": to_text(now), "id": before["id"]},
    )
    if is_due(closed_on, now):
        return before, close(conn, ctx, [before["id"]], who, now)
    if before["closed_at"] is not None:
        record_reopening(conn, ctx, before["id"], who, now)
    return before, Closed()


def record_reopening(conn: Connection, ctx: Context, organisation_id: int, who: str, now: datetime) -> None:
    """Write down that an organisation which was closed is open again."""
    record(conn, ctx.keys, now, "organisation.reopen", "ok", who=who, on_what=f"organisation:{organisation_id}")


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete organisations that were closed over fact register.closed_keep_days ago and to which nothing refers any
    more; returns how many.
    """
    gone = conn.execute(
        """DELETE FROM organisations
           WHERE closed_at < :before
             AND NOT EXISTS (SELECT 1 FROM access_codes c WHERE c.organisation_id = organisations.id)
             AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.organisation_id = organisations.id)
             AND NOT EXISTS (SELECT 1 FROM mandates m WHERE m.organisation_id = organisations.id)
             AND NOT EXISTS (SELECT 1 FROM order_holders h WHERE h.organisation_id = organisations.id)
             AND NOT EXISTS (SELECT 1 FROM invoice_addresses a WHERE a.organisation_id = organisations.id)""",
        {"before": KEPT[0].before(ctx.facts, now)},
    ).rowcount
    # What went, and former names, stay in the index of names until its parts are made one; done already, it is nothing.
    conn.execute("INSERT INTO organisation_names (organisation_names) VALUES ('optimize')")
    return gone


def _mark(conn: Connection, ids: Iterable[int], now: datetime) -> dict[int, Row]:
    """Mark these as closed, with nobody who has the main code; those that were not yet, by id."""
    rows = conn.execute(
        """UPDATE organisations SET closed_at = :now, main_person_id = NULL, updated_at = :now
           WHERE id IN (SELECT value FROM json_each(:ids)) AND closed_at IS NULL RETURNING id, name, closed_on""",
        {"ids": json.dumps(list(ids)), "now": to_text(now)},
    ).fetchall()
    return {row["id"]: row for row in rows}


def _end_links(conn: Connection, bound: dict[str, Any]) -> None:
    """Revoke the links about requests for these organisations, and those that replace a code of theirs, hand over their
    main code, or confirm their address for invoices.
    """
    conn.execute(
        """UPDATE tokens SET used_at = :now WHERE used_at IS NULL AND kind IN (
               SELECT prefix.value || c.id FROM access_codes c, json_each(:of_codes) prefix
               WHERE c.organisation_id IN (SELECT value FROM json_each(:ids))
               UNION ALL SELECT :of_requests || id FROM requests
               WHERE organisation_id IN (SELECT value FROM json_each(:ids))
               UNION ALL SELECT :of_organisations || value FROM json_each(:ids))""",
        {
            "ids": bound["ids"],
            "now": bound["now"],
            "of_codes": json.dumps([replacement.TOKEN_KIND_PREFIX, main_code_offer.TOKEN_KIND_PREFIX]),
            "of_requests": records.TOKEN_KIND_PREFIX,
            "of_organisations": invoice_addresses.TOKEN_KIND_PREFIX,
        },
    )
    conn.execute(
        "DELETE FROM invoice_addresses WHERE organisation_id IN (SELECT value FROM json_each(:ids))",
        {"ids": bound["ids"]},
    )


def _people(*rows: Collection[Row]) -> dict[int, set[int]]:
    """Whose codes and mandates these are, and of which organisations."""
    found: dict[int, set[int]] = {}
    for each in rows:
        for row in each:
            found.setdefault(row["person_id"], set()).add(row["organisation_id"])
    return found


def _end_requests(
    conn: Connection, ctx: Context, bound: dict[str, Any], told: Collection[int], now: datetime
) -> tuple[int, int]:
    """End all requests that could still become a code; duplicates too, which look like these, so that nobody sees who
    had a code. Who has confirmed the address hears so, unless they are told anyhow. How many requests and letters.
    """
    rows = conn.execute(
        """SELECT * FROM requests
           WHERE organisation_id IN (SELECT value FROM json_each(:ids))
                 AND +state IN ('received', 'checking', 'approved', 'duplicate') ORDER BY id""",
        bound,
    ).fetchall()
    letters = 0
    for request in map(records.to_request, rows):
        letters += request.letter_id is not None
        confirmed = (
            request.confirmed_at is not None
            or conn.execute("SELECT 1 FROM passwords WHERE person_id = :id", {"id": request.person_id}).fetchone()
        )
        mails = bool(confirmed) and request.person_id not in told
        review.end_with_organisation(conn, ctx, request, now, mails=mails)
    return len(rows), letters


def _revoke(conn: Connection, ctx: Context, codes: Collection[Row], bound: dict[str, Any], now: datetime) -> None:
    """Revoke these codes with the reason, and end their sessions. A mail with such a code that waits is not sent."""
    ids = {"codes": json.dumps([row["id"] for row in codes]), "now": bound["now"]}
    conn.execute(
        """UPDATE access_codes SET revoked_at = coalesce(revoked_at, :now), revoked_reason = :reason
           WHERE id IN (SELECT value FROM json_each(:codes))""",
        ids | {"reason": bound["reason"]},
    )
    conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE access_code_id IN (SELECT value FROM json_each(:codes)) AND ended_at IS NULL""",
        ids,
    )
    outbox.cancel(conn, [fulfilment.mail_key(row["id"]) for row in codes], now)
    for row in codes:
        on_what = f"access_code:{row['id']}"
        record(conn, ctx.keys, now, "access_code.revoke", REVOKED_REASON, on_what=on_what)


def _mail(
    conn: Connection,
    ctx: Context,
    person_id: int,
    organisations: Collection[Row],
    now: datetime,
    *,
    has_code: bool,
    debited: bool,
) -> None:
    """Tell a person that these organisations are closed, and what follows from it."""
    person = conn.execute("SELECT given_name, email, language FROM people WHERE id = :id", {"id": person_id}).fetchone()
    with using_language(person["language"]):
        closed = [[each["name"], format_date(date.fromisoformat(each["closed_on"]))] for each in organisations]
        # A mandate that is ended holds until the day is over.
        until = format_date(workdays.today(now) + timedelta(days=1)) if debited else ""
    first = min(each["id"] for each in organisations)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"organisation-closed:{person_id}:{first}:{to_text(now)}",
        kind="access_code.closed",
        recipient=person["email"],
        language=person["language"],
        payload={
            "name": person["given_name"],
            "organisations": closed,
            "has_code": has_code,
            "debit_until": until,
        },
        earned=True,
    )


def _count_printed(conn: Connection, bound: dict[str, Any]) -> int:
    row = conn.execute(
        """SELECT count(*) AS letters FROM letters l JOIN access_codes c ON c.id = l.access_code_id
           WHERE c.organisation_id IN (SELECT value FROM json_each(:ids)) AND l.state = 'printed'""",
        bound,
    ).fetchone()
    return int(row["letters"])

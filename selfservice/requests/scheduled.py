"""Scheduled work, run by the worker: reminders, expiry of codes, closing of unconfirmed requests."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from selfservice import workdays
from selfservice.accounts import tokens
from selfservice.audit import record
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.mail import outbox
from selfservice.requests import letter_delivery, mail_payloads, states
from selfservice.requests.fulfilment import fulfil_waiting
from selfservice.requests.records import to_request
from selfservice.values.email import email_key

BATCH_SIZE = 100
KEPT = (
    Kept(
        what=lazy_gettext("Your name, e-mail address, telephone number and password"),
        until=lazy_gettext("As long as you have an account, an access code, a request, a mandate or an order here"),
        tables=("people", "passwords"),
    ),
    Kept(
        what=lazy_gettext("A request for an access code"),
        until=lazy_gettext("%(time)s after you sent it"),
        tables=("requests", "request_states"),
        fact="access_code.request_keep_days",
    ),
)


def run_hourly(db: Database, ctx: Context, now: datetime) -> dict[str, int]:
    """Run all scheduled work; returns how many of each. Safe to run at any time, also in several processes."""
    return {
        "reminded": send_reminders(db, ctx, now),
        "expired": revoke_expired(db, ctx, now),
        "links": send_missing_links(db, ctx, now),
        "closed": close_unconfirmed(db, ctx, now),
        "handed_out": fulfil_waiting(db, ctx, now),
    }


def send_reminders(db: Database, ctx: Context, now: datetime) -> int:
    """Mail one reminder for each code sent fact access_code.reminder_days ago and never used."""
    before = {"before": to_text(now - timedelta(days=ctx.fact("access_code.reminder_days"))), "now": to_text(now)}
    done = 0
    while True:
        with db.write() as conn:
            rows = conn.execute(
                """UPDATE access_codes SET reminded_at = :now
                   WHERE reminded_at IS NULL AND id IN (
                       SELECT id FROM access_codes
                       WHERE handed_over_at <= :before AND first_used_at IS NULL AND reminded_at IS NULL
                             AND revoked_at IS NULL AND (valid_until IS NULL OR valid_until > :now)
                       ORDER BY id LIMIT 100)
                   RETURNING id""",
                before,
            ).fetchall()
            for row in rows:
                send_code_mail(conn, ctx, row["id"], "access_code.reminder", now)
                record(conn, ctx.keys, now, "access_code.remind", "ok", on_what=f"access_code:{row['id']}")
        done += len(rows)
        if len(rows) < BATCH_SIZE:
            return done


def revoke_expired(db: Database, ctx: Context, now: datetime) -> int:
    """Revoke unused codes past `valid_until`, and mail their owners how to get a new one.

    A letter still not printed is withdrawn with its code, so that no revoked code is ever printed.
    """
    done = 0
    while True:
        with db.write() as conn:
            rows = conn.execute(
                """SELECT id FROM access_codes
                   WHERE valid_until <= :now AND first_used_at IS NULL AND revoked_at IS NULL
                   ORDER BY id LIMIT 100""",
                {"now": to_text(now)},
            ).fetchall()
            for row in rows:
                if letter_delivery.revoke_code(conn, row["id"], now):
                    send_code_mail(conn, ctx, row["id"], "access_code.expired", now)
                    record(conn, ctx.keys, now, "access_code.expire", "ok", on_what=f"access_code:{row['id']}")
        done += len(rows)
        if len(rows) < BATCH_SIZE:
            return done


def send_missing_links(db: Database, ctx: Context, now: datetime) -> int:
    """Mail a link for each private request without one: those received before 29 November 2026 from people with a
    password. Without it they would expire.
    """
    hours = ctx.fact("access_code.link_hours")
    since = {"since": to_text(now - timedelta(hours=hours))}
    query = """SELECT * FROM requests r
               WHERE state = 'received' AND kind = 'private' AND created_at > :since
                     AND NOT EXISTS (SELECT 1 FROM tokens t
                                     WHERE t.person_id = r.person_id AND t.kind = 'request:' || r.id)
               ORDER BY id"""
    if db.read().execute(query, since).fetchone() is None:
        return 0
    with db.write() as conn:
        rows = conn.execute(query, since).fetchall()
        for row in rows:
            request = to_request(row)
            slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(request.email), earned=True)
            issued = tokens.issue(conn, ctx.keys, request.link_kind, request.person_id, hours, slot.at)
            outbox.enqueue(
                conn,
                ctx,
                now,
                idempotency_key=f"request-link:{request.reference}",
                kind="access_code.received",
                recipient=request.email,
                language=request.language,
                payload=mail_payloads.request_received(
                    request.language,
                    name=request.given_name,
                    reference=request.reference,
                    organisation="",
                    channel=request.delivery,
                    delivery_window=(request.expected_from, request.expected_until),
                ),
                seed=issued.seed,
                slot=slot,
                earned=True,
                give_up_after=timedelta(hours=hours),
            )
    return len(rows)


def close_unconfirmed(db: Database, ctx: Context, now: datetime) -> int:
    """Close private requests whose link was not used in time. Their owners can make a new one."""
    # Requests of before links had a moment of their own: theirs works for so many hours after the request.
    bound = {"now": to_text(now), "before": to_text(now - timedelta(hours=ctx.fact("access_code.link_hours")))}
    done = 0
    while True:
        with db.write() as conn:
            rows = conn.execute(
                """SELECT * FROM requests r
                   WHERE state = 'received' AND kind = 'private'
                         AND (link_until <= :now OR (link_until IS NULL AND created_at <= :before))
                         AND NOT EXISTS (SELECT 1 FROM tokens t
                                         WHERE t.person_id = r.person_id AND t.kind = 'request:' || r.id
                                               AND t.used_at IS NULL AND t.expires_at > :now)
                   ORDER BY id LIMIT 100""",
                bound,
            ).fetchall()
            for row in rows:
                request = states.change_state(conn, to_request(row), "withdrawn", now, reason="unconfirmed")
                record(conn, ctx.keys, now, "request.close", "unconfirmed", on_what=request.audit_object)
        done += len(rows)
        if len(rows) < BATCH_SIZE:
            return done


def revoke_for_staff(conn: Connection, ctx: Context, access_code_id: int, by: str, now: datetime) -> bool:
    """Revoke a code for staff, end its sessions and mail its owner; False if it was not active."""
    was_active = letter_delivery.revoke_code(conn, access_code_id, now)
    if was_active:
        send_code_mail(conn, ctx, access_code_id, "access_code.revoked", now)
    result = "ok" if was_active else "unknown"
    who = f"staff:{' '.join(by.split()).casefold()}"
    record(conn, ctx.keys, now, "access_code.revoke", result, who=who, on_what=f"access_code:{access_code_id}")
    return was_active


def send_code_mail(conn: Connection, ctx: Context, access_code_id: int, kind: str, now: datetime) -> None:
    """Mail the owner of a code."""
    row = conn.execute(
        """SELECT p.given_name, p.email, p.language, c.valid_until, coalesce(o.name, '') AS organisation
           FROM access_codes c JOIN people p ON p.id = c.person_id
                LEFT JOIN organisations o ON o.id = c.organisation_id WHERE c.id = :id""",
        {"id": access_code_id},
    ).fetchone()
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"{kind}:{access_code_id}",
        kind=kind,
        recipient=row["email"],
        language=row["language"],
        payload=mail_payloads.code_validity(
            row["language"], name=row["given_name"], organisation=row["organisation"], day=_to_day(row["valid_until"])
        ),
        earned=True,
    )


def _to_day(timestamp: str | None) -> date | None:
    return None if timestamp is None else workdays.today(from_text(timestamp))


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Remove requests made over fact access_code.request_keep_days ago, and people with neither request, code, account,
    mandate nor order; returns how many went.
    """
    before = KEPT[1].before(ctx.facts, now)
    requests = conn.execute("DELETE FROM requests WHERE created_at < :before", {"before": before}).rowcount
    return requests + delete_people(conn)


def delete_people(conn: Connection, person_id: int | None = None) -> int:
    """Delete people to whom nothing refers, or only this one; returns how many."""
    return conn.execute(
        """DELETE FROM people
           WHERE id = coalesce(:id, id)
             AND NOT EXISTS (SELECT 1 FROM access_codes c WHERE c.person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM user_accounts a WHERE a.person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM mandates m WHERE m.person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM order_holders h WHERE h.person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM order_redeliveries d WHERE d.person_id = people.id)""",
        {"id": person_id},
    ).rowcount

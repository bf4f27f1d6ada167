"""Replacing a lost access code, through a link mailed to the person's own address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import organisations, tokens
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.limits import table
from selfservice.mail import outbox
from selfservice.requests import letter_delivery, self_service, states
from selfservice.requests.fulfilment import fulfil
from selfservice.requests.records import Request, get
from selfservice.requests.submission import find_organisation
from selfservice.values.email import check_email, email_key
from selfservice.values.name import full_name
from selfservice.values.reference import new_reference

# A token's kind includes the access code id, so that redeeming one revokes the other links for that code only.
TOKEN_KIND_PREFIX = "lost_access_code:"  # noqa: S105


@dataclass(frozen=True)
class LostCode:
    """The active code that a link would replace, and how the new one would be delivered."""

    access_code_id: int
    person_id: int
    given_name: str
    family_name: str
    email: str
    language: str
    organisation_id: int | None
    organisation: str
    hint: str
    delivery: Literal["email", "letter"]
    letter_lines: tuple[str, ...]


def send_replacement_link(
    conn: Connection,
    ctx: Context,
    email: str,
    kvk_number: str | None,
    address: str,
    language: str,
    now: datetime,
) -> tokens.LinkResult:
    """Mail a link to replace the code of this address, for this organisation or (None) the private one.

    Known and unknown addresses cost the same statements and get the same answer. `email` has passed `check_email`. Call
    inside `write()`.
    """
    decision = table.lost_code(ctx).allow(conn, ctx.keys, address, now, email_key(email))
    if not decision.allowed:
        return tokens.LinkResult(decision.retry_after_seconds)
    registered = find_organisation(conn, kvk_number) if kvk_number else None
    row = conn.execute(
        """SELECT c.id, c.person_id, p.given_name, p.email
           FROM access_codes c JOIN people p ON p.id = c.person_id
           WHERE p.email_key = :email_key AND c.revoked_at IS NULL
                 AND coalesce(c.organisation_id, 0) = :organisation_id""",
        {
            "email_key": email_key(email),
            "organisation_id": registered.id if registered else -1 if kvk_number else 0,
        },
    ).fetchone()
    hours = ctx.fact("password_link.hours")
    topic = f"{TOKEN_KIND_PREFIX}{kvk_number or ''}"
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(email), topic=topic)
    kind = f"{TOKEN_KIND_PREFIX}{row['id'] if row else 0}"
    issued = tokens.issue(conn, ctx.keys, kind, row["person_id"] if row else None, hours, slot.at)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"lost-code-link:{uuid4()}",
        kind="lost_access_code.link",
        recipient=row["email"] if row else check_email(email),
        language=language,
        payload={
            "name": row["given_name"] if row else "",
            "organisation": registered.name if registered else "",
        },
        seed=issued.seed,
        void=row is None,
        slot=slot,
        give_up_after=timedelta(hours=hours),
    )
    who = f"person:{row['person_id']}" if row else email_key(email)
    record(conn, ctx.keys, now, "access_code.lost", "asked", who=who, address=address)
    return tokens.LinkResult(sent_before=slot.sent_before(now))


def find_lost_code(conn: Connection, token_hash: str, now: datetime) -> LostCode | None:
    """The code that this link can replace, or None. Only reads."""
    row = conn.execute(
        """SELECT c.id FROM tokens t JOIN access_codes c ON t.kind = 'lost_access_code:' || c.id
                                                            AND c.person_id = t.person_id
           WHERE t.token_hash = :token_hash AND t.used_at IS NULL AND t.expires_at > :now""",
        {"token_hash": token_hash, "now": to_text(now)},
    ).fetchone()
    return None if row is None else _load_lost_code(conn, row["id"])


def _load_lost_code(conn: Connection, access_code_id: int) -> LostCode | None:
    """The LostCode of an active access code, or None."""
    row = conn.execute(
        """SELECT c.id AS access_code_id, c.person_id, p.given_name, p.family_name, p.email, p.language,
                  c.organisation_id, c.hint
           FROM access_codes c JOIN people p ON p.id = c.person_id
           WHERE c.id = :id AND c.revoked_at IS NULL""",
        {"id": access_code_id},
    ).fetchone()
    if row is None:
        return None
    if row["organisation_id"] is None:
        return LostCode(**dict(row), organisation="", delivery="email", letter_lines=())
    registered = organisations.get(conn, row["organisation_id"])
    by_email = email_key(row["email"]) == email_key(registered.email)
    lines = () if by_email else registered.letter_lines(full_name(row["given_name"], row["family_name"]))
    return LostCode(
        **dict(row), organisation=registered.name, delivery="email" if by_email else "letter", letter_lines=lines
    )


def replace_code(conn: Connection, ctx: Context, token_hash: str, address: str, now: datetime) -> Request | None:
    """Redeem the link: revoke the old code, end its sessions, and send a new one by the same rule.

    Orders, credit and settings stay with the person. Returns the request of the new code, whose status can be looked
    up; None if the link no longer works. Call inside `write()`.
    """
    lost = find_lost_code(conn, token_hash, now)
    if lost is None or tokens.redeem(conn, f"{TOKEN_KIND_PREFIX}{lost.access_code_id}", token_hash, now) is None:
        return None
    on_what, who = f"access_code:{lost.access_code_id}", f"person:{lost.person_id}"
    record(conn, ctx.keys, now, "access_code.replace", "ok", who=who, on_what=on_what, address=address)
    return _replace(conn, ctx, lost, token_hash, now)


def replace_for_staff(conn: Connection, ctx: Context, access_code_id: int, by: str, now: datetime) -> Request | None:
    """Replace an active code for staff, because its secret is rotated out; None if there is none. The owner gets the
    new code, or a mail that it comes by letter. Call inside `write()`.
    """
    lost = _load_lost_code(conn, access_code_id)
    if lost is None:
        return None
    who = f"staff:{' '.join(by.split()).casefold()}"
    record(conn, ctx.keys, now, "access_code.replace", "ok", who=who, on_what=f"access_code:{access_code_id}")
    return _replace(conn, ctx, lost, f"staff:{access_code_id}", now)


def _replace(conn: Connection, ctx: Context, lost: LostCode, cause: str, now: datetime) -> Request:
    letter_delivery.revoke_code(conn, lost.access_code_id, now)
    request = fulfil(conn, ctx, _add_request(conn, ctx, lost, cause, now), now, replaced=True)
    if request.delivery == "letter":
        self_service.send_replaced_mail(conn, ctx, request, now)
    return request


def _add_request(conn: Connection, ctx: Context, lost: LostCode, cause: str, now: datetime) -> Request:
    """Add a request for the new code, already approved. `cause` identifies what caused it."""
    since, until = workdays.delivery_window(workdays.today(now), ctx.fact("access_code.delivery_working_days"))
    lines = json.dumps(lost.letter_lines, ensure_ascii=False) if lost.letter_lines else None
    business = lost.organisation_id is not None
    row = conn.execute(
        """INSERT INTO requests (reference, idempotency_key, person_id, organisation_id, kind, given_name, family_name,
                                 email, language, payment_method, delivery, delivery_email, letter_lines, state,
                                 approved_by, confirmed_at, expected_from, expected_until, created_at)
           SELECT :reference, :key, p.id, :organisation_id, :kind, p.given_name, p.family_name, p.email, p.language,
                  coalesce(CASE WHEN :kind = 'private' THEN p.payment_method END, 'direct_debit'), :delivery,
                  CASE WHEN :delivery = 'email' THEN p.email END, :lines, 'approved', :approved_by, :now, :since,
                  :until, :now
           FROM people p WHERE p.id = :person_id RETURNING id""",
        {
            "reference": new_reference(),
            "key": f"replace:{cause}",
            "person_id": lost.person_id,
            "organisation_id": lost.organisation_id,
            "kind": "business" if business else "private",
            "delivery": lost.delivery,
            "lines": lines,
            "approved_by": "-" if business else None,
            "since": since.isoformat(),
            "until": until.isoformat(),
            "now": to_text(now),
        },
    ).fetchone()
    states.add_to_history(conn, row["id"], "approved", now)
    return get(conn, row["id"])

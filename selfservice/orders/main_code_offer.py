"""Handing over the main code: whoever has it offers it to a colleague, who accepts by a mailed link.

Until then it stays where it is. An offer is a token (accounts/tokens.py) whose kind names the main code that it is of,
so it ends with that code, with the colleague's, and when the main code is another's by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from selfservice.accounts import tokens
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.orders import main_code
from selfservice.orders.organisation_codes import OrganisationCode, send_mail
from selfservice.values.email import email_key, mask_email
from selfservice.values.name import full_name

# Before the id of the access code that is the main code.
TOKEN_KIND_PREFIX = "main_code:"  # noqa: S105
_SELECT = """SELECT t.id, t.kind, t.created_at, t.expires_at, c.id AS to_code_id, c.hint AS to_hint,
                    c.person_id AS to_person_id, p.given_name AS to_given, p.family_name AS to_family, p.email,
                    q.id AS from_person_id, q.given_name AS from_given, q.family_name AS from_family,
                    o.id AS organisation_id, o.name AS organisation
             FROM tokens t
                  JOIN access_codes f ON t.kind = :prefix || f.id AND f.revoked_at IS NULL
                  JOIN organisations o ON o.id = f.organisation_id AND o.main_person_id = f.person_id
                  JOIN access_codes c ON c.person_id = t.person_id AND c.organisation_id = o.id AND c.revoked_at IS NULL
                  JOIN people p ON p.id = c.person_id
                  JOIN people q ON q.id = f.person_id
             WHERE t.used_at IS NULL AND t.expires_at > :now AND {which}"""


@dataclass(frozen=True)
class Offer:
    """An offer that can be accepted, by the token of this row: by whom, and to whom with which code. Its mail leaves at
    `sent_at`, which is later than now when many mails went to that address.
    """

    id: int
    kind: str
    sent_at: datetime
    expires_at: datetime
    to_code_id: int
    to_hint: str
    to_person_id: int
    to_given_name: str
    to_name: str
    to_email: str
    from_person_id: int
    from_given_name: str
    from_name: str
    organisation_id: int
    organisation: str


def find(conn: Connection, token_hash: str, now: datetime) -> Offer | None:
    """The offer that this link accepts, or None. Only reads."""
    row = conn.execute(
        _SELECT.format(which="t.token_hash = :token_hash"),
        {"prefix": TOKEN_KIND_PREFIX, "token_hash": token_hash, "now": to_text(now)},
    ).fetchone()
    return None if row is None else _offer(row)


def pending(conn: Connection, access_code_id: int | None, now: datetime) -> Offer | None:
    """The offer of this main code that was not accepted yet, or None. Only reads."""
    row = conn.execute(
        _SELECT.format(which="f.id = :id"),
        {"prefix": TOKEN_KIND_PREFIX, "id": access_code_id, "now": to_text(now)},
    ).fetchone()
    return None if row is None else _offer(row)


def send(conn: Connection, ctx: Context, session: Session, to: OrganisationCode, address: str, now: datetime) -> int:
    """Offer the main code of whoever is logged in to this colleague, in the place of any earlier offer.

    0, or the seconds to wait when there were too many. Call inside `write()`.
    """
    wait = allow(conn, ctx.keys, table.OFFER_MAIN_CODE, str(session.person_id), now).retry_after_seconds
    if wait:
        return wait
    kind, hours = f"{TOKEN_KIND_PREFIX}{session.access_code_id}", ctx.fact("main_code.offer_hours")
    tokens.revoke_kind(conn, kind, now)
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(to.email), earned=True, topic=kind)
    issued = tokens.issue(conn, ctx.keys, kind, to.person_id, hours, slot.at)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"main-code-offer:{issued.token_hash}",
        kind="organisation_codes.offer",
        recipient=to.email,
        language=to.language,
        payload={
            "name": to.given_name,
            "colleague": session.name,
            "organisation": to.organisation,
            "hint": to.hint,
        },
        seed=issued.seed,
        earned=True,
        slot=slot,
        give_up_after=timedelta(hours=hours),
    )
    _record(conn, ctx, "offer", session, f"access_code:{to.id}", address, now)
    return 0


def cancel(conn: Connection, ctx: Context, session: Session, offer: Offer, address: str, now: datetime) -> None:
    """Take an offer back: its link works no more. Call inside `write()`."""
    tokens.revoke_kind(conn, offer.kind, now)
    _record(conn, ctx, "cancel", session, f"access_code:{offer.to_code_id}", address, now)


def accept(conn: Connection, ctx: Context, session: Session, token_hash: str, address: str, now: datetime) -> bool:
    """Give the main code to whoever is logged in, if the link is theirs and still works; both are mailed.

    False, and nothing is changed, when it does not. Call inside `write()`.
    """
    offer = find(conn, token_hash, now)
    if offer is None or offer.to_code_id != session.access_code_id:
        return False
    if tokens.redeem(conn, offer.kind, token_hash, now) is None:
        return False
    _set_main_person(conn, offer.organisation_id, offer.to_person_id, now)
    told = {"organisation": offer.organisation}
    theirs = {"name": offer.from_given_name, "colleague": offer.to_name}
    mine = {"name": offer.to_given_name, "colleague": offer.from_name}
    send_mail(conn, ctx, "handed_over", offer.id, offer.from_person_id, told | theirs, now)
    send_mail(conn, ctx, "accepted", offer.id, offer.to_person_id, told | mine, now)
    _record(conn, ctx, "accept", session, f"organisation:{offer.organisation_id}", address, now)
    return True


def give_for_staff(conn: Connection, ctx: Context, access_code_id: int, by: str, now: datetime) -> bool:
    """Make this the main code of its organisation, for staff; its owner is mailed, and who had the main code until now.

    False, and nothing is changed, if it is no active code of an organisation, or the main code already. Call inside
    `write()`.
    """
    who, on_what = f"staff:{' '.join(by.split()).casefold()}", f"access_code:{access_code_id}"
    row = conn.execute(
        """SELECT c.hint, c.person_id, c.organisation_id, p.given_name, p.family_name, o.name AS organisation
           FROM access_codes c JOIN people p ON p.id = c.person_id JOIN organisations o ON o.id = c.organisation_id
           WHERE c.id = :id AND c.revoked_at IS NULL AND o.main_person_id IS NOT p.id""",
        {"id": access_code_id},
    ).fetchone()
    if row is not None:
        before = main_code.working(conn, row["organisation_id"])
        _set_main_person(conn, row["organisation_id"], row["person_id"], now)
        told = {"organisation": row["organisation"], "hint": row["hint"]}
        if before is not None:
            tokens.revoke_kind(conn, f"{TOKEN_KIND_PREFIX}{before['access_code_id']}", now)
            colleague = full_name(row["given_name"], row["family_name"])
            theirs = {"name": before["given_name"], "colleague": colleague}
            send_mail(conn, ctx, "taken", access_code_id, before["id"], told | theirs, now)
        send_mail(conn, ctx, "given", access_code_id, row["person_id"], told | {"name": row["given_name"]}, now)
    record(conn, ctx.keys, now, "main_code.give", "unknown" if row is None else "ok", who=who, on_what=on_what)
    return row is not None


def _set_main_person(conn: Connection, organisation_id: int, person_id: int, now: datetime) -> None:
    conn.execute(
        "UPDATE organisations SET main_person_id = :person_id, updated_at = :now WHERE id = :id",
        {"person_id": person_id, "id": organisation_id, "now": to_text(now)},
    )


def _record(
    conn: Connection, ctx: Context, what: str, session: Session, on_what: str, address: str, now: datetime
) -> None:
    who = f"person:{session.person_id}"
    record(conn, ctx.keys, now, f"main_code.{what}", "ok", who=who, on_what=on_what, address=address)


def _offer(row: Row) -> Offer:
    return Offer(
        id=row["id"],
        kind=row["kind"],
        sent_at=from_text(row["created_at"]),
        expires_at=from_text(row["expires_at"]),
        to_code_id=row["to_code_id"],
        to_hint=row["to_hint"],
        to_person_id=row["to_person_id"],
        to_given_name=row["to_given"],
        to_name=full_name(row["to_given"], row["to_family"]),
        to_email=mask_email(row["email"]),
        from_person_id=row["from_person_id"],
        from_given_name=row["from_given"],
        from_name=full_name(row["from_given"], row["from_family"]),
        organisation_id=row["organisation_id"],
        organisation=row["organisation"],
    )

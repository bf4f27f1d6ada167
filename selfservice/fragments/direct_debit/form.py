"""The rules of changing to direct debit: what is typed right, from which day it holds, how it is undone."""

from __future__ import annotations

from datetime import date, datetime
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import mandates
from selfservice.accounts.mandate_mails import mandate_mails
from selfservice.accounts.mandates import Mandate
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.values.iban import check_holder, normalise_iban
from selfservice.web.mandate_form import MandateForm


class DirectDebitForm(MandateForm):
    """The mandate of whoever is logged in."""

    fragment = "direct-debit"


def is_offered(ctx: Context, session: Session) -> bool:
    """Whether this kind of use may pay by direct debit today (fact payment.methods)."""
    return "direct_debit" in ctx.fact(f"payment.methods.{session.kind}")


def current_mandate(conn: Connection, session: Session) -> Mandate | None:
    """The mandate that this person gave with this access code, also when its day has yet to come."""
    return mandates.current(conn, session.person_id, session.organisation_id)


def admit(conn: Connection, ctx: Context, session: Session, now: datetime) -> int:
    """Count a change; 0, or the seconds to wait when there were too many. Call inside `write()`."""
    return allow(conn, ctx.keys, table.DIRECT_DEBIT, str(session.person_id), now).retry_after_seconds


def agree(
    conn: Connection, ctx: Context, session: Session, typed: dict[str, str], address: str, lang: str, now: datetime
) -> date:
    """Record the mandate, from the next working day on; returns that day. Call inside `write()`.

    Sending the same again changes nothing. What was to come before it is replaced, what is in force stays until
    then. Raises FieldError for what the form refuses.
    """
    today = workdays.today(now)
    effective = workdays.add(today, 1)
    iban, holder = normalise_iban(typed["iban"]), check_holder(typed["holder"])
    known = current_mandate(conn, session)
    if known is not None and (known.iban, known.holder) == (iban, holder):
        return known.effective_on
    _withdraw_pending(conn, session, now)
    mandates.add(
        conn, now, person_id=session.person_id, organisation_id=session.organisation_id, iban=iban,
        holder=holder, effective_on=effective,
    )  # fmt: skip
    made = current_mandate(conn, session)
    assert made is not None
    _send_mails(conn, ctx, session, "direct_debit.agreed", made, lang, now)
    _record(conn, ctx, session, "direct_debit.agree", address, now)
    return effective


def undo(conn: Connection, ctx: Context, session: Session, address: str, lang: str, now: datetime) -> bool:
    """Undo the change while its day has yet to come; False when there is none to undo. Call inside `write()`."""
    gone = _withdraw_pending(conn, session, now)
    if gone is None:
        return False
    _send_mails(conn, ctx, session, "direct_debit.undone", gone, lang, now)
    _record(conn, ctx, session, "direct_debit.undo", address, now)
    return True


def _withdraw_pending(conn: Connection, session: Session, now: datetime) -> Mandate | None:
    """End the mandate whose day has yet to come, and open the one again that it came in place of."""
    known = current_mandate(conn, session)
    if known is None or known.effective_on <= workdays.today(now):
        return None
    row = conn.execute("SELECT agreed_at FROM mandates WHERE id = :id", {"id": known.id}).fetchone()
    mandates.end(conn, session.person_id, session.organisation_id, now)
    conn.execute(
        """UPDATE mandates SET ended_at = NULL
           WHERE id = (SELECT max(id) FROM mandates
                       WHERE person_id = :person_id AND coalesce(organisation_id, 0) = :organisation_id
                             AND ended_at = :agreed_at AND effective_on <= :today)""",
        {
            "person_id": session.person_id,
            "organisation_id": session.organisation_id or 0,
            "agreed_at": row["agreed_at"],
            "today": workdays.today(now).isoformat(),
        },
    )
    return known


def _send_mails(
    conn: Connection, ctx: Context, session: Session, kind: str, mandate: Mandate, lang: str, now: datetime
) -> None:
    """Confirm it by mail, to whom it concerns."""
    for notice in mandate_mails(conn, mandate, name=session.name, email=session.email):
        outbox.enqueue(
            conn,
            ctx,
            now,
            idempotency_key=f"{kind}:{mandate.id}:{uuid4()}",
            kind=kind,
            recipient=notice.recipient,
            language=lang,
            payload=notice.payload,
            # The page says that it is sent, and the owner must hear of each: over the cap it goes later.
            earned=True,
        )


def _record(conn: Connection, ctx: Context, session: Session, what: str, address: str, now: datetime) -> None:
    thing = f"organisation:{session.organisation_id}" if session.organisation_id else f"person:{session.person_id}"
    who = f"person:{session.person_id}"
    record(conn, ctx.keys, now, what, "ok", who=who, on_what=thing, address=address)

"""The rules of direct debit: what is typed right, from which day it holds, how it is ended, how either is undone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import mandates, payment_methods
from selfservice.accounts.mandate_mails import mandate_mails
from selfservice.accounts.mandates import Mandate
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.limits import table
from selfservice.limits.rate_limit import RateLimit, allow
from selfservice.mail import outbox
from selfservice.values.iban import check_holder, normalise_iban
from selfservice.web import forms
from selfservice.web.mandate_form import MandateForm


class DirectDebitForm(MandateForm):
    """The mandate of whoever is logged in."""

    fragment = "direct-debit"
    submit = lazy_gettext("Change to direct debit")
    other_account = lazy_gettext("Use another account")
    undo = lazy_gettext("Undo the change")
    keep = lazy_gettext("Keep direct debit")


class EndForm(forms.Form):
    """To end it."""

    fragment = "direct-debit"
    step = "end"
    submit = lazy_gettext("End direct debit")


def is_offered(ctx: Context, session: Session) -> bool:
    """Whether this kind of use may pay by direct debit today (fact payment.methods)."""
    return "direct_debit" in ctx.fact(f"payment.methods.{session.kind}")


def current_mandate(conn: Connection, session: Session) -> Mandate | None:
    """The mandate that this person gave with this access code, also when its day has yet to come."""
    return mandates.current(conn, session.person_id, session.organisation_id)


def in_force(conn: Connection, session: Session, now: datetime) -> Mandate | None:
    """The mandate of this person that can be ended: its day has come."""
    known = current_mandate(conn, session)
    return known if known is not None and known.effective_on <= workdays.today(now) else None


def ending(conn: Connection, session: Session, now: datetime) -> Mandate | None:
    """The mandate that this person ended today, and that holds until tomorrow."""
    return mandates.ending(conn, session.person_id, session.organisation_id, workdays.today(now))


def admit(
    conn: Connection, ctx: Context, session: Session, now: datetime, limit: RateLimit = table.DIRECT_DEBIT
) -> int:
    """Count a change; 0, or the seconds to wait when there were too many. Call inside `write()`."""
    return allow(conn, ctx.keys, limit, str(session.person_id), now).retry_after_seconds


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
    """Undo the change, or that it was ended, while the day of that has yet to come; False when there is nothing to
    undo. Call inside `write()`.
    """
    kept, gone = ending(conn, session, now), _withdraw_pending(conn, session, now)
    if kept is not None:
        mandates.reopen(conn, kept.id)
        _send_mails(conn, ctx, session, "direct_debit.kept", kept, lang, now)
    elif gone is not None:
        _pay_otherwise(conn, ctx, session)
        _send_mails(conn, ctx, session, "direct_debit.undone", gone, lang, now)
    else:
        return False
    _record(conn, ctx, session, "direct_debit.undo", address, now)
    return True


def end(conn: Connection, ctx: Context, session: Session, address: str, lang: str, now: datetime) -> bool:
    """End the mandate that is in force, from tomorrow on; False when there is none. Call inside `write()`."""
    known = in_force(conn, session, now)
    if known is None:
        return False
    mandates.end(conn, session.person_id, session.organisation_id, now)
    _pay_otherwise(conn, ctx, session)
    _send_mails(
        conn, ctx, session, "direct_debit.ended", known, lang, now,
        day=mandates.ends_on(now), more=consequences(conn, ctx, session, now),
    )  # fmt: skip
    _record(conn, ctx, session, "direct_debit.end", address, now)
    return True


def consequences(conn: Connection, ctx: Context, session: Session, now: datetime) -> tuple[str, str]:
    """What follows when this person's mandate is ended now: what is still collected, and how is paid from then on."""
    return payment_methods.consequences_of_ending(conn, ctx, session.person_id, session.organisation_id, now)


def _pay_otherwise(conn: Connection, ctx: Context, session: Session) -> None:
    """Have who has no private mandate any more pay from credit, if that is possible."""
    if session.organisation_id is None and current_mandate(conn, session) is None:
        conn.execute(
            "UPDATE people SET payment_method = :method WHERE id = :id",
            {"id": session.person_id, "method": "credit" if payment_methods.is_credit_offered(ctx, None) else None},
        )


def _withdraw_pending(conn: Connection, session: Session, now: datetime) -> Mandate | None:
    """End the mandate whose day has yet to come, and open the one again that it came in place of."""
    known = current_mandate(conn, session)
    if known is None or known.effective_on <= workdays.today(now):
        return None
    row = conn.execute("SELECT agreed_at FROM mandates WHERE id = :id", {"id": known.id}).fetchone()
    mandates.end(conn, session.person_id, session.organisation_id, now)
    replaced = conn.execute(
        """SELECT max(id) AS id FROM mandates
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = :organisation_id
                 AND ended_at = :agreed_at AND effective_on <= :today""",
        {
            "person_id": session.person_id,
            "organisation_id": session.organisation_id or 0,
            "agreed_at": row["agreed_at"],
            "today": workdays.today(now).isoformat(),
        },
    ).fetchone()
    if replaced["id"] is not None:
        mandates.reopen(conn, replaced["id"])
    return known


def _send_mails(
    conn: Connection, ctx: Context, session: Session, kind: str, mandate: Mandate, lang: str, now: datetime, **told: Any
) -> None:
    """Confirm it by mail, to whom it concerns."""
    for notice in mandate_mails(
        conn, mandate, given_name=session.given_name, name=session.name, email=session.email, **told
    ):
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

"""The rules of digital invoices: to which address, from which day, and back to paper."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import organisations
from selfservice.accounts.organisations import Organisation
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.formats import format_date
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.values.email import check_email, email_key
from selfservice.web import forms


class InvoicesForm(forms.Form):
    """To which address invoices go."""

    fragment = "digital-invoices"
    email = forms.EmailField(lazy_gettext("E-mail address for invoices"))


def organisation_of(conn: Connection, session: Session) -> Organisation:
    """The organisation that this access code is for. Raises LookupError for a private code."""
    if session.organisation_id is None:
        raise LookupError("a private access code is for no organisation")
    return organisations.get(conn, session.organisation_id)


def admit(conn: Connection, ctx: Context, session: Session, now: datetime) -> int:
    """Count a change; 0, or the seconds to wait when there were too many. Call inside `write()`."""
    return allow(conn, ctx.keys, table.DIGITAL_INVOICES, str(session.person_id), now).retry_after_seconds


def set_invoices_email(
    conn: Connection, ctx: Context, session: Session, email: str | None, address: str, lang: str, now: datetime
) -> bool:
    """Send invoices to this address from the next working day on, or on paper again (None). Call inside `write()`.

    False when it was so already: then nothing is sent. Raises LookupError for a private code, AddressError for
    what the form refuses.
    """
    known = organisation_of(conn, session)
    wanted = None if email is None else check_email(email)
    changed = conn.execute(
        """UPDATE organisations SET invoices_email = :email, updated_at = :now
           WHERE id = :id AND invoices_email IS DISTINCT FROM :email""",
        {"email": wanted, "now": to_text(now), "id": known.id},
    ).rowcount
    if not changed:
        return False
    to = {email_key(each): each for each in (session.email, wanted, known.invoices_email) if each}
    kind = "digital_invoices.on" if wanted else "digital_invoices.off"
    for recipient in to.values():
        outbox.enqueue(
            conn,
            ctx,
            now,
            idempotency_key=f"{kind}:{known.id}:{uuid4()}",
            kind=kind,
            recipient=recipient,
            language=lang,
            payload={
                "name": session.name,
                "organisation": known.name,
                "email": wanted or "",
                "day": format_date(workdays.add(workdays.today(now), 1)),
            },
            # An address that was typed is not the person's own: it may be anybody's.
            earned=recipient == session.email,
            topic=f"digital_invoices:{known.id}",
        )
    record(
        conn,
        ctx.keys,
        now,
        "invoices.digital" if wanted else "invoices.paper",
        "ok",
        who=f"person:{session.person_id}",
        on_what=f"organisation:{known.id}",
        address=address,
    )
    return True

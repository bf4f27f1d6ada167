"""The rules of digital invoices: to which address, once a link confirmed it; from which day; and back to paper."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import invoice_addresses, organisations, people
from selfservice.accounts.invoice_addresses import WaitingAddress
from selfservice.accounts.organisations import Organisation
from selfservice.accounts.people import Person
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import using_language
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.values.email import check_email, email_key, mask_email
from selfservice.values.name import full_name
from selfservice.web import forms


class InvoicesForm(forms.Form):
    """To which address invoices go."""

    fragment = "digital-invoices"
    email = forms.EmailField(lazy_gettext("E-mail address for invoices"))
    submit = lazy_gettext("Send invoices by e-mail")
    again = lazy_gettext("Send the link again")
    cancel = lazy_gettext("Cancel this change")
    paper = lazy_gettext("Send invoices on paper again")


class ConfirmForm(forms.Form):
    """Agree to it, for who holds the link that was mailed to the address."""

    fragment = "digital-invoices"
    step = "confirm"
    submit = lazy_gettext("Confirm this address")


def organisation_of(conn: Connection, session: Session) -> Organisation:
    """The organisation that this access code is for. Raises LookupError for a private code."""
    if session.organisation_id is None:
        raise LookupError("a private access code is for no organisation")
    return organisations.get(conn, session.organisation_id)


def admit(conn: Connection, ctx: Context, session: Session, now: datetime) -> int:
    """Count a change; 0, or the seconds to wait when there were too many. Call inside `write()`."""
    return allow(conn, ctx.keys, table.DIGITAL_INVOICES, str(session.person_id), now).retry_after_seconds


def waiting_address(conn: Connection, session: Session, now: datetime) -> WaitingAddress | None:
    """The address that waits for its link to be used, whoever of the organisation asked for it."""
    return invoice_addresses.waiting(conn, organisation_of(conn, session).id, now)


def sent_before(conn: Connection, waiting: WaitingAddress, now: datetime) -> datetime | None:
    """Before when the mail with the link leaves, if there were so many for its address that it waits."""
    return outbox.sent_before(conn, invoice_addresses.mail_key(waiting.token_hash), now)


def ask(conn: Connection, ctx: Context, session: Session, email: str, address: str, lang: str, now: datetime) -> bool:
    """Mail a link to this address, after which invoices go there; one's own was proven before, and is used at once.
    Until then all stays as it is. Call inside `write()`.

    False when invoices go there already: then nothing is sent, and no other address waits any more. Raises LookupError
    for a private code, AddressError for what the form refuses.
    """
    known, wanted = organisation_of(conn, session), check_email(email)
    if email_key(wanted) == email_key(session.email):
        return set_invoices_email(conn, ctx, session, session.email, address, lang, now)
    if known.invoices_email is not None and email_key(wanted) == email_key(known.invoices_email):
        invoice_addresses.remove(conn, known.id, now)
        return False
    # It may be anybody's.
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(wanted), topic=f"digital_invoices:{known.id}")
    issued = invoice_addresses.add(
        conn, ctx, organisation_id=known.id, person_id=session.person_id, email=wanted, now=slot.at
    )
    outbox.enqueue(
        conn, ctx, now,
        idempotency_key=invoice_addresses.mail_key(issued.token_hash),
        kind="digital_invoices.confirm",
        recipient=wanted,
        language=lang,
        payload={"name": session.name, "organisation": known.name},
        seed=issued.seed,
        slot=slot,
        # After that the link in it is worth nothing.
        give_up_after=timedelta(hours=ctx.fact("invoices.link_hours")),
    )  # fmt: skip
    _record(conn, ctx, session.person_id, known.id, "invoices.ask", address, now)
    return True


def cancel(conn: Connection, ctx: Context, session: Session, address: str, now: datetime) -> None:
    """Have no address wait any more. Call inside `write()`."""
    organisation = organisation_of(conn, session).id
    invoice_addresses.remove(conn, organisation, now)
    _record(conn, ctx, session.person_id, organisation, "invoices.cancel", address, now)


def confirm(conn: Connection, ctx: Context, token_hash: str, address: str, now: datetime) -> WaitingAddress | None:
    """Use a link up: invoices go to its address from the next working day on. None when it opens nothing any more.

    Whoever holds it may do so: it may be a department with no access code. Call inside `write()`.
    """
    found = invoice_addresses.redeem(conn, token_hash, now)
    if found is not None:
        who = people.get(conn, found.person_id)
        _change(conn, ctx, who, found.organisation_id, found.email, address, who.language, now)
    return found


def set_invoices_email(
    conn: Connection, ctx: Context, session: Session, email: str | None, address: str, lang: str, now: datetime
) -> bool:
    """Send invoices to an address that was proven, from the next working day on, or on paper again (None). Call inside
    `write()`.

    False when it was so already: then nothing is sent. Raises LookupError for a private code.
    """
    known = organisation_of(conn, session)
    invoice_addresses.remove(conn, known.id, now)
    return _change(conn, ctx, people.get(conn, session.person_id), known.id, email, address, lang, now)


def _change(
    conn: Connection, ctx: Context, who: Person, organisation: int, email: str | None, address: str, lang: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Change it, and tell who asked, who got them until now, and the organisation at its registered address; False when
    it was so already.
    """
    known = organisations.get(conn, organisation)
    changed = conn.execute(
        """UPDATE organisations SET invoices_email = :email, updated_at = :now
           WHERE id = :id AND invoices_email IS DISTINCT FROM :email""",
        {"email": email, "now": to_text(now), "id": organisation},
    ).rowcount
    if not changed:
        return False
    kind = "digital_invoices.on" if email else "digital_invoices.off"
    told = {email_key(who.email): (who.email, kind)}
    if known.invoices_email:
        told.setdefault(
            email_key(known.invoices_email), (known.invoices_email, "digital_invoices.moved" if email else kind)
        )
    told.setdefault(email_key(known.email), (known.email, kind))
    with using_language(lang):
        payload = {
            "name": full_name(who.given_name, who.family_name),
            "organisation": known.name,
            "email": email or "",
            "day": format_date(first_day(now)),
        }
    for recipient, kind in told.values():
        outbox.enqueue(
            conn, ctx, now,
            idempotency_key=f"{kind}:{organisation}:{uuid4()}",
            kind=kind,
            recipient=recipient,
            language=lang,
            # Where they went until now, and all who read the registered address, need not know where they go.
            payload=payload if recipient == who.email else {**payload, "email": mask_email(email or "")},
            # It follows from a log-in or a used link, and they must hear of it: over the cap it goes later.
            earned=True,
        )  # fmt: skip
    _record(conn, ctx, who.id, organisation, "invoices.digital" if email else "invoices.paper", address, now)
    return True


def first_day(now: datetime) -> date:
    """From when invoices go as was chosen now."""
    return workdays.add(workdays.today(now), 1)


def _record(
    conn: Connection, ctx: Context, person_id: int, organisation_id: int, what: str, address: str, now: datetime
) -> None:
    who, thing = f"person:{person_id}", f"organisation:{organisation_id}"
    record(conn, ctx.keys, now, what, "ok", who=who, on_what=thing, address=address)

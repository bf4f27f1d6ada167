"""Deleting what is kept of a person, at their own request: what they have here, what of it goes, and what must stay.

The page that asks for it shows what `find` returns, and `forget` does what that says. Two things can go: the account,
and all that belongs to access codes. When both have gone the person is forgotten: their row goes too, or, as long as an
order, a mandate or an access code refers to it, names nobody who could be reached (docs/why.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import (
    email_changes,
    invoice_addresses,
    mandates,
    payment_methods,
    people,
    tokens,
    user_accounts,
)
from selfservice.accounts.mandate_mails import mandate_mails
from selfservice.accounts.mandates import Mandate
from selfservice.accounts.people import Person
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import current_language
from selfservice.mail import outbox
from selfservice.orders import main_code_offer, periods, visibility
from selfservice.requests import fulfilment, letter_delivery, records, scheduled
from selfservice.requests.records import Request
from selfservice.values.email import email_key
from selfservice.values.name import full_name

Part = Literal["account", "codes"]


@dataclass(frozen=True)
class HeldCode:
    """An access code that works. `colleagues` is how many others have one for the organisation; `is_main`, whether it
    is the one that sees all of its orders.
    """

    id: int
    hint: str
    organisation: str
    is_main: bool
    colleagues: int


@dataclass(frozen=True)
class HeldMandate:
    """A mandate that is kept until that day, whether it ended already or ends now (`is_open`)."""

    mandate: Mandate
    organisation: str
    is_open: bool
    kept_until: date


@dataclass(frozen=True)
class HeldInvoices:
    """An organisation whose invoices go to the person's own e-mail address, and where it can be told itself."""

    id: int
    organisation: str
    email: str


@dataclass(frozen=True)
class Held:
    """What somebody has here. `orders_until` is when the last of their orders goes. `undo_until` is until when a change
    of their e-mail address can be undone: so long nothing is deleted, or whoever changed it could delete what its owner
    would get back.
    """

    person_id: int
    has_account: bool
    codes: tuple[HeldCode, ...]
    has_former_codes: bool
    requests: tuple[int, ...]
    open_requests: int
    printed_letters: int
    mandates: tuple[HeldMandate, ...]
    invoices: tuple[HeldInvoices, ...]
    orders: int
    orders_until: date | None
    undo_until: datetime | None

    @property
    def has_codes(self) -> bool:
        """Whether anything is left of access codes."""
        return bool(self.codes or self.has_former_codes or self.requests or self.mandates or self.orders)

    @property
    def parts(self) -> frozenset[Part]:
        """What there is that can go."""
        both: tuple[tuple[Part, bool], ...] = (("account", self.has_account), ("codes", self.has_codes))
        return frozenset(part for part, is_there in both if is_there)

    @property
    def name_until(self) -> date | None:
        """The day until which the name stays with an order or a mandate; None when with neither."""
        days = [self.orders_until, *(each.kept_until for each in self.mandates)]
        return max((day for day in days if day is not None), default=None)


def find(conn: Connection, ctx: Context, person_id: int, now: datetime) -> Held:
    """What this person has here. Only reads."""
    codes = conn.execute(
        """SELECT c.id, c.hint, coalesce(o.name, '') AS organisation,
                  coalesce(o.main_person_id = c.person_id, 0) AS is_main,
                  (SELECT count(*) FROM access_codes x WHERE x.organisation_id = c.organisation_id
                   AND x.revoked_at IS NULL AND x.person_id <> c.person_id) AS colleagues
           FROM access_codes c LEFT JOIN organisations o ON o.id = c.organisation_id
           WHERE c.person_id = :id AND c.revoked_at IS NULL ORDER BY organisation, c.id""",
        {"id": person_id},
    ).fetchall()
    former = conn.execute(
        "SELECT 1 FROM access_codes WHERE person_id = :id AND revoked_at IS NOT NULL LIMIT 1", {"id": person_id}
    ).fetchone()
    requests = records.list_of_person(conn, person_id)
    orders, last = visibility.own_orders(conn, person_id)
    return Held(
        person_id=person_id,
        has_account=user_accounts.find_hash(conn, person_id) is not None,
        codes=tuple(HeldCode(**{**dict(row), "is_main": bool(row["is_main"])}) for row in codes),
        has_former_codes=former is not None,
        requests=tuple(sorted(each.id for each in requests)),
        open_requests=sum(each.state in records.OPEN_STATES for each in requests),
        printed_letters=sum(each.state == "printed" for each in requests),
        mandates=tuple(_mandates(conn, ctx, person_id, now)),
        invoices=tuple(_invoices(conn, person_id)),
        orders=orders,
        orders_until=None if last is None else periods.kept_until(ctx, last),
        undo_until=email_changes.undo_until(conn, person_id, now),
    )


def forget(conn: Connection, ctx: Context, held: Held, parts: frozenset[Part], address: str, now: datetime) -> None:
    """Delete these parts of what somebody has here (`find`). Call inside `write()`, where it is still so."""
    person = people.get(conn, held.person_id)
    if "account" in parts:
        email_changes.cancel(conn, ctx, person.id, address, now)
        _delete_account(conn, ctx, person, now)
    if "codes" in parts:
        _delete_codes(conn, ctx, person, held, now)
    if parts == held.parts:
        conn.execute("DELETE FROM sessions WHERE person_id = :id", {"id": person.id})
        conn.execute("DELETE FROM tokens WHERE person_id = :id", {"id": person.id})
        if not scheduled.delete_people(conn, person.id):
            people.forget(conn, person.id, keeps_name=held.name_until is not None)
    who = f"person:{person.id}"
    result = "everything" if len(parts) > 1 else next(iter(parts))
    record(conn, ctx.keys, now, "person.delete", result, who=who, on_what=who, address=address)


def _delete_account(conn: Connection, ctx: Context, person: Person, now: datetime) -> None:
    user_accounts.delete(conn, person.id)
    conn.execute("DELETE FROM account_openings WHERE email_key = :key", {"key": email_key(person.email)})
    changes = conn.execute("DELETE FROM email_changes WHERE person_id = :id RETURNING confirm_hash", {"id": person.id})
    outbox.cancel(conn, [email_changes.mail_key(row["confirm_hash"]) for row in changes.fetchall()], now)
    outbox.cancel_to(conn, ctx, person.email, now, about_account=True)


def _delete_codes(conn: Connection, ctx: Context, person: Person, held: Held, now: datetime) -> None:
    """Have the codes stop as when they are withdrawn, and delete what was asked and mailed about them."""
    for code in held.codes:
        letter_delivery.revoke_code(conn, code.id, now)
        tokens.revoke_kind(conn, f"{main_code_offer.TOKEN_KIND_PREFIX}{code.id}", now)
        record(conn, ctx.keys, now, "access_code.revoke", "forgotten", on_what=f"access_code:{code.id}")
    outbox.cancel(conn, [fulfilment.mail_key(code.id) for code in held.codes], now)
    # To others, with their name.
    outbox.cancel(conn, invoice_addresses.mail_keys(conn, person.id), now)
    outbox.cancel_to(conn, ctx, person.email, now, about_account=False)
    for request in records.list_of_person(conn, person.id):
        _delete_request(conn, request, now)
    for each in held.mandates:
        if each.is_open:
            _end_mandate(conn, ctx, person, each.mandate, now)
    for gets in held.invoices:
        _send_invoices_on_paper(conn, ctx, person, gets, now)
    bound = {"id": person.id}
    conn.execute("DELETE FROM passwords WHERE person_id = :id", bound)
    # With them the addresses for invoices that wait; those of a change of address (`email_changes`) are the account's.
    conn.execute("DELETE FROM tokens WHERE person_id = :id AND kind NOT LIKE 'email%'", bound)
    conn.execute("DELETE FROM sessions WHERE person_id = :id AND credential = 'access_code'", bound)
    conn.execute("UPDATE people SET telephone = NULL, payment_method = NULL WHERE id = :id", bound)


def _delete_request(conn: Connection, request: Request, now: datetime) -> None:
    if request.state == "approved":
        letter_delivery.withdraw_letter_and_code(conn, request, now)
    conn.execute("DELETE FROM requests WHERE id = :id", {"id": request.id})


def _end_mandate(conn: Connection, ctx: Context, person: Person, mandate: Mandate, now: datetime) -> None:
    """End it, and tell the organisation that it was for; the person is told with the rest."""
    following = payment_methods.consequences_of_ending(conn, ctx, person.id, mandate.organisation_id, now)
    mandates.end(conn, person.id, mandate.organisation_id, now)
    for notice in mandate_mails(
        conn, mandate, given_name=person.given_name, name=full_name(person.given_name, person.family_name),
        email=person.email, can_undo=False, day=mandates.ends_on(now), more=following,
    ):  # fmt: skip
        if notice.payload["copy_of"]:
            outbox.enqueue(
                conn,
                ctx,
                now,
                idempotency_key=f"direct_debit.ended:{mandate.id}:{uuid4()}",
                kind="direct_debit.ended",
                recipient=notice.recipient,
                language=current_language(),
                payload=notice.payload,
                earned=True,
            )


def _send_invoices_on_paper(conn: Connection, ctx: Context, person: Person, gets: HeldInvoices, now: datetime) -> None:
    """Have the invoices of an organisation come on paper again, and tell it so."""
    conn.execute(
        "UPDATE organisations SET invoices_email = NULL, updated_at = :now WHERE id = :id",
        {"id": gets.id, "now": to_text(now)},
    )
    if email_key(gets.email) == email_key(person.email):
        return
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"digital_invoices.off:{gets.id}:{uuid4()}",
        kind="digital_invoices.off",
        recipient=gets.email,
        language=current_language(),
        payload={
            "name": full_name(person.given_name, person.family_name),
            "organisation": gets.organisation,
            "email": "",
            "day": format_date(workdays.add(workdays.today(now), 1)),
        },
        earned=True,
    )


def _invoices(conn: Connection, person_id: int) -> Iterator[HeldInvoices]:
    rows = conn.execute(
        """SELECT DISTINCT o.id, o.name, o.email, o.invoices_email, p.email AS own
           FROM access_codes c JOIN organisations o ON o.id = c.organisation_id JOIN people p ON p.id = c.person_id
           WHERE c.person_id = :id AND o.invoices_email IS NOT NULL ORDER BY o.id""",
        {"id": person_id},
    )
    for row in rows:
        if email_key(row["invoices_email"]) == email_key(row["own"]):
            yield HeldInvoices(row["id"], row["name"], row["email"])


def _mandates(conn: Connection, ctx: Context, person_id: int, now: datetime) -> list[HeldMandate]:
    return [
        HeldMandate(
            mandate,
            fulfilment.organisation_name(conn, mandate.organisation_id),
            ended_at is None,
            mandates.kept_until(ctx, ended_at or now),
        )
        for mandate, ended_at in mandates.list_of_person(conn, person_id)
    ]

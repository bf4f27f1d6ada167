"""Confirming a request with the link in its mail.

Anybody can type anybody's address. So a private request has no effect until its own link is used by somebody who knows
the password of that address, or chooses the first one: only then is the payment method set and a code made.
For an organisation staff decide; there the link proves the address and lets its owner choose a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import access_codes, mandates, passwords, payment_methods, people, tokens
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.requests import states
from selfservice.requests.fulfilment import fulfil, has_payment_method, organisation_name
from selfservice.requests.records import TOKEN_KIND_PREFIX, Request, get, to_request
from selfservice.values.email import email_key
from selfservice.values.iban import mask_iban

PASSWORD_TOKEN = "password"  # noqa: S105 (a kind of token: the one that the form for a new password redeems)

LinkState = Literal["open", "used", "withdrawn", "closed", "lapsed", "unknown"]


@dataclass(frozen=True)
class PendingConfirmation:
    """A request that its link can still confirm, and the effects of confirming it.

    `payment_method` is the person's payment method afterwards; `collects_from` the day from which we would collect from
    the account in the request, None without one; `replaces_mandate` whether that ends an earlier mandate.
    """

    request: Request
    organisation: str
    has_password: bool
    has_code: bool
    payment_method: str
    collects_from: date | None
    replaces_mandate: bool

    @property
    def only_sets_password(self) -> bool:
        """Whether the link only sets a first password: an organisation's request proceeds without it."""
        return self.request.kind == "business" and not self.has_password

    @property
    def masked_iban(self) -> str:
        """The masked account in the request; empty without one."""
        return mask_iban(self.request.iban) if self.request.iban else ""


@dataclass(frozen=True)
class ConfirmationLink:
    """The state of a mailed link, the reference of its request (empty when it is 'unknown'), and what it would confirm
    while it is 'open'.
    """

    state: LinkState
    reference: str = ""
    pending: PendingConfirmation | None = None


def load_link(conn: Connection, token_hash: str, now: datetime) -> ConfirmationLink:
    """The link with this token hash. Only reads."""
    row = conn.execute(
        "SELECT kind, used_at, expires_at FROM tokens WHERE token_hash = :hash AND person_id IS NOT NULL",
        {"hash": token_hash},
    ).fetchone()
    if row is None or not row["kind"].startswith(TOKEN_KIND_PREFIX):
        return ConfirmationLink("unknown")
    request = get(conn, int(row["kind"].removeprefix(TOKEN_KIND_PREFIX)))
    if request.state == "withdrawn" and request.reason != "unconfirmed":
        return ConfirmationLink("withdrawn", request.reference)
    if request.confirmed_at is not None:
        return ConfirmationLink("used", request.reference)
    if row["expires_at"] <= to_text(now) or request.reason == "unconfirmed":
        return ConfirmationLink("lapsed", request.reference)
    has_private = request.kind == "private" and access_codes.active_code_id(conn, request.person_id, None) is not None
    return (
        ConfirmationLink("closed", request.reference)
        if row["used_at"] is not None or has_private
        else ConfirmationLink("open", request.reference, _pending_confirmation(conn, request, now))
    )


def _pending_confirmation(conn: Connection, request: Request, now: datetime) -> PendingConfirmation:
    today = workdays.today(now)
    known = payment_methods.current(conn, request.person_id, request.organisation_id, today)
    debits = request.iban is not None and not has_payment_method(conn, request)
    return PendingConfirmation(
        request,
        organisation_name(conn, request.organisation_id),
        has_password=people.get(conn, request.person_id).has_password,
        has_code=bool(access_codes.active_hashes(conn, request.person_id)),
        payment_method=request.payment_method if debits else known.method or request.payment_method,
        collects_from=workdays.add(today, 1) if debits else None,
        replaces_mandate=mandates.current(conn, request.person_id, request.organisation_id) is not None,
    )


def confirm(
    conn: Connection,
    ctx: Context,
    token_hash: str,
    address: str,
    now: datetime,
    *,
    verified_hash: str | None,
    new_hash: str | None = None,
) -> Request | None:
    """Use the link up: its request is its owner's from now on; a private one gets its code, and its way to pay holds.

    `known` is the hash of the password that was typed and found right, None for who has no password yet: then `chosen`
    is the hash of their first. None when the link opens nothing any more, or the password is another one meanwhile;
    then nothing happened. Call inside `write()`: of concurrent calls one wins.
    """
    asked = load_link(conn, token_hash, now).pending
    if asked is None or passwords.find_hash(conn, asked.request.person_id) != verified_hash:
        return None
    request = asked.request
    if tokens.redeem(conn, request.link_kind, token_hash, now) is None:
        return None
    if new_hash is not None:
        _set_first_password(conn, ctx, asked, new_hash, address, now)
    states.update(conn, request.id, confirmed_at=to_text(now))
    who = f"person:{request.person_id}"
    record(conn, ctx.keys, now, "request.confirm", "ok", who=who, on_what=request.audit_object, address=address)
    if request.kind == "private":
        request = fulfil(conn, ctx, states.change_state(conn, request, "approved", now), now)
        _close_duplicates(conn, ctx, request, now)
    return get(conn, request.id)


def _set_first_password(
    conn: Connection, ctx: Context, pending: PendingConfirmation, new_hash: str, address: str, now: datetime
) -> None:
    request = pending.request
    passwords.store_hash(conn, request.person_id, new_hash, now)
    who = f"person:{request.person_id}"
    record(conn, ctx.keys, now, "password.change", "ok", who=who, on_what=who, address=address)
    if pending.has_code:
        # Whoever could log in with that code as soon as there is a password hears that there is one.
        person = people.get(conn, request.person_id)
        outbox.enqueue(
            conn,
            ctx,
            now,
            idempotency_key=f"password-chosen:{request.id}",
            kind="replacement_password.changed",
            recipient=person.email,
            language=person.language,
            payload={
                "name": person.given_name,
                "moment": now.isoformat(),
                "codes": access_codes.labels(conn, person.id),
            },
            earned=True,
        )


def _close_duplicates(conn: Connection, ctx: Context, request: Request, now: datetime) -> None:
    """Close other private requests with this address, whoever made them: a person has one private code."""
    rows = conn.execute(
        """SELECT * FROM requests
           WHERE person_id = :person_id AND kind = 'private' AND state = 'received' AND id <> :id""",
        {"person_id": request.person_id, "id": request.id},
    )
    for row in rows.fetchall():
        other = states.change_state(conn, to_request(row), "duplicate", now)
        record(conn, ctx.keys, now, "request.close", "duplicate", on_what=other.audit_object)


def record_wrong_password(conn: Connection, ctx: Context, request: Request, address: str, now: datetime) -> None:
    """Record that the password typed on a request's link page was wrong. Call inside `write()`."""
    who = f"person:{request.person_id}"
    record(conn, ctx.keys, now, "request.confirm", "refused", who=who, on_what=request.audit_object, address=address)


def send_password_link(
    conn: Connection, ctx: Context, pending: PendingConfirmation, address: str, language: str, now: datetime
) -> tokens.LinkResult:
    """Mail a link to choose a new password to a person without an access code, which the form for that requires.

    It is valid for fact password_link.hours from when it is sent. Raises ValueError for a person with a code. Call
    inside `write()`.
    """
    if pending.has_code:
        raise ValueError("a person with an access code asks for a new password with it")
    request = pending.request
    wait = allow(conn, ctx.keys, table.FORGOTTEN_PASSWORD, str(request.person_id), now).retry_after_seconds
    if wait:
        return tokens.LinkResult(wait)
    hours = ctx.fact("password_link.hours")
    person = people.get(conn, request.person_id)
    counted_on = email_key(person.email)
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=counted_on, earned=True, topic=PASSWORD_TOKEN)
    issued = tokens.issue(conn, ctx.keys, PASSWORD_TOKEN, person.id, hours, slot.at)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"password-link:{uuid4()}",
        kind="replacement_password.link",
        recipient=person.email,
        language=language,
        payload={"name": person.given_name},
        seed=issued.seed,
        slot=slot,
        earned=True,
        give_up_after=timedelta(hours=hours),
    )
    who = f"person:{person.id}"
    record(conn, ctx.keys, now, "password.link", "asked", who=who, on_what=request.audit_object, address=address)
    return tokens.LinkResult(sent_before=slot.sent_before(now))

"""The rules of the replacement password: what is typed right, who may ask how often, what is written down together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from selfservice.accounts import access_codes, passwords, people, sessions, tokens
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.limits import table
from selfservice.mail import outbox
from selfservice.values.access_code import CodeHashes
from selfservice.values.email import check_email, email_key
from selfservice.web import forms, mailed_link

TOKEN_KIND = "password"  # noqa: S105 (a kind, not a password)


class LinkForm(forms.Form):
    """Who asks for a link. A code that nobody has is no mistake here."""

    fragment = "replacement-password"
    access_code = forms.AccessCodeField(lazy_gettext("Access code"))
    email = forms.EmailField(
        lazy_gettext("E-mail address"), hint=lazy_gettext("The address that you gave when you requested the code.")
    )
    submit = lazy_gettext("Send me the link")


class AgainForm(mailed_link.AgainForm):
    """Send the mail again, or to another address."""

    fragment = "replacement-password"
    email = forms.EmailField(lazy_gettext("E-mail address"))
    submit = lazy_gettext("Send the e-mail to this address")


class NewPasswordForm(forms.Form):
    """The password that is chosen behind a link."""

    fragment = "replacement-password"
    step = "new-password"
    new_password = forms.NewPasswordField(lazy_gettext("New password"))
    submit = lazy_gettext("Save my password")


@dataclass(frozen=True)
class LinkResult:
    """What came of asking: seconds to wait when it was refused, else what to remember for the next page."""

    wait: int
    saved: dict[str, str]


def request_link(
    conn: Connection,
    ctx: Context,
    hashes: CodeHashes,
    email: str,
    address: str,
    lang: str,
    now: datetime,
) -> LinkResult:
    """Queue the mail if the code of these hashes and e-mail address belong together. The same statements run whether
    they do or not. Call inside `write()`.
    """
    code_hash = hashes[0]
    decision = table.PASSWORD_LINK.allow(conn, ctx.keys, address, now, code_hash)
    if not decision.allowed:
        return LinkResult(decision.retry_after_seconds, {})
    member = access_codes.find(conn, hashes, email)
    codes = access_codes.labels(conn, member.person_id if member else None)
    hours = ctx.fact("password_link.hours")
    # Counted on code and address together, as they were typed: whoever has not got the code counts on another.
    counted_on = f"{code_hash} {email_key(email)}"
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=counted_on, earned=True, topic=TOKEN_KIND)
    issued = tokens.issue(conn, ctx.keys, TOKEN_KIND, member.person_id if member else None, hours, slot.at)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"password-link:{uuid4()}",
        kind="replacement_password.link",
        recipient=member.email if member else check_email(email),
        language=lang,
        payload={"name": member.given_name if member else "", "codes": codes},
        seed=issued.seed,
        void=member is None,
        slot=slot,
        # After that the link in it is worth nothing.
        give_up_after=timedelta(hours=hours),
    )
    who = f"person:{member.person_id}" if member else email_key(email)
    record(conn, ctx.keys, now, "password.link", "asked", who=who, address=address)
    before = slot.sent_before(now)
    saved = {"email": email, "code_hash": code_hash, "old_code_hash": hashes[1]}
    return LinkResult(0, saved | {"before": to_text(before) if before else ""})


def token_owner(conn: Connection, token_hash: str, now: datetime) -> int | None:
    """Whose password this token may change now, if anyone's. Only reads."""
    return tokens.find(conn, TOKEN_KIND, token_hash, now)


def change(
    conn: Connection, ctx: Context, token_hash: str, hashed: str, address: str, lang: str, now: datetime
) -> bool:
    """Redeem the token, set the password, end all sessions and tell the owner. False when the token was used.

    Call inside `write()`: all of it happens, or nothing.
    """
    person = tokens.redeem(conn, TOKEN_KIND, token_hash, now)
    if person is None:
        return False
    owner = people.get(conn, person)
    passwords.store_hash(conn, person, hashed, now)
    sessions.end_all_of_person(conn, person, now)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"password-changed:{token_hash}",
        kind="replacement_password.changed",
        recipient=owner.email,
        language=lang,
        payload={
            "name": owner.given_name,
            "moment": now.isoformat(),
            "codes": access_codes.labels(conn, person),
        },
        # It follows from a used link, and the owner must hear of it: over the cap it goes later.
        earned=True,
        topic="password.changed",
    )
    record(
        conn,
        ctx.keys,
        now,
        "password.change",
        "ok",
        who=f"person:{person}",
        on_what=f"person:{person}",
        address=address,
    )
    return True

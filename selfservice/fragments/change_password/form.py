"""The rules of changing a password while signed in."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from selfservice.accounts import (
    access_codes,
    account_links,
    password_policy,
    passwords,
    people,
    sessions,
    user_accounts,
)
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.web import forms, reauthentication


class ChangePasswordForm(forms.Form):
    """The password that somebody logs in with, and the one that they want."""

    fragment = "change-password"
    password = forms.PasswordField(
        lazy_gettext("Current password"), required=lazy_gettext("Fill in the password that you log in with now.")
    )
    new_password = forms.NewPasswordField(lazy_gettext("New password"))
    submit = lazy_gettext("Change my password")

    def validate_new_password(self, field: forms.NewPasswordField) -> None:
        """It is another one: who changes it since somebody knows it must not believe that it was changed."""
        old, new = (password_policy.normalise_password(text) for text in (self.password.data, field.data))
        if old and old == new:
            raise forms.ValidationError(gettext("The new password is the same as the current one. Choose another."))


def admit(conn: Connection, ctx: Context, session: Session, now: datetime) -> int:
    """Count a try; 0, or the seconds to wait when there were too many. So a session in wrong hands is no way to guess a
    password.
    """
    decision = allow(conn, ctx.keys, table.CHANGE_PASSWORD, str(session.person_id), now)
    return decision.retry_after_seconds


def change(
    conn: Connection,
    ctx: Context,
    session: Session,
    old_hash: str,
    hashed: str,
    address: str,
    lang: str,
    now: datetime,
) -> bool:
    """Set the password of what the session was begun with, end all sessions and tell the owner. False when it was
    changed meanwhile.

    Call inside `write()`, and begin a new session for this person there.
    """
    if reauthentication.find_hash(conn, session) != old_hash:
        return False
    sessions.end_all_of_person(conn, session.person_id, now)
    if session.access_code_id is None:
        user_accounts.store_hash(conn, session.person_id, hashed, now)
        person = people.get(conn, session.person_id)
        account_links.revoke_all(conn, person.email, now)
        account_links.send_changed_mail(conn, ctx, person, "password", now)
    else:
        passwords.store_hash(conn, session.person_id, hashed, now)
        _mail_codes(conn, ctx, session, lang, now)
    who = f"person:{session.person_id}"
    what = "account.password" if session.access_code_id is None else "password.change"
    record(conn, ctx.keys, now, what, "ok", who=who, on_what=who, address=address)
    return True


def _mail_codes(conn: Connection, ctx: Context, session: Session, lang: str, now: datetime) -> None:
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"password-changed:{uuid4()}",
        kind="replacement_password.changed",
        recipient=session.email,
        language=lang,
        payload={
            "name": session.given_name,
            "moment": now.isoformat(),
            "codes": access_codes.labels(conn, session.person_id),
        },
        # Nobody keeps this from the owner by having other mail sent first: over the cap it goes later.
        earned=True,
        topic="password.changed",
    )

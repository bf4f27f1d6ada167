"""The rules of changing a password while signed in."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from selfservice.accounts import password_policy, passwords, sessions
from selfservice.accounts.password_policy import new_password_error
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox


def check(conn: Connection, ctx: Context, session: Session, old: str, new: str, *, demo: bool) -> dict[str, str]:
    """The messages for the fields that are not right, by field name; empty when both can be."""
    errors = {}
    if not old or len(old.encode("utf-8", "surrogatepass")) > password_policy.MAX_BYTES:
        errors["password"] = gettext("Fill in the password that you log in with now.")
    if problem := new_password_error(conn, ctx, session.person_id, new, demo=demo):
        errors["new_password"] = problem
    elif old and password_policy.normalise_password(old) == password_policy.normalise_password(new):
        # Who changes it since somebody else knows it must not believe that it is another one now.
        errors["new_password"] = gettext("Both passwords are the same. Choose another new password.")
    return errors


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
    """Set the password, end all sessions and tell the owner. False when it was changed meanwhile.

    Call inside `write()`, and begin a new session for this person there.
    """
    if passwords.find_hash(conn, session.person_id) != old_hash:
        return False
    passwords.store_hash(conn, session.person_id, hashed, now)
    sessions.end_all_of_person(conn, session.person_id, now)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"password-changed:{uuid4()}",
        kind="replacement_password.changed",
        recipient=session.email,
        language=lang,
        payload={"name": session.given_name, "moment": now.isoformat()},
        # Nobody keeps this from the owner by having other mail sent first: over the cap it goes later.
        earned=True,
        topic="password.changed",
    )
    who = f"person:{session.person_id}"
    record(conn, ctx.keys, now, "password.change", "ok", who=who, on_what=who, address=address)
    return True

"""Filling in one's password once more, for what nobody may do who only finds a browser that is logged in."""

from __future__ import annotations

from dataclasses import dataclass

from selfservice import clock
from selfservice.accounts import login_throttle, passwords, user_accounts
from selfservice.accounts.passwords import HasherBusyError
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.web import forms
from selfservice.web.request import client_address
from selfservice.web.services import services


def password_field() -> forms.PasswordField:
    """The field for it. A form with other fields before it makes it once more, after them."""
    return forms.PasswordField(
        lazy_gettext("Your password"), required=lazy_gettext("Fill in the password that you log in with.")
    )


class PasswordForm(forms.Form):
    """A form that asks for the password that somebody is logged in with; see `verify`."""

    password = password_field()


@dataclass(frozen=True)
class Verified:
    """What came of it: seconds to wait when there were too many tries, or the hash that the password belongs to."""

    wait: int = 0
    hash: str | None = None

    def holds(self, conn: Connection, session: Session) -> bool:
        """Whether that is still the password: ask inside the `write()` that does what it was filled in for."""
        return self.hash is not None and find_hash(conn, session) == self.hash


def find_hash(conn: Connection, session: Session) -> str | None:
    """The hash of the password of what this session was begun with: of the account, or of the access codes."""
    find = user_accounts.find_hash if session.access_code_id is None else passwords.find_hash
    return find(conn, session.person_id)


def verify(session: Session, form: PasswordForm) -> Verified:
    """Hold what was filled in against the password of whoever is logged in; a wrong one is said in the form.

    Wrong ones make the next wait as those of logging in do (`login_throttle`), and lock nobody out of logging in.
    Raises HasherBusyError.
    """
    wired, now, name = services(), clock.now(), login_throttle.person_name(session.person_id)
    with wired.db.write() as conn:
        if wait := login_throttle.admit(conn, wired.context, name, client_address(), now):
            return Verified(wait)
    hashed = find_hash(wired.db.read(), session)
    try:
        is_right = wired.hasher.verify(hashed, form.password.data)
    except HasherBusyError:
        with wired.db.write() as conn:
            login_throttle.cancel(conn, wired.context, name)
        raise
    with wired.db.write() as conn:
        if is_right:
            login_throttle.reset(conn, wired.context, name)
            return Verified(hash=hashed)
        who = f"person:{session.person_id}"
        record(conn, wired.keys, now, "password.verify", "refused", who=who, on_what=who, address=client_address())
    form.add_error("password", gettext("This is not the password that you are logged in with."))
    return Verified()

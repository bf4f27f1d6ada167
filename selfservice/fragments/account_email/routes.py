"""`account-email`: another e-mail address for an account, once it was confirmed; and how its owner undoes that.

start (→ again, cancel); [mail to the new address] link → confirm → confirmed; [mail to the old one] undo → undone
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import access_codes, email_changes
from selfservice.accounts.email_changes import EmailChange
from selfservice.accounts.sessions import Session
from selfservice.context import Context
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.account_email.form import ConfirmForm, EmailForm, UndoForm
from selfservice.i18n.catalogs import gettext
from selfservice.web import authentication, cookies, mailed_link, reauthentication
from selfservice.web.forms import About, Form
from selfservice.web.services import services

NAME = "account-email"
blueprint = Blueprint("account_email", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your e-mail address")


def _about(session: Session) -> About:
    waiting = email_changes.pending(services().db.read(), session.person_id, clock.now())
    # Asked for again, it is another.
    version = f"{session.email} {waiting.confirm_hash if waiting else ''}"
    return authentication.about(session, NAME, version=version)


def _start(session: Session) -> Response:
    return _show(session, EmailForm(about=_about(session)))


def _show(session: Session, form: EmailForm) -> Response:
    conn, now = services().db.read(), clock.now()
    waiting = email_changes.pending(conn, session.person_id, now)
    return authentication.render_personal(
        session, NAME, "account_email/form.html", title=title(), form=form, waiting=waiting,
        before=email_changes.sent_before(conn, waiting, now) if waiting else None,
        has_codes=bool(access_codes.labels(conn, session.person_id)),
        again="again" in request.args and form.status == 200,
        cancelled="cancelled" in request.args and form.status == 200 and not waiting,
    )  # fmt: skip


@blueprint.post("")
def ask() -> Response:
    """Check address and password, mail a link to the new address, and tell the old one."""
    session, now = authentication.require_session(NAME), clock.now()
    form = EmailForm.sent(about=_about(session))
    form.present = session.email
    if not form.accepts():
        return _show(session, form)
    verified = reauthentication.verify(session, form)
    if verified.wait:
        return form.too_many(verified.wait, lambda: _show(session, form))
    if verified.hash is None:
        return _show(session, form)
    with services().db.write() as conn:
        # Another tab may have been first, or have changed the password.
        form, wait = EmailForm.sent(about=_about(session)), None
        if form.is_current() and verified.holds(conn, session):
            wait = _admitted(conn, session, now)
            if not wait:
                email_changes.ask(
                    conn, services().context, session.person_id, form.email.data, web.client_address(), now
                )
    return _answer(session, form, wait)


def _admitted(conn: Connection, session: Session, now: datetime) -> int:
    return email_changes.admit(conn, services().context, session.person_id, now)


@blueprint.post("/again")
def send_again() -> Response:
    """Mail a link to the address that waits once more; the one before opens nothing then."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        form, wait = EmailForm(about=_about(session)), None
        waiting = email_changes.pending(conn, session.person_id, now)
        if form.is_current() and waiting is not None:
            wait = _admitted(conn, session, now)
            if not wait:
                email_changes.send_again(conn, services().context, waiting, web.client_address(), now)
    return _answer(session, form, wait, "?again=1")


@blueprint.post("/cancel")
def cancel() -> Response:
    """Leave it as it is: the links that were mailed open nothing any more."""
    session = authentication.require_session(NAME)
    with services().db.write() as conn:
        form = EmailForm(about=_about(session))
        is_current = form.is_current()
        if is_current:
            email_changes.cancel(conn, services().context, session.person_id, web.client_address(), clock.now())
    return _answer(session, form, 0 if is_current else None, "?cancelled=1")


def _answer(session: Session, form: EmailForm, wait: int | None, done: str = "") -> Response:
    """How it stands: after something was `done`, after too many mails, or (None) when nothing was."""
    if wait:
        return form.too_many(wait, lambda: _show(session, form))
    return _show(session, form) if wait is None else web.see(authentication.form_path(NAME) + done)


@dataclass(frozen=True)
class _Link:
    """A link of a change, and the page behind it: a button `step`, which leads to `done`, or to `expired`.

    What this browser has of a link is saved as the form `opened`: its token's hash, and what came of it once it was
    used here. Who opens one need not be logged in.
    """

    step: str
    form: type[Form]
    find: Callable[[Connection, str, datetime], EmailChange | None]
    use: Callable[[Connection, Context, str, str, datetime], EmailChange | None]
    title: Callable[[], str]
    done: str
    done_title: Callable[[], str]
    expired: str

    @property
    def opened(self) -> str:
        return f"{NAME}-{self.step}"

    def follow(self, token: str) -> Response:
        token_hash = hash_token(token)
        works = self.find(services().db.read(), token_hash, clock.now()) is not None
        opened = {"token_hash": token_hash} if works else {}
        return mailed_link.follow(self.opened, opened, url_for(f".{self.step}"), url_for(f".{self.expired}"))

    def _addresses(self, change: EmailChange) -> dict[str, str]:
        return change.addresses(change.new_email if self.step == "confirm" else change.old_email)

    def _form(self, opened: dict[str, Any]) -> Form:
        return self.form(about=About(self.opened, record=opened.get("token_hash", "")))

    def show(self) -> Response:
        """What the button does, and the button; or that the link works no more."""
        conn, now = services().db.read(), clock.now()
        opened = cookies.load_form(conn, self.opened, now)
        if not opened or "done" in opened:
            return web.go(url_for(f".{self.done}" if opened else ".start"))
        change = self.find(conn, opened["token_hash"], now)
        if change is None:
            return self.show_expired()
        return web.render(
            f"account_email/{self.step}.html", title=self.title(), form=self._form(opened), change=change,
            emails=self._addresses(change),
        )  # fmt: skip

    def press(self) -> Response:
        """Use the link up. Sent twice, it says what the first did."""
        now = clock.now()
        with services().db.write() as conn:
            opened = cookies.load_form(conn, self.opened, now)
            form = self._form(opened)
            is_current = form.is_current()
            if opened and is_current and "done" not in opened:
                change = self.use(conn, services().context, opened["token_hash"], web.client_address(), now)
                if change is not None:
                    opened["done"] = self._addresses(change)
                    cookies.save_form(conn, self.opened, opened, now)
        # A page is made outside the transaction: it may prolong a session, which is another.
        if opened and not is_current:
            return mailed_link.show_other_link(form)
        if opened and "done" not in opened:
            return self.show_expired()
        return web.go(url_for(f".{self.done}" if opened else ".start"))

    def show_done(self) -> Response:
        """It is done."""
        done = cookies.load_form(services().db.read(), self.opened, clock.now()).get("done")
        if done is None:
            return web.go(url_for(".start"))
        return web.render(f"account_email/{self.done}.html", title=self.done_title(), done=done)

    def show_expired(self) -> Response:
        """The link no longer works, and what to do then."""
        return web.render(
            f"account_email/{self.expired}.html", title=gettext("This link no longer works"), status=410,
            focus=web.wants_fragment(),
        )  # fmt: skip


_CONFIRM = _Link(
    "confirm", ConfirmForm, email_changes.find_to_confirm, email_changes.confirm,
    lambda: gettext("Use this e-mail address?"),
    "confirmed", lambda: gettext("Your e-mail address has been changed"), "expired",
)  # fmt: skip
_UNDO = _Link(
    "undo", UndoForm, email_changes.find_to_undo, email_changes.undo,
    lambda: gettext("Undo the change of your e-mail address?"),
    "undone", lambda: gettext("Your old e-mail address is back"), "too_late",
)  # fmt: skip


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The link that was mailed to the new address."""
    return _CONFIRM.follow(token)


@blueprint.get("/undo/<token>")
def follow_undo(token: str) -> Response:
    """The link that was mailed to the old address."""
    return _UNDO.follow(token)


for _link, _done, _expired in ((_CONFIRM, "confirmed", "expired"), (_UNDO, "undone", "too-late")):
    blueprint.add_url_rule(f"/{_link.step}", _link.step, _link.show)
    blueprint.add_url_rule(f"/{_link.step}", f"do_{_link.step}", _link.press, methods=["POST"])
    blueprint.add_url_rule(f"/{_done}", _link.done, _link.show_done)
    blueprint.add_url_rule(f"/{_expired}", _link.expired, _link.show_expired)

authentication.add_personal_routes(blueprint, title, _start, secret=True)

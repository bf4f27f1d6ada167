"""`digital-invoices`: an organisation's invoices by e-mail, once the address was confirmed, and back to paper.

start (→ again, cancel, paper); [mail] link → confirm → confirmed
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import invoice_addresses
from selfservice.accounts.sessions import Session
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.digital_invoices import form as rules
from selfservice.fragments.digital_invoices.form import ConfirmForm, InvoicesForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.values.email import mask_email
from selfservice.web import authentication, cookies, mailed_link
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "digital-invoices"
# What this browser has of a link: its token's hash, and what came of it once it was used here.
OPENED = "digital-invoices-link"
blueprint = Blueprint("digital_invoices", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Ask for digital invoices")


def _about(session: Session) -> About:
    conn = services().db.read()
    organisation, waiting = rules.organisation_of(conn, session), rules.waiting_address(conn, session, clock.now())
    version = f"{organisation.invoices_email or ''} {waiting.token_hash if waiting else ''}"
    return authentication.about(session, NAME, organisation.id, version)


def _start(session: Session) -> Response:
    return _show(session, InvoicesForm(values=authentication.load_typed(NAME, session), about=_about(session)))


def _show(session: Session, form: InvoicesForm) -> Response:
    conn, now = services().db.read(), clock.now()
    organisation, waiting = rules.organisation_of(conn, session), rules.waiting_address(conn, session, now)
    return authentication.render_personal(
        session, NAME, "digital_invoices/form.html",
        title=gettext("Digital invoices") if organisation.invoices_email or waiting else title(), form=form,
        organisation=organisation, waiting=waiting, before=rules.sent_before(conn, waiting, now) if waiting else None,
        on_paper="paper" in request.args and form.status == 200,
        cancelled="cancelled" in request.args and form.status == 200 and not waiting,
        again="again" in request.args and form.status == 200, first_day=rules.first_day(now),
    )  # fmt: skip


@blueprint.post("")
def ask() -> Response:
    """Check the address, and mail a link to it."""
    session = authentication.require_session(NAME, InvoicesForm.sent().values)
    with services().db.write() as conn:
        form = InvoicesForm.sent(about=_about(session))
        wait = _ask(conn, session, form.email.data) if form.accepts() else None
    return _answer(session, form, wait)


@blueprint.post("/again")
def send_again() -> Response:
    """Mail a link to the address that waits once more; the one before opens nothing then."""
    session = authentication.require_session(NAME)
    with services().db.write() as conn:
        form, waiting = InvoicesForm(about=_about(session)), rules.waiting_address(conn, session, clock.now())
        wait = _ask(conn, session, waiting.email) if form.is_current() and waiting else None
    return _answer(session, form, wait, "?again=1")


def _ask(conn: Connection, session: Session, email: str) -> int:
    """Ask for it; 0, or the seconds to wait when there were too many changes."""
    now = clock.now()
    wait = rules.admit(conn, services().context, session, now)
    if not wait:
        rules.ask(conn, services().context, session, email, web.client_address(), current_language(), now)
        authentication.delete_typed(conn, NAME)
    return wait


def _answer(session: Session, form: InvoicesForm, wait: int | None, done: str = "") -> Response:
    """How it stands: after something was `done`, after too many changes, or (None) when nothing was."""
    if wait:
        return form.too_many(wait, lambda: _show(session, form))
    return _show(session, form) if wait is None else web.see(authentication.form_path(NAME) + done)


@blueprint.post("/cancel")
def cancel() -> Response:
    """Leave it as it is: the link that was mailed opens nothing any more."""
    session = authentication.require_session(NAME)
    with services().db.write() as conn:
        form = InvoicesForm(about=_about(session))
        is_current = form.is_current()
        if is_current:
            rules.cancel(conn, services().context, session, web.client_address(), clock.now())
    return _answer(session, form, 0 if is_current else None, "?cancelled=1")


@blueprint.post("/paper")
def paper() -> Response:
    """Invoices on paper again."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        form, changed = InvoicesForm(about=_about(session)), False
        wait = rules.admit(conn, services().context, session, now) if form.is_current() else None
        if wait == 0:
            changed = rules.set_invoices_email(
                conn, services().context, session, None, web.client_address(), current_language(), now
            )
    # On paper the form looks as it did at first; the address says that something was done.
    return _answer(session, form, wait, "?paper=1" if changed else "")


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link. Who opens it need not be logged in."""
    token_hash = hash_token(token)
    works = invoice_addresses.find(services().db.read(), token_hash, clock.now()) is not None
    opened = {"token_hash": token_hash} if works else {}
    return mailed_link.follow(OPENED, opened, url_for(".confirm"), url_for(".expired"))


def _confirm_form(opened: dict[str, Any]) -> ConfirmForm:
    return ConfirmForm(about=About(OPENED, record=opened.get("token_hash", "")))


@blueprint.get("/confirm")
def confirm() -> Response:
    """Whose invoices will come to which address, and the button that agrees to it; or that the link works no more."""
    conn, now = services().db.read(), clock.now()
    opened = cookies.load_form(conn, OPENED, now)
    if not opened or "done" in opened:
        return web.go(url_for(".confirmed" if opened else ".start"))
    waiting = invoice_addresses.find(conn, opened["token_hash"], now)
    if waiting is None:
        return expired()
    return web.render(
        "digital_invoices/confirm.html", title=gettext("Send invoices to this address?"), form=_confirm_form(opened),
        waiting=waiting, masked=mask_email(waiting.email), first_day=rules.first_day(now),
    )  # fmt: skip


@blueprint.post("/confirm")
def agree() -> Response:
    """Use the link up: invoices go to the address. Sent twice, it says what the first did."""
    now = clock.now()
    with services().db.write() as conn:
        opened = cookies.load_form(conn, OPENED, now)
        form = _confirm_form(opened)
        is_current = form.is_current()
        if opened and is_current and "done" not in opened:
            made = rules.confirm(conn, services().context, opened["token_hash"], web.client_address(), now)
            if made is not None:
                day = rules.first_day(now).isoformat()
                opened["done"] = {"organisation": made.organisation, "email": mask_email(made.email), "day": day}
                cookies.save_form(conn, OPENED, opened, now)
    # A page is made outside the transaction: it may prolong a session, which is another.
    if opened and not is_current:
        return mailed_link.show_other_link(form)
    if opened and "done" not in opened:
        return expired()
    return web.go(url_for(".confirmed" if opened else ".start"))


@blueprint.get("/confirmed")
def confirmed() -> Response:
    """It is done."""
    done = cookies.load_form(services().db.read(), OPENED, clock.now()).get("done")
    if done is None:
        return web.go(url_for(".start"))
    return web.render(
        "digital_invoices/confirmed.html", title=gettext("The address is confirmed"), done=done,
        first_day=date.fromisoformat(done["day"]),
    )  # fmt: skip


@blueprint.get("/expired")
def expired() -> Response:
    """The link no longer works, and how to get another."""
    return web.render(
        "digital_invoices/expired.html", title=gettext("This link no longer works"), status=410,
        focus=web.wants_fragment(),
    )  # fmt: skip


authentication.add_personal_routes(blueprint, title, _start)

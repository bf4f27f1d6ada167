"""`account-delete`: an account goes, or all that belongs to somebody's access codes, as far as it need not be kept.

start (what goes, what stays, password) → done
"""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response, url_for

from selfservice import clock, forgetting, web
from selfservice.accounts.sessions import Session
from selfservice.db import Connection
from selfservice.forgetting import Held
from selfservice.fragments.account_delete import form as rules
from selfservice.fragments.account_delete.form import DeleteForm, Offer
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.mail import outbox
from selfservice.web import authentication, cookies, downloads, reauthentication
from selfservice.web.forms import About
from selfservice.web.reauthentication import Verified
from selfservice.web.services import services

NAME = "account-delete"
blueprint = Blueprint("account_delete", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Delete your account or data")


def _find(conn: Connection, session: Session) -> Held:
    return forgetting.find(conn, services().context, session.person_id, clock.now())


def _offer(session: Session, held: Held) -> Offer:
    return rules.offer(services().db.read(), services().context, session, held, clock.now())


def _about(session: Session, held: Held) -> About:
    return authentication.about(session, NAME, version=held)


def _start(session: Session) -> Response:
    held = _find(services().db.read(), session)
    return _show(session, held, DeleteForm(about=_about(session, held)))


def _show(session: Session, held: Held, form: DeleteForm) -> Response:
    heading = str(DeleteForm.of_account if session.access_code_id is None else DeleteForm.of_codes)
    if held.undo_until is not None:
        return authentication.render_personal(
            session, NAME, "account_delete/refused.html", title=heading, undo_until=held.undo_until
        )
    return authentication.render_personal(
        session, NAME, "account_delete/start.html", title=heading, form=form, offer=_offer(session, held)
    )


@blueprint.post("")
def delete() -> Response:
    """Check the password, and delete, if the page showed all that there is now."""
    if _was_done():
        return web.go(url_for(".done"))
    session = authentication.require_session(NAME)
    held = _find(services().db.read(), session)
    form = DeleteForm.sent(about=_about(session, held))
    if held.undo_until is not None:
        return web.see(authentication.form_path(NAME))
    if not form.accepts():
        return _show(session, held, form)
    verified = reauthentication.verify(session, form)
    if verified.wait:
        return form.too_many(verified.wait, lambda: _show(session, held, form))
    if (verified.hash is not None and _delete(session, held, verified)) or _was_done():
        response = web.go(url_for(".done"))
        response.headers["Clear-Site-Data"] = '"cache"'
        return response
    return _show(session, held, form) if verified.hash is None else _show_changed(session)


def _was_done() -> bool:
    """Whether the same page was sent before, by a browser that had no answer yet: the session went with the first."""
    return "done" in cookies.load_form(services().db.read(), NAME, clock.now())


def _show_changed(session: Session) -> Response:
    """What there is now, since it changed while the password was checked; or the form to log in."""
    held = _find(services().db.read(), session)
    if not held.parts:
        return web.see(authentication.form_path(NAME))
    form = DeleteForm(about=_about(session, held), notice=str(DeleteForm.outdated))
    form.status = 409
    return _show(session, held, form)


def _delete(session: Session, held: Held, verified: Verified) -> bool:
    """Delete what the page offered, and end all that this browser has; False when anything changed meanwhile."""
    wired, now = services(), clock.now()
    chosen = _offer(session, held)
    with wired.db.write() as conn:
        if _find(conn, session) != held or not verified.holds(conn, session):
            return False
        for row in conn.execute("SELECT id FROM sessions WHERE person_id = :id", {"id": session.person_id}).fetchall():
            downloads.delete_session_files(conn, row["id"])
        forgetting.forget(conn, wired.context, held, chosen.parts, web.client_address(), now)
        outbox.enqueue(
            conn,
            wired.context,
            now,
            idempotency_key=f"account-deleted:{uuid4()}",
            kind="account.deleted",
            recipient=session.email,
            language=current_language(),
            payload=rules.mail_payload(session.given_name, chosen, now),
            earned=True,
        )
        cookies.delete(conn, now, done=NAME)
    return True


@blueprint.get("/done")
def done() -> Response:
    """It was deleted: for nobody in particular, who it was is known no more."""
    return web.render("account_delete/done.html", title=gettext("Your data has been deleted"))


authentication.add_personal_routes(blueprint, title, _start, secret=True)

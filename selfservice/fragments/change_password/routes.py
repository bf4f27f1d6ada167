"""`change-password`: another password, for whoever is signed in and knows the present one.

start → done
"""

from __future__ import annotations

from flask import Blueprint, Response, url_for

from selfservice import clock, web
from selfservice.accounts import sessions
from selfservice.accounts.sessions import Session
from selfservice.fragments.change_password import form as rules
from selfservice.fragments.change_password.form import ChangePasswordForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication, reauthentication
from selfservice.web.services import services

NAME = "change-password"
blueprint = Blueprint("change_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your password")


def _start(session: Session) -> Response:
    return _show(session, ChangePasswordForm(about=authentication.about(session, NAME)))


def _show(session: Session, form: ChangePasswordForm) -> Response:
    return authentication.render_personal(
        session, NAME, "change_password/form.html", title=title(), form=form,
        has_other=sessions.has_other_log_in(services().db.read(), session),
    )  # fmt: skip


@blueprint.post("")
def change() -> Response:
    """Check both passwords, and change: all other sessions end, and this one goes on under a new cookie."""
    session = authentication.require_session(NAME)
    wired, now = services(), clock.now()
    form = ChangePasswordForm.sent(about=authentication.about(session, NAME))
    form.person_id = session.person_id
    if not form.accepts():
        return _show(session, form)
    with wired.db.write() as conn:
        wait = rules.admit(conn, wired.context, session, now)
    if wait:
        return form.too_many(wait, lambda: _show(session, form))
    kept = reauthentication.find_hash(wired.db.read(), session)
    if kept is None or not wired.hasher.verify(kept, form.password.data):
        form.add_error("password", gettext("This is not the password that you log in with now."))
        return _show(session, form)
    hashed, now = wired.hasher.hash(form.new_password.data), clock.now()
    with wired.db.write() as conn:
        changed = rules.change(
            conn, wired.context, session, kept, hashed, web.client_address(), current_language(), now
        )
        if changed:
            authentication.start_session(
                conn, session.person_id, session.access_code_id, session.kind, session.device, now
            )
    return web.see(url_for(".done") if changed else authentication.form_path(NAME))


@blueprint.get("/done")
def done() -> Response:
    """It worked."""
    session = authentication.require_session(NAME)
    return authentication.render_personal(
        session, NAME, "change_password/done.html", title=gettext("Your password has been changed")
    )


authentication.add_personal_routes(blueprint, title, _start, secret=True)

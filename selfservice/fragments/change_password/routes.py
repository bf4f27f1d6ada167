"""`change-password`: another password, for whoever is signed in and knows the present one.

start → done
"""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import passwords
from selfservice.accounts.sessions import Session
from selfservice.fragments.change_password import form
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services

NAME = "change-password"
blueprint = Blueprint("change_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your password")


def _show(session: Session) -> Response:
    return _form(session, {})


def _form(session: Session, errors: dict[str, str], status: int = 200, notice: str | None = None) -> Response:
    return authentication.render_personal(
        session, NAME, "change_password/form.html", title=title(), status=status, error=status >= 400,
        errors=errors, notice=notice,
    )  # fmt: skip


@blueprint.post("")
def change() -> Response:
    """Check both passwords, and change: all other sessions end, and this one goes on under a new cookie."""
    session = authentication.require_session(NAME)
    wired, now = services(), clock.now()
    old, new = request.form.get("password", ""), request.form.get("new_password", "")
    if errors := form.check(wired.db.read(), wired.context, session, old, new, demo=wired.config.demo):
        return _form(session, errors, 422)
    with wired.db.write() as conn:
        wait = form.admit(conn, wired.context, session, now)
    if wait:
        return _too_many_requests(session, wait)
    kept = passwords.find_hash(wired.db.read(), session.person_id)
    if kept is None or not wired.hasher.verify(kept, old):
        return _form(session, {"password": gettext("This is not the password that you log in with now.")}, 422)
    hashed, now = wired.hasher.hash(new), clock.now()
    with wired.db.write() as conn:
        changed = form.change(conn, wired.context, session, kept, hashed, web.client_address(), current_language(), now)
        if changed:
            authentication.start_session(conn, session.person_id, session.access_code_id, session.device, now)
    return web.see(url_for(".done") if changed else authentication.form_path(NAME))


def _too_many_requests(session: Session, wait: int) -> Response:
    return too_many_requests(wait, lambda notice: _form(session, {}, 429, notice))


@blueprint.get("/done")
def done() -> Response:
    """It worked."""
    session = authentication.require_session(NAME)
    return authentication.render_personal(
        session, NAME, "change_password/done.html", title=gettext("Your password has been changed")
    )


authentication.add_personal_routes(blueprint, title, _show, secret=True)

"""`change-password`: another password, for whoever is signed in and knows the present one.

start → done
"""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from selfservice import clock, signin, web
from selfservice.errors import too_often
from selfservice.fragments.change_password import model
from selfservice.i18n import gettext, language
from selfservice.members import model as members
from selfservice.services import services
from selfservice.visits.sessions import Session

NAME = "change-password"
blueprint = Blueprint("change_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your password")


def _show(session: Session) -> Response:
    return _form(session, {})


def _form(session: Session, errors: dict[str, str], status: int = 200, notice: str | None = None) -> Response:
    return signin.render(
        session, NAME, "change_password/form.html", title=title(), status=status, error=status >= 400,
        errors=errors, notice=notice,
    )  # fmt: skip


@blueprint.post("")
def change() -> Response:
    """Check both passwords, and change: all other sessions end, and this one goes on under a new cookie."""
    session = signin.required(NAME)
    wired, now = services(), clock.now()
    old, new = request.form.get("password", ""), request.form.get("new_password", "")
    if errors := model.check(wired.db.read(), wired.context, session, old, new, demo=wired.config.demo):
        return _form(session, errors, 422)
    with wired.db.write() as conn:
        wait = model.wait(conn, wired.context, session, now)
    if wait:
        return _later(session, wait)
    kept = members.password_hash(wired.db.read(), session.person_id)
    if kept is None or not wired.hasher.verify(kept, old):
        return _form(session, {"password": gettext("This is not the password that you log in with now.")}, 422)
    hashed, now = wired.hasher.hash(new), clock.now()
    with wired.db.write() as conn:
        changed = model.change(conn, wired.context, session, kept, hashed, web.client_address(), language(), now)
        if changed:
            signin.enter(conn, session.person_id, session.access_code_id, session.device, now)
    return web.see(url_for(".done") if changed else signin.address(NAME))


def _later(session: Session, wait: int) -> Response:
    return too_often(wait, lambda notice: _form(session, {}, 429, notice))


@blueprint.get("/done")
def done() -> Response:
    """It worked."""
    session = signin.required(NAME)
    return signin.render(session, NAME, "change_password/done.html", title=gettext("Your password has been changed"))


signin.personal(blueprint, title, _show, secret=True)

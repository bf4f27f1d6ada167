"""`replacement-password`: a mail with a link to choose a new password.

start → sent (again, or to another address) → [mail] link → new-password → done
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, url_for

from selfservice import clock, web
from selfservice.accounts import access_codes
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.replacement_password import form as rules
from selfservice.fragments.replacement_password.form import AgainForm, LinkForm, NewPasswordForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import confirmation
from selfservice.values.access_code import lookup_hashes
from selfservice.web import cookies, mailed_link, security
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "replacement-password"
# What this browser has of a link: its token's hash, and how to go on once it was used here.
OPENED = "replacement-password-link"
blueprint = Blueprint("replacement_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Request a replacement password")


def _send(conn: Connection, answers: dict[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """Queue the mail; the answer tells nobody whether code and address belong together."""
    if "access_code" in answers:
        hashes = lookup_hashes(services().keys, answers["access_code"])
    else:
        hashes = (answers["code_hash"], answers.get("old_code_hash", answers["code_hash"]))
    asked = rules.request_link(
        conn, services().context, hashes, answers["email"], web.client_address(), current_language(), now
    )
    return asked.wait, asked.saved


mailed_link.LinkRequest(NAME, title, LinkForm, AgainForm, _send).add_routes(blueprint)


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link."""
    now, conn, token_hash = clock.now(), services().db.read(), hash_token(token)
    if confirmation.load_link(conn, token_hash, now).state != "unknown":
        # Until 29 November 2026 the mails about requests led here.
        return security.forbid_transforms(web.see(f"/{current_language()}/self-service/access-code/link/{token}"))
    works = rules.token_owner(conn, token_hash, now) is not None
    opened = {"token_hash": token_hash} if works else {}
    return mailed_link.follow(OPENED, opened, url_for(".new_password"), url_for(".expired"))


def _opened(conn: Connection) -> dict[str, Any]:
    return cookies.load_form(conn, OPENED, clock.now())


def _about(opened: dict[str, Any]) -> About:
    return About(OPENED, record=opened["token_hash"])


@blueprint.get("/new-password")
def new_password() -> Response:
    """The page behind the link; or, when it no longer works, a page that says so and starts again."""
    conn = services().db.read()
    opened = _opened(conn)
    if not opened or "done" in opened:
        return web.go(url_for(".done" if opened else ".start"))
    person = rules.token_owner(conn, opened["token_hash"], clock.now())
    return expired() if person is None else _show(NewPasswordForm(about=_about(opened)), person)


def _show(form: NewPasswordForm, person: int) -> Response:
    return web.render(
        "replacement_password/new_password.html", title=gettext("Choose a new password"), form=form,
        codes=access_codes.labels(services().db.read(), person),
    )  # fmt: skip


@blueprint.get("/expired")
def expired() -> Response:
    """The link no longer works, and how to get another."""
    return web.render(
        "replacement_password/expired.html", title=gettext("This link no longer works"), status=410,
        focus=web.wants_fragment(),
    )  # fmt: skip


@blueprint.post("/new-password")
def change_password() -> Response:
    """Use the link up and set the password, together or not at all. Sent twice, it says what the first did."""
    wired, opened = services(), _opened(services().db.read())
    if not opened:
        return web.go(url_for(".start"))
    form = NewPasswordForm.sent(about=_about(opened))
    if not form.is_current():
        return mailed_link.show_other_link(form)
    if "done" in opened:
        return web.go(url_for(".done"))
    person = rules.token_owner(wired.db.read(), opened["token_hash"], clock.now())
    if person is None:
        return expired()
    form.person_id = person
    if not form.accepts():
        return _show(form, person)
    hashed, now = wired.hasher.hash(form.new_password.data), clock.now()
    with wired.db.write() as conn:
        changed = rules.change(
            conn, wired.context, opened["token_hash"], hashed, web.client_address(), current_language(), now
        )
        if changed:
            how = "code" if access_codes.active_hashes(conn, person) else "no code"
            cookies.save_form(conn, OPENED, {**opened, "done": how}, now)
        # By what was sent just before, perhaps.
        is_done = _opened(conn).get("token_hash") == opened["token_hash"] and "done" in _opened(conn)
    return web.go(url_for(".done")) if is_done else expired()


@blueprint.get("/done")
def done() -> Response:
    """It worked, and how to go on."""
    how = _opened(services().db.read()).get("done")
    if how is None:
        return web.go(url_for(".start"))
    title = gettext("Your password has been changed")
    return web.render("replacement_password/done.html", title=title, has_code=how == "code")

"""`replacement-password`: a mail with a link to choose a new password.

start → sent (again, or to another address) → [mail] link → new-password → done
"""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import access_codes, tokens
from selfservice.crypto import hash_token
from selfservice.fragments.replacement_password import form
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import confirmation
from selfservice.values.access_code import CodeHashes, lookup_hashes
from selfservice.values.email import mask_email
from selfservice.web import cookies, security
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services
from selfservice.web.start_form import StartForm

NAME = "replacement-password"
blueprint = Blueprint("replacement_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Request a replacement password")


START = StartForm(NAME, title)


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The form, empty. Baked into the help pages: no cookie, no database, no clock."""
    return START.show()


@blueprint.post("")
def request_link() -> Response:
    """Check what was typed and queue the mail; the answer tells nobody whether the two belong together."""
    typed = {name: request.form.get(name, "") for name in ("access_code", "email")}
    errors = form.check(typed)
    if (shown := START.show_again(typed, errors)) is not None:
        return shown
    wait = _send(lookup_hashes(services().keys, typed["access_code"]), typed["email"])
    return START.too_many_requests(typed, wait) if wait else web.see(url_for(".sent"))


def _send(hashes: CodeHashes, email: str) -> int:
    """Queue the mail and remember what was asked. The seconds to wait when this was tried too often, else 0."""
    now = clock.now()
    with services().db.write() as conn:
        asked = form.request_link(
            conn, services().context, hashes, email, web.client_address(), current_language(), now
        )
        if asked.wait == 0:
            cookies.save_form(conn, NAME, asked.saved, now)
    return asked.wait


def _saved() -> dict[str, str]:
    now = clock.now()
    conn = services().db.read()
    return cookies.load_form(conn, NAME, now)


@blueprint.get("/sent")
def sent() -> Response:
    """What happens next, the same whether or not a mail was sent."""
    saved = _saved()
    return _sent(saved) if "email" in saved else web.see(url_for(".start"))


def _sent(
    saved: dict[str, str], typed: str = "", errors: dict[str, str] | None = None, notice: str | None = None
) -> Response:
    status = 422 if errors else 429 if notice else 200
    return web.render(
        "replacement_password/sent.html",
        title=gettext("Look in your e-mail"),
        status=status,
        error=status >= 400,
        switch_form=f"{NAME}-correct" if typed else None,
        masked=mask_email(saved["email"]),
        before=clock.upcoming(saved.get("before", ""), clock.now()),
        again=bool(saved.get("again")),
        values={"email": typed},
        errors=errors or {},
        notice=notice,
    )


@blueprint.post("/sent")
def send_again() -> Response:
    """Send the mail again, or to a corrected address."""
    saved = _saved()
    if "email" not in saved:
        return web.see(url_for(".start"))
    typed = request.form.get("email")
    email = saved["email"] if typed is None else typed
    errors = form.email_errors(email)
    if web.switches_language():
        return _sent(saved, email, errors if request.form.get("checked") else {})
    if errors:
        return _sent(saved, email, errors)
    wait = _send((saved["code_hash"], saved.get("old_code_hash", saved["code_hash"])), email)
    if wait:
        return too_many_requests(wait, lambda notice: _sent(saved, typed or "", notice=notice))
    return web.see(url_for(".sent"))


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link. Uses nothing up, since mail scanners follow links too: it only leaves the address bar."""
    now = clock.now()
    token_hash = hash_token(token)
    if confirmation.load_link(services().db.read(), token_hash, now).state != "unknown":
        # Until 29 November 2026 the mails about requests led here.
        answer = web.see(f"/{current_language()}/self-service/access-code/link/{token}")
        answer.headers["Cache-Control"] = security.NO_TRANSFORM
        return answer
    works = form.token_owner(services().db.read(), token_hash, now) is not None
    # What opens nothing leaves nothing behind, nor an earlier link whose page would be taken for this one's.
    if works or "token_hash" in _saved():
        with services().db.write() as conn:
            if works:
                cookies.save_form(conn, NAME, {"token_hash": token_hash}, now)
            else:
                cookies.delete_form(conn, NAME, now)
    return web.see(url_for(".new_password"))


@blueprint.get("/new-password")
def new_password() -> Response:
    """The page behind the link; or, when it no longer works, a page that says so and starts again."""
    token_hash = _saved().get("token_hash", "")
    if not form.token_owner(services().db.read(), token_hash, clock.now()):
        return _expired()
    return _choose(token_hash)


def _choose(token_hash: str, errors: dict[str, str] | None = None, notice: str | None = None) -> Response:
    is_wrong = bool(errors or notice)
    return web.render(
        "replacement_password/new_password.html",
        title=gettext("Choose a new password"),
        status=422 if is_wrong else 200,
        error=is_wrong,
        errors=errors or {},
        notice=notice,
        link=tokens.link_fingerprint(services().keys, token_hash),
    )


def _expired() -> Response:
    return web.render("replacement_password/expired.html", title=gettext("This link no longer works"), status=410)


@blueprint.post("/new-password")
def change_password() -> Response:
    """Use the link up and set the password, together or not at all."""
    wired, now = services(), clock.now()
    token_hash = _saved().get("token_hash", "")
    password = request.form.get("new_password", "")
    person = form.token_owner(wired.db.read(), token_hash, now)
    if not person:
        return _expired()
    if request.form.get("link") != tokens.link_fingerprint(wired.keys, token_hash):
        return _choose(token_hash, notice=gettext("You opened another link meanwhile. Nothing was done yet."))
    if errors := form.password_errors(wired.db.read(), wired.context, person, password, demo=wired.config.demo):
        return _choose(token_hash, errors)
    hashed = wired.hasher.hash(password)
    with wired.db.write() as conn:
        changed = form.change(
            conn, wired.context, token_hash, hashed, web.client_address(), current_language(), clock.now()
        )
        if changed and access_codes.active_hashes(conn, person):
            cookies.delete_form(conn, NAME, now)
        elif changed:
            # For the page that comes next.
            cookies.save_form(conn, NAME, {"without_code": "yes"}, now)
    return web.see(url_for(".done")) if changed else _expired()


@blueprint.get("/done")
def done() -> Response:
    """It worked, and how to go on."""
    title = gettext("Your password has been changed")
    return web.render("replacement_password/done.html", title=title, has_code="without_code" not in _saved())

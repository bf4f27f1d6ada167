"""`sign-in`: access code or e-mail address, and password; signing out; staying signed in.

start → [the form in whose place it stands, wherever `next` says, or my]          out → out
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from selfservice import clock, web
from selfservice.accounts import login_throttle, sessions
from selfservice.accounts.devices import describe
from selfservice.accounts.passwords import HasherBusyError
from selfservice.accounts.sessions import Session
from selfservice.fragments.sign_in import form as rules
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication, cookies, downloads
from selfservice.web.services import services
from selfservice.web.sign_in_form import SignInForm

NAME = authentication.SIGN_IN
# So much of an access code is shown.
HINT_LENGTH = 3
blueprint = Blueprint("sign_in", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Log in")


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The form, empty; or who is signed in already. Without a cookie it touches nothing, since it is baked."""
    session = authentication.current_session()
    return authentication.render_sign_in(NAME, then=_next(request.args)) if session is None else _already(session)


@blueprint.get("/mine")
def mine() -> Response:
    """For a page that is opened: who is signed in already, or nothing."""
    if not web.wants_fragment():
        return web.see(authentication.form_path(NAME))
    session = authentication.current_session()
    return Response(status=204, mimetype="text/plain") if session is None else _already(session)


@blueprint.get("/header")
def header() -> Response:
    """What the header of a page that is the same for all says to who sends this: the page asks for it by itself, so it
    prolongs no session. The mark in the browser, because of which the page asks, is put right with it.
    """
    if not web.wants_fragment():
        return web.see(authentication.form_path(authentication.AFTER_SIGN_IN))
    session = authentication.peek_session()
    cookies.mark(None if session is None else session.kind)
    return web.render("account.html", title=title(), lang=current_language(), beside=False)


def _already(session: Session) -> Response:
    place = authentication.form_path(authentication.AFTER_SIGN_IN)
    return authentication.render_signed_in(
        session, NAME, gettext("You are logged in"), place, gettext("Go to your personal page")
    )


def _next(values: Mapping[str, str]) -> str:
    """Where to go on: a form of ours, in the language in force; empty when nowhere else is asked for."""
    path = (web.local_path(values.get("next", "")) or "").partition("#")[0]
    # Only the app can say that a browser keeps no cookie (rendering.check_cookie).
    return web.path_in_language(current_language(), path) if "/self-service/" in path.partition("?")[0] else ""


@blueprint.post("")
def sign_in() -> Response:
    """Check name and password. The answer to a wrong one is the same whether or not the name is anybody's."""
    place, then = authentication.sent_place(), _next(request.form)
    form = SignInForm.sent(panel=place)

    def show() -> Response:
        # Only shown again: which code is right, the page behind `then` knows.
        return authentication.render_sign_in(place, form, then, hint=request.form.get("hint", "")[-HINT_LENGTH:])

    if not form.accepts():
        return show()
    name = rules.login_name(services().keys, form.access_code.data)
    with services().db.write() as conn:
        wait = login_throttle.admit(conn, services().context, name.counted_on, web.client_address(), clock.now())
    if wait:
        return form.too_many(wait, show)
    if not _try(name, form.password.data):
        form.add_error("", _wrong(name))
        return show()
    return web.go(then or authentication.form_path(authentication.AFTER_SIGN_IN if place == NAME else place))


def _wrong(name: rules.LoginName) -> str:
    if name.email:
        return gettext(
            "This e-mail address and password do not belong together. Check both, and check that caps lock is off."
        )
    return gettext("This access code and password do not belong together. Check both, and check that caps lock is off.")


def _try(name: rules.LoginName, password: str) -> bool:
    """Sign in, if the password is right. One hash is computed whoever's name it is, and outside any transaction."""
    wired = services()
    known = rules.find_credentials(wired.db.read(), name, clock.now())
    try:
        right = wired.hasher.verify(known.hash if known else None, password)
        outdated = right and known is not None and known.hash is not None and wired.hasher.is_outdated(known.hash)
        rehashed = wired.hasher.hash(password) if outdated else None
    except HasherBusyError:
        with wired.db.write() as conn:
            login_throttle.cancel(conn, wired.context, name.counted_on)
        raise
    now, address = clock.now(), web.client_address()
    with wired.db.write() as conn:
        accepted = known if right else None
        if accepted is None or not rules.record_success(conn, wired.context, name, accepted, rehashed, address, now):
            rules.record_failure(conn, wired.context, name, address, now)
            return False
        authentication.start_session(
            conn, accepted.person_id, accepted.access_code_id, accepted.kind, describe(request.user_agent.string), now
        )
    return True


@blueprint.post("/stay")
def stay() -> Response:
    """Begin the idle time anew, without leaving the page."""
    session, place = authentication.current_session(), authentication.sent_place()
    if session is not None:
        session = authentication.extend_session(session)
    if not web.wants_fragment():
        return web.see(authentication.form_path(place))
    return web.render(
        "sign_in/bar.html",
        title=title(),
        header=session is None,
        panel=place,
        **authentication.session_variables(session, place),
    )


@blueprint.post("/out")
def sign_out() -> Response:
    """End the session, and the anonymous one with all that was typed in it: a copied cookie is dead from now on.

    Goes on to `next`, for who logs in with something else there.
    """
    session, now = authentication.current_session(), clock.now()
    with services().db.write() as conn:
        if session is not None:
            sessions.end_by_cookie(conn, cookies.value() or "", now)
            rules.record_sign_out(conn, services().context, session.person_id, web.client_address(), now)
            downloads.delete_session_files(conn, session.id)
        cookies.delete(conn, now)
    response = web.go(_next(request.form) or authentication.form_path(f"{NAME}/out"))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/out")
def out() -> Response:
    """You are signed out."""
    return web.render("sign_in/out.html", title=gettext("You are logged out"))

"""Who is signed in on this request, and what a personal form shows to whom (the Flask side of visits.sessions)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request

from selfservice import clock, db
from selfservice.accounts import sessions
from selfservice.accounts.sessions import Session, start
from selfservice.facts.rights import Rights
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_time
from selfservice.i18n.languages import LANGUAGES, TIMEZONE, current_language, other_language
from selfservice.web import cookies, rendering
from selfservice.web.services import services

NAME = "sign-in"
HOME = "my"
# In an address: what was sent there came after the session had ended, and was not done.
UNSENT = "unsent"
# So long before the end the warning comes (WCAG 2.2, 2.2.1 asks for 20 seconds at least).
WARN_SECONDS = 120
_PERSONAL: dict[str, Callable[[], str]] = {}
# Style sheets of their own: a form's place has it from the start, so that what comes there later is styled at once.
_STYLES: dict[str, str] = {}
# Forms of which nothing is kept when a session ends, since passwords are typed there.
_SECRET: set[str] = set()
_READ_ONLY: set[str] = set()
# Of what was typed in a session that has ended so many characters a field are kept: more fits no field of ours.
LONGEST = 300
_FORM = re.compile(f"/(?:{'|'.join(LANGUAGES)})/self-service/([a-z-]+)(?:/[a-z-]+)?")

Show = Callable[[Session], Response]


def signed_in() -> Session | None:
    """The session of whoever sends this request, if any; asked of the database once a request.

    Writes at most once a minute, to begin the idle time anew. Without a cookie nothing is read either.
    """
    if "session" not in g:
        g.session = _find()
    found: Session | None = g.session
    return found


def looking_on() -> Session | None:
    """As `signed_in`, for what a page asks for by itself: that does not begin the idle time anew."""
    if "session" not in g:
        cookie = cookies.value()
        g.session = sessions.find(services().db.read(), cookie, clock.now()) if cookie else None
    found: Session | None = g.session
    return found


def _find() -> Session | None:
    cookie = cookies.value()
    if not cookie:
        return None
    database, now = services().db, clock.now()
    session = sessions.find(database.read(), cookie, now)
    return prolong(session) if session is not None and sessions.needs_touch(session, now) else session


def prolong(session: Session) -> Session:
    """The session with its idle time begun anew."""
    now = clock.now()
    with services().db.write() as conn:
        sessions.touch(conn, session, now)
    return replace(session, used_at=now)


def enter(conn: db.Connection, person_id: int, access_code_id: int, device: str, now: datetime) -> None:
    """Begin a session under a new cookie, inside the caller's `write()`; the one under the old cookie ends.

    The anonymous session stays with what was typed in it, unless somebody else was signed in on this browser before.
    """
    cookie = cookies.value()
    before = sessions.owner(conn, cookie) if cookie else None
    if cookie and before is not None:
        sessions.end_by_cookie(conn, cookie, now)
    fresh = cookies.renew(conn, now, keep=before in (None, person_id))
    start(conn, person_id, access_code_id, fresh, now, device)
    g.pop("session", None)


def rights() -> Rights:
    """What can be done with an access code (content/rights.toml)."""
    found: Rights = current_app.extensions["rights"]
    return found


def address(name: str) -> str:
    """The address of a form in the language in force."""
    return f"/{current_language()}/self-service/{name}"


def personal(
    blueprint: Blueprint,
    title: Callable[[], str],
    show: Show,
    *,
    style: str = "",
    secret: bool = False,
    read_only: bool = False,
) -> None:
    """Give a personal form its two GET addresses; `style` names a style sheet of its own among the site's, `secret`
    says that nothing that is typed there is kept, `read_only` that there is only something to read: that leaves the
    screen when the session ends.

    Its own address answers `show` to whoever is signed in and may use it, and to others the sign-in form in its
    place, which leads back here; without a cookie that touches nothing, so it can be baked into pages. `mine` is
    what such a page asks for when it is opened: the signed-in state, or 204 and the page stays as it is.
    """
    name = blueprint.name.replace("_", "-")
    _PERSONAL[name] = title
    _STYLES[name] = style
    if secret:
        _SECRET.add(name)
    if read_only:
        _READ_ONLY.add(name)

    def start() -> Response:
        session = signed_in()
        if session is not None:
            return _admit(name, session, show)
        unsent = UNSENT in request.args
        # What the address asks for is still asked after signing in.
        return ask(name, then=request.full_path if request.query_string and not unsent else None, unsent=unsent)

    def mine() -> Response:
        if not rendering.wants_fragment():
            return rendering.see(address(name))
        session = signed_in()
        return Response(status=204, mimetype="text/plain") if session is None else _admit(name, session, show)

    blueprint.add_url_rule("", "start", start)
    blueprint.add_url_rule("/mine", "mine", mine)


def required(name: str, typed: Mapping[str, str] | None = None) -> Session:
    """The session of whoever sends this form. Without one the request ends here: what was `typed` is kept, the
    sign-in form comes in the form's place, and after that the form with it. Where nothing is typed, or it is secret,
    the sign-in form says that what was sent was not done. Ends with 403 for the wrong kind of use.
    """
    session = signed_in()
    if session is None:
        if typed:
            _keep(name, typed)
        is_lost = not typed and request.method == "POST" and cookies.value() is not None
        abort(rendering.see(address(name) + (f"?{UNSENT}=1" if is_lost else "")))
    if not rights().allows(session.kind, name):
        abort(_refuse(name, session))
    return session


def _admit(name: str, session: Session, show: Show) -> Response:
    return show(session) if rights().allows(session.kind, name) else _refuse(name, session)


def _refuse(name: str, session: Session) -> Response:
    # htmx would put a 403 above what is there; this comes in its place.
    status = 200 if rendering.wants_fragment() else 403
    return render(session, name, "sign_in/not_for_you.html", title=_PERSONAL[name](), status=status)


def ask(
    name: str,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    notice: str | None = None,
    then: str | None = None,
    unsent: bool = False,
) -> Response:
    """The sign-in form in the place of the form `name`; after signing in it goes on to `then`, or else to that form."""
    own = name == NAME
    return rendering.render(
        "sign_in/start.html",
        title=gettext("Log in") if own else _PERSONAL[name](),
        status=status,
        error=status >= 400,
        switch_form=f"{name}-form",
        # The form is sent to sign-in wherever it stands.
        switch_action=rendering.path_in(other_language(), address(NAME)),
        style=_STYLES.get(name, ""),
        panel=name,
        then=then or ("" if own else address(name)),
        values=values or {},
        errors=errors or {},
        notice=notice,
        kept=_is_kept(name),
        unsent=unsent,
        header=_has_ended(),
    )


def panel_of(then: str) -> str:
    """Which form's place a sign-in form with this `next` stands in: that form's, or sign-in's own."""
    match = _FORM.fullmatch(then.partition("?")[0])
    return match[1] if match and match[1] in _PERSONAL else NAME


def render(session: Session, name: str, template: str, *, title: str, **variables: Any) -> Response:
    """A state of a personal form for whoever is signed in, with the line that says so and until when."""
    shown = rendering.wants_fragment() and not str(request.endpoint).endswith(".mine")
    variables |= {"panel": name, "focus": shown and not variables.get("errors"), **bar(session, name)}
    return rendering.render(template, title=title, header=True, **variables)


def bar(session: Session | None, name: str) -> dict[str, Any]:
    """What the line about the session shows in this form: who, until when (in Amsterdam), the seconds left, whether it
    can be prolonged, whether what is typed there is kept, and whether there is only something to read.
    """
    shown: dict[str, Any] = {"warn": WARN_SECONDS, "secret": name in _SECRET, "read_only": name in _READ_ONLY}
    if session is None:
        return {"session": None, "seconds": 0, "until": "", "can_stay": False, **shown}
    left = (session.ends_at - clock.now()).total_seconds()
    return {
        "session": session,
        "seconds": max(0, int(left)),
        "until": format_time(session.ends_at.astimezone(TIMEZONE).time()),
        "can_stay": session.idle_timeout_at < session.absolute_timeout_at,
        **shown,
    }


def kept(name: str, session: Session) -> dict[str, str]:
    """What this person had typed into the form when their session ended; empty when nothing."""
    now, conn = clock.now(), services().db.read()
    saved = cookies.load_form(conn, name, now)
    return dict(saved["typed"]) if saved.get("person") == session.person_id else {}


def let_go(conn: db.Connection, name: str) -> None:
    """Forget what was kept of the form: it has been sent."""
    cookies.delete_form(conn, name, clock.now())


def _keep(name: str, typed: Mapping[str, str]) -> None:
    """Keep what was typed for the person whose session this cookie had; a stranger has nothing to be kept."""
    cookie, now = cookies.value(), clock.now()
    conn = services().db.read()
    person = sessions.owner(conn, cookie) if cookie else None
    if person is not None and cookies.anonymous_session(conn, now) is not None:
        with services().db.write() as conn:
            kept = {field: text[:LONGEST] for field, text in typed.items()}
            cookies.save_form(conn, name, {"person": person, "typed": kept}, now)


def _is_kept(name: str) -> bool:
    if not cookies.value():
        return False
    now, conn = clock.now(), services().db.read()
    return "typed" in cookies.load_form(conn, name, now)


def _has_ended() -> bool:
    """Whether somebody was signed in with this cookie: the header of their page may still say so."""
    cookie = cookies.value()
    return (
        cookie is not None and rendering.wants_fragment() and sessions.owner(services().db.read(), cookie) is not None
    )


def shown() -> Session | None:
    """Who is signed in, for the header of any page: an error page too, which a broken database must not break."""
    try:
        return signed_in()
    except db.Error:
        return None


def init_app(app: Flask, table: Rights) -> None:
    """Have every page of the app say who is signed in."""
    app.extensions["rights"] = table
    app.jinja_env.globals["signed_in"] = shown

"""Who is signed in on this request, and what a personal form shows to whom (`accounts.sessions`, in a request)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request

from selfservice import clock, db
from selfservice.accounts import sessions
from selfservice.accounts.sessions import Session, start
from selfservice.facts.rights import CODE_KINDS, KINDS, Rights, RightsError
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_time
from selfservice.i18n.languages import TIMEZONE, current_language
from selfservice.limits.rate_limit import limited_network
from selfservice.site_config import SITE
from selfservice.web import cookies, rendering
from selfservice.web.forms import About, Form
from selfservice.web.request import client_address
from selfservice.web.services import services
from selfservice.web.sign_in_form import SignInForm

# The forms of these names: where one signs in, and where that leads when no other place was asked for.
SIGN_IN = "sign-in"
AFTER_SIGN_IN = "my"
# In an address: what was sent there came after the session had ended, and was not done.
UNSENT_PARAMETER = "unsent"
# So long before the end the warning comes (WCAG 2.2, 2.2.1 asks for 20 seconds at least).
WARN_SECONDS = 120
_TITLES: dict[str, Callable[[], str]] = {}
# Style sheets of their own.
_STYLE_SHEETS: dict[str, str] = {}
# Forms of which no answer is saved when a session ends, since passwords are typed there.
_SECRET_FORMS: set[str] = set()
# Forms with only something to read, which have a page of their own: the link that stands for each on a help page.
_READ_ONLY_FORMS: dict[str, Callable[[], str]] = {}
# Of what was typed in a session that has ended so many characters a field are saved: more fits no field of ours.
MAX_SAVED_LENGTH = 300

PersonalView = Callable[[Session], Response]


def current_session() -> Session | None:
    """The session of whoever sends this request, if any; asked of the database once a request.

    Writes at most once a minute, to begin a new idle time. Without a cookie nothing is read either.
    """
    if "session" not in g:
        g.session = _find_session()
    found: Session | None = g.session
    return found


def peek_session() -> Session | None:
    """As `current_session`, without a new idle time: for requests that a page sends by itself."""
    if "session" not in g:
        cookie = cookies.value()
        g.session = sessions.find(services().db.read(), services().context, cookie, clock.now()) if cookie else None
    found: Session | None = g.session
    return found


def _find_session() -> Session | None:
    cookie = cookies.value()
    if not cookie:
        return None
    database, now = services().db, clock.now()
    session = sessions.find(database.read(), services().context, cookie, now)
    return extend_session(session) if session is not None and sessions.needs_touch(session, now) else session


def extend_session(session: Session) -> Session:
    """The session with a new idle time, which begins now."""
    now = clock.now()
    with services().db.write() as conn:
        sessions.touch(conn, services().context, session, now)
    return replace(session, used_at=now)


def start_session(
    conn: db.Connection, person_id: int, access_code_id: int | None, kind: str, device: str, now: datetime
) -> None:
    """Begin a session under a new cookie, inside the caller's `write()`; the one under the old cookie ends. Without an
    access code it is that of the person's account. `kind` is that of the session.

    The anonymous session stays with what was typed in it, unless somebody else was signed in on this browser before.
    """
    cookie = cookies.value()
    before = sessions.owner(conn, cookie) if cookie else None
    if cookie and before is not None:
        sessions.end_by_cookie(conn, cookie, now)
    fresh = cookies.renew(conn, now, keep=before is None or before[0] == person_id)
    start(conn, person_id, access_code_id, fresh, now, device, networks()[0])
    g.pop("session", None)
    cookies.mark(kind)


def networks() -> tuple[str, str]:
    """The internet connection of whoever sends this request, as sessions keep it: by the secret, and by the old one."""
    return services().keys.keyed_hashes("session-network", limited_network(client_address()))


def rights() -> Rights:
    """What can be done with each log-in (content/rights.toml)."""
    found: Rights = current_app.extensions["rights"]
    return found


def personal_forms() -> Collection[str]:
    """The names of the forms that ask to log in."""
    return _TITLES.keys()


def form_path(name: str) -> str:
    """The address of a form in the language in force."""
    return f"/{current_language()}/self-service/{name}"


def add_personal_routes(
    blueprint: Blueprint,
    title: Callable[[], str],
    show: PersonalView,
    *,
    style: str = "",
    secret: bool = False,
    read_only: Callable[[], str] | None = None,
) -> None:
    """Give a personal form its two GET addresses; `style` names a style sheet of its own among the site's, `secret`
    says that no answer is saved there, `read_only` that there is only something to read: that leaves the
    screen when the session ends, and a help page only has a link to it, with these words.

    Its own address answers `show` to whoever is signed in and may use it, and to others the sign-in form in its
    place, which leads back here; without a cookie that touches nothing, so it can be baked into pages. `mine` is
    what such a page asks for when it is opened: the signed-in state, or 204 and the page stays as it is.
    """
    name = blueprint.name.replace("_", "-")
    _TITLES[name] = title
    _STYLE_SHEETS[name] = style
    if secret:
        _SECRET_FORMS.add(name)
    if read_only:
        _READ_ONLY_FORMS[name] = read_only

    def start() -> Response:
        session = current_session()
        if session is not None:
            return _render_if_allowed(name, session, show)
        unsent = UNSENT_PARAMETER in request.args
        # What the address asks for is still asked after signing in.
        return render_sign_in(
            name, then=request.full_path if request.query_string and not unsent else "", unsent=unsent
        )

    def way(session: Session) -> Response:
        assert read_only is not None
        return render_signed_in(session, name, title(), form_path(name), read_only())

    def mine() -> Response:
        if not rendering.wants_fragment():
            return rendering.see(form_path(name))
        session = current_session()
        if session is None:
            return Response(status=204, mimetype="text/plain")
        return _render_if_allowed(name, session, way if read_only else show)

    blueprint.add_url_rule("", "start", rendering.same_for_all(start))
    blueprint.add_url_rule("/mine", "mine", mine)


def require_session(name: str, typed: Mapping[str, str] | None = None) -> Session:
    """The session of whoever sends this form. Without one the request ends here: what was `typed` is saved, the
    sign-in form comes in the form's place, and after that the form with it. Where nothing is typed, or it is secret,
    the sign-in form says that what was sent was not done. Ends with 403 for the wrong kind of use.
    """
    session = current_session()
    if session is None:
        is_saved = _save_typed(name, typed or {})
        is_lost = not is_saved and request.method == "POST"
        abort(rendering.see(form_path(name) + (f"?{UNSENT_PARAMETER}=1" if is_lost else "")))
    if session.kind not in rights().kinds_of(name):
        abort(_render_not_allowed(name, session))
    return session


def _render_if_allowed(name: str, session: Session, show: PersonalView) -> Response:
    return show(session) if session.kind in rights().kinds_of(name) else _render_not_allowed(name, session)


def _render_not_allowed(name: str, session: Session) -> Response:
    # htmx would put a 403 above what is there; this comes in its place.
    status = 200 if rendering.wants_fragment() else 403
    return render_personal(
        session,
        name,
        "sign_in/not_for_you.html",
        title=_TITLES[name](),
        status=status,
        needed=_ways(rights().kinds_of(name)),
        used=_ways([session.kind]),
        given=_where_given(rights().kinds_of(name)),
    )


def _ways(kinds: Collection[str]) -> str:
    """What one logs in with as one of these kinds, in words."""
    codes = [kind for kind in CODE_KINDS if kind in kinds]
    ways = []
    if len(codes) == len(CODE_KINDS):
        ways.append(gettext("an access code"))
    elif codes:
        business = codes == ["business"]
        ways.append(gettext("an access code of an organisation") if business else gettext("a private access code"))
    if "account" in kinds:
        ways.append(gettext("your e-mail address"))
    return gettext(" or ").join(ways)


def _where_given(kinds: Collection[str]) -> list[tuple[str, str]]:
    """The forms where who has no such log-in gets one, each with the name of its title (`web.labels`)."""
    of_kinds = ((CODE_KINDS, "access-code", "need.title"), (("account",), "account-create", "title"))
    return [
        (form, f"{form}.{label}")
        for made, form, label in of_kinds
        if form in SITE.forms and not {*made}.isdisjoint(kinds)
    ]


def render_sign_in(
    name: str, form: SignInForm | None = None, then: str = "", *, hint: str = "", unsent: bool = False
) -> Response:
    """The sign-in form in the place of the form `name`; after signing in it goes on to `then`, or else to that form.
    `hint` is the end of the access code that is asked for, when only one will do.
    """
    return rendering.render(
        "sign_in/start.html",
        title=gettext("Log in") if name == SIGN_IN else _TITLES[name](),
        form=form or SignInForm(panel=name),
        needed=_needed(name),
        opened=_opened() if name == SIGN_IN and SITE.has_accounts else [],
        ways_in=[each for each in _ways_in(name) if each in SITE.forms],
        then=then,
        hint=hint,
        kept=_has_saved_typed(name),
        unsent=unsent,
        # The header of the page that holds it may still say that somebody is signed in.
        header=unsent or _session_has_ended(),
    )


def _needed(name: str) -> str:
    """What one logs in with for this form, in words; empty where anything will do, or there is one way only."""
    kinds = rights().kinds_of(name)
    return "" if name == SIGN_IN or not SITE.has_accounts or kinds >= {*KINDS} else _ways(kinds)


def _opened() -> list[tuple[str, list[str]]]:
    """What each way to log in is for: its name, and the titles of what can be done after it alone."""
    some = [right for right in rights().listed if not rights().kinds_of(right.where) >= {*KINDS}]
    return [
        (name, [right.title(current_language()) for right in some if {*right.kinds} & {*kinds}])
        for name, kinds in ((gettext("Access code"), CODE_KINDS), (gettext("E-mail address"), ("account",)))
    ]


def _ways_in(name: str) -> list[str]:
    """The names of the forms that help who cannot log in here: with a new password, or without an account yet."""
    if not SITE.has_accounts:
        return []
    forms = ["replacement-password"] if name == SIGN_IN else []
    return forms + ["account-password", "account-create"] * (name == SIGN_IN or "account" in rights().kinds_of(name))


def render_signed_in(session: Session, name: str, title: str, path: str, link: str) -> Response:
    """Who is signed in already, where a sign-in form stood, and a link to go on."""
    return render_personal(session, name, "sign_in/already.html", title=title, path=path, link=link)


def sent_place() -> str:
    """The form in whose place the form to sign in, or to stay signed in, was sent."""
    name = request.form.get("place", "")
    return name if name in _TITLES else SIGN_IN


def about(session: Session, purpose: str, record: object = "", version: object = "") -> About:
    """What a personal form acts on: only for this person with this log-in."""
    return About(purpose, _account(session.person_id, session.access_code_id), str(record), str(version))


def _account(person_id: int, access_code_id: int | None) -> str:
    return f"{person_id}:{access_code_id or 'account'}"


def render_personal(
    session: Session, name: str, template: str, *, title: str, form: Form | None = None, **variables: Any
) -> Response:
    """A state of a personal form for whoever is signed in, with the line that says so and until when; what stands above
    it is the personal page, which it was opened from.
    """
    shown = rendering.wants_fragment() and not str(request.endpoint).endswith(".mine")
    variables |= {
        "panel": name,
        "focus": shown and (form is None or form.status == 200),
        "style": _STYLE_SHEETS.get(name, ""),
        "breadcrumbs": [(_TITLES[each](), form_path(each)) for each in (AFTER_SIGN_IN,) if each != name],
        **session_variables(session, name),
    }
    return rendering.render(template, title=title, form=form, header=True, **variables)


def session_variables(session: Session | None, name: str) -> dict[str, Any]:
    """What the line about the session shows in this form: who, until when (in Amsterdam), the seconds left, whether it
    can be prolonged, whether what is typed there is kept, and whether there is only something to read.
    """
    shown: dict[str, Any] = {
        "warn": WARN_SECONDS,
        "secret": name in _SECRET_FORMS,
        "read_only": name in _READ_ONLY_FORMS,
    }
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


def load_typed(name: str, session: Session) -> dict[str, str]:
    """The answers that were saved when this person's session with this code ended, by field name; empty when there are
    none.
    """
    now, conn = clock.now(), services().db.read()
    saved = cookies.load_form(conn, name, now)
    mine = _account(session.person_id, session.access_code_id)
    return dict(saved["typed"]) if saved.get("account") == mine else {}


def delete_typed(conn: db.Connection, name: str) -> None:
    """Delete the answers that were saved when the session ended: they have been sent."""
    cookies.delete_form(conn, name, clock.now())


def _save_typed(name: str, typed: Mapping[str, str]) -> bool:
    """Save the answers for the person whose session this cookie had, if the page that they were typed on was theirs;
    whether they were. Those of a stranger, or of who was logged in here before, are not saved.
    """
    cookie, now = cookies.value(), clock.now()
    conn = services().db.read()
    owner = sessions.owner(conn, cookie) if cookie else None
    if not typed or owner is None or cookies.anonymous_session(conn, now) is None:
        return False
    account = _account(*owner)
    if not About(name, account).is_same_person(services().keys, request.form.get("about", "")):
        return False
    with services().db.write() as conn:
        kept = {field: text[:MAX_SAVED_LENGTH] for field, text in typed.items()}
        cookies.save_form(conn, name, {"account": account, "typed": kept}, now)
    return True


def _has_saved_typed(name: str) -> bool:
    if not cookies.value():
        return False
    now, conn = clock.now(), services().db.read()
    return "typed" in cookies.load_form(conn, name, now)


def _session_has_ended() -> bool:
    """Whether somebody was signed in with this cookie."""
    cookie = cookies.value()
    return (
        cookie is not None and rendering.wants_fragment() and sessions.owner(services().db.read(), cookie) is not None
    )


def session_for_header() -> Session | None:
    """Who is signed in, for the header of any page: an error page too, which a broken database must not break."""
    try:
        return current_session()
    except db.Error:
        return None


def init_app(app: Flask, table: Rights) -> None:
    """Have every page of the app say who is signed in, and this table who may open which form.

    Raises RightsError for a personal form of the app that the table does not name, and for one that it names and that
    is off.
    """
    for right in table.all:
        if right.form and right.form.replace("-", "_") not in app.blueprints:
            raise RightsError(
                1,
                f"[{right.key}] leads to the form '{right.form}', which is off in site.toml: have both, or neither",
            )
    for name in _TITLES:
        if name.replace("-", "_") in app.blueprints and not table.kinds_of(name):
            raise RightsError(
                1,
                f"nothing says who may open the form '{name}'; add a row with where = \"{name}\" and the "
                "kinds of log-in that may",
            )
    app.extensions["rights"] = table
    app.jinja_env.globals["signed_in"] = session_for_header

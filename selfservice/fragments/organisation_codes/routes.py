"""`organisation-codes`: all access codes of an organisation, for whoever has its main code.

list → withdraw → list          list → hand-over → list (again, cancel)          [mail] link → accept → list
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts.sessions import Session
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.organisation_codes import form as buttons
from selfservice.fragments.organisation_codes.form import ActionForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES
from selfservice.orders import main_code, main_code_offer, organisation_codes, visibility
from selfservice.orders.main_code_offer import Offer
from selfservice.orders.organisation_codes import OrganisationCode
from selfservice.web import authentication, cookies, mailed_link
from selfservice.web.services import services

NAME = "organisation-codes"
# What this browser has of a link: its token's hash, and whether it was used here.
OPENED = "organisation-codes-link"
# A row's number has at most so many digits.
MAX_DIGITS = 18
blueprint = Blueprint("organisation_codes", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Access codes of your organisation")


# The list


def _show(session: Session, sent: ActionForm | None = None) -> Response:
    """The list, for whoever has the main code; for others who that is. `sent` is what could not be done."""
    conn, now = services().db.read(), clock.now()
    organisation = _organisation(session)
    if not visibility.is_main(conn, session.person_id, organisation):
        return _render(session, "other", form=sent, main=main_code.holder(conn, organisation))
    count = organisation_codes.count_codes(conn, organisation)
    pages = -(-count // organisation_codes.PAGE)
    page = min(max(_number(request.args.get("page", "")), 1), pages)
    pending = main_code_offer.pending(conn, session.access_code_id, now)
    return _render(
        session, "list", form=sent, codes=organisation_codes.list_codes(conn, organisation, page), count=count,
        pages=pages, page=page, requests=organisation_codes.count_requests(conn, organisation), pending=pending,
        pending_form=buttons.pending(session, pending), waits=pending is not None and pending.sent_at > now,
        done=request.args.get("done", "") if sent is None else "",
    )  # fmt: skip


def _organisation(session: Session) -> int:
    """The organisation of a business code, which `require_session` asked for."""
    assert session.organisation_id is not None
    return session.organisation_id


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MAX_DIGITS else 0


def _render(session: Session, template: str, *, title_: str = "", **variables: Any) -> Response:
    return authentication.render_personal(
        session, NAME, f"organisation_codes/{template}.html", title=title_ or title(), **variables
    )


def _list(done: str = "") -> Response:
    return web.go(authentication.form_path(NAME) + (f"?done={done}" if done else ""))


# One code


def _asked(conn: Connection, session: Session) -> OrganisationCode | None:
    """The colleague's code that the address or the form names; of another organisation's this tells nothing."""
    return organisation_codes.find_of_colleague(conn, session, _number(request.values.get("code", "")))


def _question(session: Session, step: str, code: OrganisationCode, form: ActionForm, pending: Offer | None) -> Response:
    titles = {"withdraw": gettext("Withdraw this access code?"), "hand-over": gettext("Hand over the main code?")}
    place = urlencode({"code": code.id})
    return _render(
        session, step.replace("-", "_"), title_=titles[step], form=form, code=code, pending=pending,
        alternates={each: f"{web.path_in_language(each, url_for(f'.{_VIEWS[step]}'))}?{place}" for each in LANGUAGES},
    )  # fmt: skip


_VIEWS = {"withdraw": "withdraw", "hand-over": "hand_over"}


def _ask(step: str) -> Response:
    """The page that asks whether it must be done; 404 for a code that is no colleague's of who has the main code."""
    session, conn = authentication.require_session(NAME), services().db.read()
    if not request.args.get("code"):
        return _list()
    code = _asked(conn, session)
    if code is None:
        return _render(session, "unknown", title_=gettext("We cannot find this access code"), status=404)
    pending = main_code_offer.pending(conn, session.access_code_id, clock.now())
    form = buttons.withdraw(session, code) if step == "withdraw" else buttons.offer(session, code, pending)
    return _question(session, step, code, form, pending)


@blueprint.get("/withdraw")
def withdraw() -> Response:
    """Whether a colleague's code must really be withdrawn, and what happens then."""
    return _ask("withdraw")


@blueprint.post("/withdraw")
def do_withdraw() -> Response:
    """Withdraw the code that the page showed."""
    session, now, wait = authentication.require_session(NAME), clock.now(), 0
    with services().db.write() as conn:
        code = _asked(conn, session)
        form = buttons.withdraw(session, code)
        if form.is_current() and code is not None:
            wait = organisation_codes.withdraw(conn, services().context, session, code, web.client_address(), now)
    if wait and code is not None:
        return form.too_many(wait, lambda: _question(session, "withdraw", code, form, None))
    return _list("withdrawn") if form.status == 200 else _show(session, form)


# The main code


@blueprint.get("/hand-over")
def hand_over() -> Response:
    """Whether the main code must really be offered to this colleague, and what happens then."""
    return _ask("hand-over")


@blueprint.post("/hand-over")
def offer() -> Response:
    """Mail the colleague whom the page showed a link to accept the main code."""
    session, now, wait = authentication.require_session(NAME), clock.now(), 0
    with services().db.write() as conn:
        code = _asked(conn, session)
        pending = main_code_offer.pending(conn, session.access_code_id, now)
        form = buttons.offer(session, code, pending)
        if form.is_current() and code is not None:
            wait = main_code_offer.send(conn, services().context, session, code, web.client_address(), now)
    if wait and code is not None:
        return form.too_many(wait, lambda: _question(session, "hand-over", code, form, pending))
    return _list() if form.status == 200 else _show(session, form)


@blueprint.post("/again")
def send_again() -> Response:
    """Send the offer that the page showed once more, with a new link."""
    session, now, wait = authentication.require_session(NAME), clock.now(), 0
    with services().db.write() as conn:
        pending = main_code_offer.pending(conn, session.access_code_id, now)
        form = buttons.pending(session, pending)
        if form.is_current() and pending is not None:
            code = organisation_codes.find_of_colleague(conn, session, pending.to_code_id)
            assert code is not None
            wait = main_code_offer.send(conn, services().context, session, code, web.client_address(), now)
    if wait:
        return form.too_many(wait, lambda: _show(session, form))
    return _list("again") if form.status == 200 else _show(session, form)


@blueprint.post("/cancel")
def cancel() -> Response:
    """Take the offer back that the page showed."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        pending = main_code_offer.pending(conn, session.access_code_id, now)
        form = buttons.pending(session, pending)
        if form.is_current() and pending is not None:
            main_code_offer.cancel(conn, services().context, session, pending, web.client_address(), now)
    return _list("cancelled") if form.status == 200 else _show(session, form)


# Accepting it


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link."""
    token_hash = hash_token(token)
    works = main_code_offer.find(services().db.read(), token_hash, clock.now()) is not None
    opened = {"token_hash": token_hash} if works else {}
    return mailed_link.follow(OPENED, opened, url_for(".accept"), url_for(".expired"))


def _opened() -> dict[str, Any]:
    return cookies.load_form(services().db.read(), OPENED, clock.now())


@blueprint.get("/accept")
def accept() -> Response:
    """What it means to accept, after logging in with the code that the link is for."""
    opened = _opened()
    if not opened or "done" in opened:
        authentication.require_session(NAME)
        return _list()
    found = main_code_offer.find(services().db.read(), opened["token_hash"], clock.now())
    if found is None:
        return expired()
    if authentication.current_session() is None:
        return authentication.render_sign_in(NAME, then=url_for(".accept"), hint=found.to_hint)
    session = authentication.require_session(NAME)
    return _show_offer(session, found, buttons.accept(session, opened["token_hash"]))


def _show_offer(session: Session, found: Offer, form: ActionForm) -> Response:
    if found.to_code_id != session.access_code_id:
        return _render(session, "other_code", title_=gettext("Log in with your other access code"), offer=found)
    return _render(session, "accept", title_=gettext("Accept the main code?"), form=form, offer=found)


@blueprint.post("/accept")
def do_accept() -> Response:
    """Give the main code to whoever is logged in. Sent twice, it says what the first did."""
    session, now, is_done = authentication.require_session(NAME), clock.now(), False
    with services().db.write() as conn:
        opened = cookies.load_form(conn, OPENED, now)
        form = buttons.accept(session, opened.get("token_hash", ""))
        is_current = form.is_current() and bool(opened)
        if is_current:
            is_done = "done" in opened or main_code_offer.accept(
                conn, services().context, session, opened["token_hash"], web.client_address(), now
            )
        if is_done:
            cookies.save_form(conn, OPENED, {**opened, "done": True}, now)
    if not is_current:
        return _show(session, form)
    return _list("accepted") if is_done else expired()


@blueprint.get("/expired")
def expired() -> Response:
    """The link no longer works, and what to do."""
    return web.render(
        "organisation_codes/expired.html", title=gettext("This link no longer works"), status=410,
        focus=web.wants_fragment(),
    )  # fmt: skip


authentication.add_personal_routes(blueprint, title, _show, read_only=lambda: gettext("Go to the access codes"))

"""`request-status`: how far a request for an access code is, and what can still be done with it.

start, or [mail] link → status (→ withdraw, address or never-came, each asked once more → status)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.db import Connection
from selfservice.fragments.request_status import form as rules
from selfservice.fragments.request_status.form import ActionForm, AddressForm, LookUpForm, NeverCameForm, WithdrawForm
from selfservice.i18n.catalogs import gettext
from selfservice.requests import progress, self_service, status_link
from selfservice.requests.progress import RequestStatus
from selfservice.web import cookies, mailed_link
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "request-status"
blueprint = Blueprint("request_status", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("See the status of your request")


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The form, empty. Baked into the help pages: no cookie, no database, no clock."""
    return _start(LookUpForm())


def _start(form: LookUpForm, status: int = 200) -> Response:
    return web.render("request_status/start.html", title=title(), form=form, status=status, is_dead=status == 410)


@blueprint.post("")
def look_up() -> Response:
    """Remember what was typed and go on; whether there is such a request is not told here."""
    form, now = LookUpForm.sent(), clock.now()
    if not form.accepts():
        return _start(form)
    with services().db.write() as conn:
        wait = progress.admit(conn, services().context, form.reference.data, web.client_address(), now)
        if not wait:
            cookies.save_form(conn, NAME, form.values, now)
    return form.too_many(wait, lambda: _start(form)) if wait else web.see(url_for(".status"))


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The link in the mails about a request: from here on it is as if it was looked up."""
    form, now = LookUpForm(), clock.now()
    found = status_link.find_request(services().db.read(), services().context, token, now)
    if found is None:
        return web.see(url_for(".expired"))
    with services().db.write() as conn:
        wait = status_link.admit(conn, services().context, web.client_address(), now)
    if wait:
        return form.too_many(wait, lambda: _start(form))
    opened = {"reference": found.reference, "email": found.email}
    return mailed_link.follow(NAME, opened, url_for(".status"), url_for(".expired"))


@blueprint.get("/expired")
def expired() -> Response:
    """The form, empty, for who followed a link that opens nothing: too old, incomplete, or never mailed."""
    return _start(LookUpForm(), 410)


def _load(conn: Connection, now: datetime) -> dict[str, Any]:
    return cookies.load_form(conn, NAME, now)


def _find(conn: Connection, saved: dict[str, Any], now: datetime) -> RequestStatus | None:
    return progress.find_status(conn, services().context, saved["reference"], saved["email"], now)


@blueprint.get("/status")
def status() -> Response:
    """How far it is; or, the same for a wrong reference and a wrong address, that there is no such request."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    return _status(_find(conn, saved, now), saved.get("did", "")) if saved else web.go(url_for(".start"))


def _status(current: RequestStatus | None, did: str = "", form: ActionForm | None = None) -> Response:
    """How it stands: after looking it up, after something was done (`did`), or instead of what `form` could not do."""
    if current is None:
        return web.render("request_status/unknown.html", title=gettext("We cannot find this request"))
    return web.render(
        "request_status/status.html",
        title=rules.headline(current),
        form=form,
        switches=False,
        focus=form is None and web.wants_fragment(),
        status_=current,
        course=rules.course(current),
        why=rules.rejection_text(current),
        wait=rules.usual_wait(current),
        did=did,
        link_until=(until := rules.link_expires_at(current, services().context.fact("access_code.link_hours"))),
        lapsed=clock.now() >= until,
    )


def _about(form: type[ActionForm], current: RequestStatus | None) -> About:
    if current is None:
        return About(f"{NAME}/{form.step}")
    # Who knows a request's reference is its owner here: what was typed for one is not shown with another.
    return About(f"{NAME}/{form.step}", current.reference, current.reference, current.version)


def _ask(form: type[ActionForm]) -> Response:
    """The page that asks whether it must be done; or how the request stands, when it cannot be done."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if not saved:
        return web.go(url_for(".start"))
    current = _find(conn, saved, now)
    if current is None or form.action_name not in current.allowed_actions:
        return web.go(url_for(".status"))
    return _show_question(form(about=_about(form, current)), current)


def _show_question(form: ActionForm, current: RequestStatus | None) -> Response:
    is_possible = current is not None and form.action_name in current.allowed_actions
    # Of what could not be done the answer is how it stands, unless something was typed that is still wanted.
    if not is_possible or (form.status == 409 and not form.is_filled):
        return _status(current, form=form)
    template = f"request_status/{form.step.replace('-', '_')}.html"
    return web.render(template, title=str(form.question), form=form, status_=current)


def _perform(form_class: type[ActionForm], act: Callable[..., object]) -> Response:
    """Do it with the request that the page was about, if that is how it still stands, and show how it stands then.

    Sent twice, as by a double click without scripts, it says what the first did.
    """
    now, wait = clock.now(), 0
    with services().db.write() as conn:
        saved = _load(conn, now)
        if not saved:
            return web.go(url_for(".start"))
        current = _find(conn, saved, now)
        form = form_class.sent(about=_about(form_class, current))
        sent = [form.step, request.form.get("about", ""), *form.values.values()]
        is_done = saved.get("sent") == sent and not web.switches_language()
        if not is_done and form.accepts():
            address = web.client_address()
            wait = progress.admit(conn, services().context, saved["reference"], address, now)
            if not wait:
                typed = {"corrected": form.address} if isinstance(form, AddressForm) else {}
                act(conn, services().context, saved["reference"], saved["email"], address=address, now=now, **typed)
                cookies.save_form(conn, NAME, {**saved, "did": form.step, "sent": sent}, now)
                is_done = True
    if wait:
        return form.too_many(wait, lambda: _show_question(form, current))
    return web.go(url_for(".status")) if is_done else _show_question(form, current)


@blueprint.get("/withdraw")
def withdraw() -> Response:
    """Whether it is really to be withdrawn."""
    return _ask(WithdrawForm)


@blueprint.post("/withdraw")
def do_withdraw() -> Response:
    """Withdraw it."""
    return _perform(WithdrawForm, self_service.withdraw)


@blueprint.get("/never-came")
def never_came() -> Response:
    """What happens when it never came, before it happens."""
    return _ask(NeverCameForm)


@blueprint.post("/never-came")
def do_never_came() -> Response:
    """Revoke the code that never came, and have a new one made."""
    return _perform(NeverCameForm, self_service.report_not_received)


@blueprint.get("/address")
def correct() -> Response:
    """The address to send the letter to, empty: what was wrong is not typed over."""
    return _ask(AddressForm)


@blueprint.post("/address")
def do_correct() -> Response:
    """Send the letter to another address, once staff have looked at it again."""
    return _perform(AddressForm, self_service.correct_address)

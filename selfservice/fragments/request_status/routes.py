"""`request-status`: how far a request for an access code is, and what can still be done with it.

start → status (→ withdraw, address or never-came, each asked once more → status)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.db import Connection
from selfservice.fragments.request_status import form
from selfservice.i18n.catalogs import gettext
from selfservice.requests import progress, self_service
from selfservice.requests.progress import RequestStatus
from selfservice.web import cookies
from selfservice.web.error_pages import error_response as error_answer
from selfservice.web.services import services
from selfservice.web.start_form import StartForm

NAME = "request-status"
blueprint = Blueprint("request_status", __name__)
# What cannot be done a second time because it was done a first time.
ONLY_ONCE = ("withdraw", "never-came")
Action = Callable[[Connection, str, str, datetime], str]


def title() -> str:
    """The name of the form."""
    return gettext("See how far your request is")


START = StartForm(NAME, title)


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The form, empty. Baked into the help pages: no cookie, no database, no clock."""
    return START.show()


@blueprint.post("")
def look_up() -> Response:
    """Remember what was typed and go on; whether there is such a request is not told here."""
    typed = form.read_fields(form.LOOKUP_FIELDS, request.form)
    errors = form.check(typed)
    if (shown := START.show_again(typed, errors)) is not None:
        return shown
    now = clock.now()
    with services().db.write() as conn:
        wait = progress.admit(conn, services().context, typed["reference"], web.client_address(), now)
        if not wait:
            cookies.save_form(conn, NAME, typed, now)
    return START.too_many_requests(typed, wait) if wait else web.see(url_for(".status"))


def _load(conn: Connection, now: datetime) -> dict[str, str]:
    return cookies.load_form(conn, NAME, now)


def _find(conn: Connection, saved: dict[str, str], now: datetime) -> RequestStatus | None:
    return progress.find_status(conn, services().context, saved["reference"], saved["email"], now)


@blueprint.get("/status")
def status() -> Response:
    """How far it is; or, the same for a wrong reference and a wrong address, that there is no such request."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    return _status(saved, _find(conn, saved, now), now) if "reference" in saved else web.see(url_for(".start"))


def _status(saved: dict[str, str], current: RequestStatus | None, now: datetime) -> Response:
    if current is None:
        return web.render("request_status/unknown.html", title=gettext("We do not find this request"))
    return web.render(
        "request_status/status.html",
        title=form.headline(current),
        status_=current,
        steps=form.timeline(current),
        why=form.rejection_text(current),
        wait=form.duration_text(current.median_wait) if current.median_wait else "",
        did=saved.get("did", ""),
        link_until=(until := form.link_expires_at(current, services().context.fact("access_code.link_hours"))),
        lapsed=now >= until,
    )


def _open_request(what: str) -> tuple[dict[str, str], RequestStatus] | Response:
    """The request that this browser looks at, when this may be done with it; else where to go instead."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "reference" not in saved:
        return web.see(url_for(".start"))
    current = _find(conn, saved, now)
    return (saved, current) if current is not None and what in current.allowed_actions else web.see(url_for(".status"))


def _show_question(template: str, page: str, current: RequestStatus, **variables: Any) -> Response:
    return web.render(f"request_status/{template}.html", title=page, status_=current, **variables)


def _perform(what: str, act: Action) -> Response:
    """Do it with the request that this browser looks at, and show how it stands then, and whether it was done.

    Sent twice, as by a double click without scripts, it says what the first did.
    """
    now = clock.now()
    with services().db.write() as conn:
        saved = _load(conn, now)
        if "reference" not in saved:
            return web.see(url_for(".start"))
        wait = progress.admit(conn, services().context, saved["reference"], web.client_address(), now)
        if not wait:
            done = act(conn, saved["reference"], saved["email"], now)
            again = what in ONLY_ONCE and saved.get("did") == what
            did = what if done == "ok" or again else "too-late"
            cookies.save_form(conn, NAME, saved | {"did": did}, now)
    return error_answer(429, retry_after=wait) if wait else web.see(url_for(".status"))


@blueprint.get("/withdraw")
def withdraw() -> Response:
    """Whether it is really to be withdrawn."""
    opened = _open_request("withdraw")
    if isinstance(opened, Response):
        return opened
    return _show_question("withdraw", gettext("Withdraw your request?"), opened[1])


@blueprint.post("/withdraw")
def do_withdraw() -> Response:
    """Withdraw it."""
    address = web.client_address()
    return _perform(
        "withdraw",
        lambda conn, ref, email, now: self_service.withdraw(conn, services().context, ref, email, address, now),
    )


@blueprint.get("/never-came")
def never_came() -> Response:
    """What happens when it never came, before it happens."""
    opened = _open_request("never_came")
    if isinstance(opened, Response):
        return opened
    return _show_question("never_came", gettext("Did your code never come?"), opened[1])


@blueprint.post("/never-came")
def do_never_came() -> Response:
    """Revoke the code that never came, and have a new one made."""
    address = web.client_address()
    return _perform(
        "never-came",
        lambda conn, ref, email, now: self_service.report_not_received(
            conn, services().context, ref, email, address, now
        ),
    )


@blueprint.get("/address")
def correct() -> Response:
    """The address to send the letter to, empty: what was wrong is not typed over."""
    return _show_address({}, {})


def _show_address(values: dict[str, str], errors: dict[str, str]) -> Response:
    opened = _open_request("correct_address")
    if isinstance(opened, Response):
        return opened
    return _show_question(
        "address",
        gettext("Correct the address"),
        opened[1],
        status=422 if errors else 200,
        error=bool(errors),
        switch_form=f"{NAME}-form",
        values=values,
        errors=errors,
    )


@blueprint.post("/address")
def do_correct() -> Response:
    """Send the letter to another address, once staff have looked at it again."""
    typed = form.read_fields(form.ADDRESS_FIELDS, request.form)
    errors = form.check_address(typed)
    if web.switches_language():
        return _show_address(typed, errors if request.form.get("checked") else {})
    if errors:
        return _show_address(typed, errors)
    corrected, address = form.to_address(typed), web.client_address()
    return _perform(
        "address",
        lambda conn, ref, email, now: self_service.correct_address(
            conn, services().context, ref, email, corrected, address, now
        ),
    )

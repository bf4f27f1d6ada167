"""`lost-access-code`: a new access code in the place of one that was lost.

start → sent (again, or with other details) → [mail] link → confirm → done
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import tokens
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.lost_access_code import form
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import fulfilment, records, replacement
from selfservice.values.email import mask_email
from selfservice.values.reference import group_reference
from selfservice.web import cookies
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services
from selfservice.web.start_form import StartForm

NAME = "lost-access-code"
blueprint = Blueprint("lost_access_code", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Replace a lost access code")


START = StartForm(NAME, title)


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The form, empty. Baked into the help pages: no cookie, no database, no clock."""
    return START.show()


@blueprint.post("")
def request_link() -> Response:
    """Check what was typed and queue the mail; the answer tells nobody whether there is such a code."""
    typed = form.read_fields(request.form)
    errors = form.check(typed)
    if (shown := START.show_again(typed, errors)) is not None:
        return shown
    wait = _send(typed)
    return START.too_many_requests(typed, wait) if wait else web.see(url_for(".sent"))


def _send(typed: dict[str, str]) -> int:
    """Queue the mail and remember what was asked. The seconds to wait when this was tried too often, else 0."""
    now, number = clock.now(), form.kvk_number(typed)
    with services().db.write() as conn:
        asked = replacement.send_replacement_link(
            conn, services().context, typed["email"], number, web.client_address(), current_language(), now
        )
        if not asked.retry_after:
            before = clock.to_text(asked.sent_before) if asked.sent_before else ""
            cookies.save_form(conn, NAME, {**typed, "before": before}, now)
    return asked.retry_after


def _load(conn: Connection, now: datetime) -> dict[str, Any]:
    return cookies.load_form(conn, NAME, now)


@blueprint.get("/sent")
def sent() -> Response:
    """What happens next, the same whether or not a mail was sent."""
    saved = _load(services().db.read(), clock.now())
    return _sent(saved) if "email" in saved else web.see(url_for(".start"))


def _sent(saved: dict[str, str], notice: str | None = None) -> Response:
    return web.render(
        "lost_access_code/sent.html",
        title=gettext("Look in your e-mail"),
        status=429 if notice else 200,
        error=bool(notice),
        masked=mask_email(saved["email"]),
        before=clock.upcoming(saved.get("before", ""), clock.now()),
        business=bool(form.kvk_number(saved)),
        notice=notice,
    )


@blueprint.post("/sent")
def send_again() -> Response:
    """Send the mail again."""
    saved = _load(services().db.read(), clock.now())
    if "email" not in saved:
        return web.see(url_for(".start"))
    wait = _send(saved)
    return too_many_requests(wait, lambda notice: _sent(saved, notice)) if wait else web.see(url_for(".sent"))


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link. Uses nothing up, since mail scanners follow links too: it only leaves the address bar."""
    now = clock.now()
    token_hash = hash_token(token)
    conn = services().db.read()
    works = replacement.find_lost_code(conn, token_hash, now) is not None
    # What opens nothing leaves nothing behind, nor an earlier link whose page would be taken for this one's.
    if works or "token_hash" in _load(conn, now):
        with services().db.write() as conn:
            if works:
                cookies.save_form(conn, NAME, {"token_hash": token_hash}, now)
            else:
                cookies.delete_form(conn, NAME, now)
    return web.see(url_for(".confirm"))


@blueprint.get("/confirm")
def confirm() -> Response:
    """What will happen, and the button that makes it happen; or that the link no longer works."""
    return _show_confirm()


def _show_confirm(notice: str | None = None) -> Response:
    conn, now = services().db.read(), clock.now()
    token_hash = _load(conn, now).get("token_hash", "")
    lost = replacement.find_lost_code(conn, token_hash, now)
    if lost is None:
        return _expired()
    return web.render(
        "lost_access_code/confirm.html",
        title=gettext("Replace your access code?"),
        status=422 if notice else 200,
        error=bool(notice),
        lost=lost,
        masked=mask_email(lost.email),
        link=tokens.link_fingerprint(services().keys, token_hash),
        notice=notice,
    )


def _expired() -> Response:
    return web.render("lost_access_code/expired.html", title=gettext("This link no longer works"), status=410)


@blueprint.post("/confirm")
def replace() -> Response:
    """Use the link up: the old code is worthless from now on, and a new one is on its way."""
    now = clock.now()
    with services().db.write() as conn:
        saved = _load(conn, now)
        if "done" in saved:
            return web.see(url_for(".done"))
        token_hash, made = saved.get("token_hash", ""), None
        if request.form.get("link") == tokens.link_fingerprint(services().keys, token_hash):
            made = replacement.replace_code(conn, services().context, token_hash, web.client_address(), now)
        if made is not None:
            cookies.save_form(conn, NAME, {"done": _done_values(made)}, now)
    # A page is made outside the transaction: it may prolong a session, which is another.
    if made is None:
        return _show_confirm(gettext("You opened another link meanwhile. Nothing was done yet."))
    return web.see(url_for(".done"))


def _done_values(made: records.Request) -> dict[str, Any]:
    """What the last page shows."""
    return {
        "reference": group_reference(made.reference),
        "delivery": made.delivery,
        "lines": list(made.letter_lines),
        "email": mask_email(made.email),
        "waits": made.delivery == "letter" and made.letter_id is None,
        "since": made.expected_from.isoformat(),
        "until": made.expected_until.isoformat(),
    }


@blueprint.get("/done")
def done() -> Response:
    """It is done, and how the new code comes."""
    conn, now = services().db.read(), clock.now()
    made = _load(conn, now).get("done")
    if made is None:
        return web.see(url_for(".start"))
    return web.render(
        "lost_access_code/done.html",
        title=gettext("Your old code no longer works"),
        made=made,
        before=fulfilment.code_sent_before(conn, made["reference"], now),
        since=date.fromisoformat(made["since"]),
        until=date.fromisoformat(made["until"]),
    )

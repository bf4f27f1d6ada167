"""`lost-access-code`: a new access code in the place of one that was lost.

start → sent (again, or with other details) → [mail] link → confirm → done
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, url_for

from selfservice import clock, web
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.lost_access_code import form as rules
from selfservice.fragments.lost_access_code.form import AgainForm, ConfirmForm, LostCodeForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import fulfilment, records, replacement
from selfservice.requests.replacement import LostCode
from selfservice.requests.status_link import status_path
from selfservice.values.address import goes_abroad
from selfservice.values.email import mask_email
from selfservice.values.reference import group_reference
from selfservice.web import cookies, mailed_link, security
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "lost-access-code"
# What this browser has of a link: its token's hash, and what came of it once it was used here.
OPENED = "lost-access-code-link"
blueprint = Blueprint("lost_access_code", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Replace a lost access code")


def _send(conn: Connection, answers: dict[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """Queue the mail; the answer tells nobody whether there is such a code."""
    number = rules.kvk_number(answers.get("kvk_number", ""))
    asked = replacement.send_replacement_link(
        conn, services().context, answers["email"], number, web.client_address(), current_language(), now
    )
    before = clock.to_text(asked.sent_before) if asked.sent_before else ""
    return asked.retry_after, {**answers, "before": before, "business": bool(number)}


mailed_link.LinkRequest(NAME, title, LostCodeForm, AgainForm, _send).add_routes(blueprint)


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link."""
    token_hash = hash_token(token)
    works = replacement.find_lost_code(services().db.read(), token_hash, clock.now()) is not None
    return mailed_link.follow(
        OPENED, {"token_hash": token_hash} if works else {}, url_for(".confirm"), url_for(".expired")
    )


def _form(token_hash: str) -> ConfirmForm:
    return ConfirmForm(about=About(OPENED, record=token_hash))


@blueprint.get("/confirm")
def confirm() -> Response:
    """What will happen, and the button that makes it happen; or that the link no longer works."""
    conn, now = services().db.read(), clock.now()
    opened = cookies.load_form(conn, OPENED, now)
    if not opened or "done" in opened:
        return web.go(url_for(".done" if opened else ".start"))
    lost = replacement.find_lost_code(conn, opened["token_hash"], now)
    return expired() if lost is None else _show(lost, _form(opened["token_hash"]))


def _show(lost: LostCode, form: ConfirmForm) -> Response:
    return web.render(
        "lost_access_code/confirm.html", title=gettext("Replace your access code?"), form=form, lost=lost,
        masked=mask_email(lost.email),
    )  # fmt: skip


@blueprint.get("/expired")
def expired() -> Response:
    """The link no longer works, and how to get another."""
    return web.render(
        "lost_access_code/expired.html", title=gettext("This link no longer works"), status=410,
        focus=web.wants_fragment(),
    )  # fmt: skip


@blueprint.post("/confirm")
def replace() -> Response:
    """Use the link up: the old code is worthless from now on, and a new one is on its way. Sent twice, it says what the
    first did.
    """
    now = clock.now()
    with services().db.write() as conn:
        opened = cookies.load_form(conn, OPENED, now)
        form = _form(opened.get("token_hash", ""))
        is_current = form.is_current()
        if opened and is_current and "done" not in opened:
            made = replacement.replace_code(conn, services().context, opened["token_hash"], web.client_address(), now)
            if made is not None:
                opened["done"] = _done_values(made)
                cookies.save_form(conn, OPENED, opened, now)
    # A page is made outside the transaction: it may prolong a session, which is another.
    if opened and not is_current:
        return mailed_link.show_other_link(form)
    if opened and "done" not in opened:
        return expired()
    return web.go(url_for(".done" if opened else ".start"))


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
    made = cookies.load_form(conn, OPENED, now).get("done")
    if made is None:
        return web.go(url_for(".start"))
    answer = web.render(
        "lost_access_code/done.html",
        title=gettext("Your access code has been replaced"),
        made=made,
        before=fulfilment.code_sent_before(conn, made["reference"], now),
        since=date.fromisoformat(made["since"]),
        until=date.fromisoformat(made["until"]),
        abroad=goes_abroad(made["lines"]),
        status_link=status_path(services().keys, made["reference"]),
    )
    return security.forbid_transforms(answer)

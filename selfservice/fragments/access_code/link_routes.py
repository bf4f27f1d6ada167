"""The link in the mail about a request: what was asked with somebody's address, and its owner's yes to it.

[mail] link → confirm (→ forgotten) → confirmed
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import login_throttle, password_policy, passwords
from selfservice.accounts.password_policy import new_password_error
from selfservice.accounts.passwords import HasherBusyError
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import confirmation, fulfilment, records
from selfservice.requests.confirmation import ConfirmationLink, PendingConfirmation
from selfservice.values.email import mask_email
from selfservice.values.reference import group_reference
from selfservice.web import cookies
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services

# Beside what is filled in for another request in this browser, which stays.
SAVED_FORM = "access-code-link"


def add_routes(blueprint: Blueprint) -> None:
    """Give the form's blueprint these addresses."""
    blueprint.add_url_rule("/link/<token>", "follow", follow)
    blueprint.add_url_rule("/confirm", "confirm", confirm)
    blueprint.add_url_rule("/confirm", "agree", agree, methods=["POST"])
    blueprint.add_url_rule("/confirm/forgotten", "forgotten", forgotten, methods=["POST"])
    blueprint.add_url_rule("/confirmed", "confirmed", confirmed)


def _load(conn: Connection, now: datetime) -> dict[str, Any]:
    """What this browser has of a link: its token's hash, and what came of it once it was used here."""
    return cookies.load_form(conn, SAVED_FORM, now)


def opened_token_hash(conn: Connection, now: datetime) -> str:
    """The hash of the token in the link that was opened in this browser last; empty when none was in a day."""
    return str(_load(conn, now).get("token_hash", ""))


def _open_link(conn: Connection, saved: dict[str, Any], now: datetime) -> ConfirmationLink:
    return confirmation.load_link(conn, saved.get("token_hash", ""), now)


def follow(token: str) -> Response:
    """The mailed link. Uses nothing up, since mail scanners follow links too: it only leaves the address bar.

    What is no link of ours leaves nothing behind, nor an earlier link whose page would be taken for this one's; one
    that opens nothing any more is remembered, to say why.
    """
    now, token_hash = clock.now(), hash_token(token)
    conn = services().db.read()
    is_ours = confirmation.load_link(conn, token_hash, now).state != "unknown"
    before = _load(conn, now).get("token_hash")
    if (is_ours or before) and before != token_hash:
        with services().db.write() as conn:
            if is_ours:
                cookies.save_form(conn, SAVED_FORM, {"token_hash": token_hash}, now)
            else:
                cookies.delete_form(conn, SAVED_FORM, now)
    return web.see(url_for(".confirm"))


def confirm() -> Response:
    """What was asked, and what will be settled; or why the link opens nothing any more."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "done" in saved:
        return web.see(url_for(".confirmed"))
    opened = _open_link(conn, saved, now)
    if opened.pending is None:
        return _show_dead_link(opened)
    before = clock.upcoming(saved.get("before", ""), now)
    return _show(opened.pending, mailed="before" in saved, before=before)


def _show(
    asked: PendingConfirmation,
    errors: dict[str, str] | None = None,
    status: int = 200,
    notice: str | None = None,
    *,
    mailed: bool = False,
    before: datetime | None = None,
) -> Response:
    return web.render(
        "access_code/confirm.html",
        title=gettext("Choose your password") if asked.only_sets_password else gettext("Confirm your request"),
        status=422 if errors else status,
        error=bool(errors) or status >= 400,
        asked=asked,
        masked=mask_email(asked.request.email),
        errors=errors or {},
        notice=notice,
        mailed=mailed,
        before=before,
    )


def _show_dead_link(opened: ConfirmationLink) -> Response:
    titles = {
        "used": gettext("This link was used already"),
        "withdrawn": gettext("This request was withdrawn"),
        "closed": gettext("This request needs no link any more"),
    }
    title = titles.get(opened.state, gettext("This link does not work"))
    return web.render("access_code/gone.html", title=title, status=410, state=opened.state)


def agree() -> Response:
    """Use the link up, for who knows the password or chooses the first. Sent twice, it says what the first did."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    asked, sent = _open_link(conn, saved, now).pending, request.form.get("request", "")
    if "done" in saved and saved["done"]["reference"] == sent:
        return web.see(url_for(".confirmed"))
    if asked is None:
        return _show_dead_link(_open_link(conn, saved, now))
    if sent != asked.request.reference:
        return _show_other_link(asked)
    return (
        _confirm_with_password(asked, saved["token_hash"])
        if asked.has_password
        else _choose_first_password(asked, saved["token_hash"])
    )


def _show_other_link(asked: PendingConfirmation) -> Response:
    """Another link was opened in this browser since: this is what it is about, and nothing was sent for it yet."""
    return _show(asked, status=422, notice=gettext("You opened another link meanwhile. Nothing was done yet."))


def _confirm_with_password(asked: PendingConfirmation, token_hash: str) -> Response:
    wired, now, typed = services(), clock.now(), request.form.get("password", "")
    person, address = asked.request.person_id, web.client_address()
    if not typed:
        return _show(asked, {"password": gettext("Fill in your password.")})
    if len(typed.encode("utf-8", "surrogatepass")) > password_policy.MAX_BYTES:
        # What no password can be is not hashed: that would cost us more than it costs who sends it.
        text = gettext("This is longer than any password can be. Fill in your password only.")
        return _show(asked, {"password": text})
    name = login_throttle.person_name(person)
    with wired.db.write() as conn:
        wait = login_throttle.admit(conn, wired.context, name, address, now)
    if wait:
        return too_many_requests(wait, lambda notice: _show(asked, None, 429, notice))
    known = passwords.find_hash(wired.db.read(), person)
    try:
        right = wired.hasher.verify(known, typed)
    except HasherBusyError:
        with wired.db.write() as conn:
            login_throttle.cancel(conn, wired.context, name)
        raise
    if not right:
        with wired.db.write() as conn:
            confirmation.record_wrong_password(conn, wired.context, asked.request, address, clock.now())
        return _show(asked, {"password": gettext("This is not your password. Nothing was confirmed yet: try again.")})
    return _confirm_request(asked, token_hash, known=known, chosen=None)


def _choose_first_password(asked: PendingConfirmation, token_hash: str) -> Response:
    wired, typed = services(), request.form.get("new_password", "")
    if problem := new_password_error(
        wired.db.read(), wired.context, asked.request.person_id, typed, demo=wired.config.demo
    ):
        return _show(asked, {"new_password": problem})
    return _confirm_request(asked, token_hash, known=None, chosen=wired.hasher.hash(typed))


def _confirm_request(asked: PendingConfirmation, token_hash: str, *, known: str | None, chosen: str | None) -> Response:
    wired, now, address = services(), clock.now(), web.client_address()
    with wired.db.write() as conn:
        if known is not None:
            login_throttle.reset(conn, wired.context, login_throttle.person_name(asked.request.person_id))
        done = _load(conn, now).get("done")
        if done is None or done["reference"] != asked.request.reference:
            done = None
            made = confirmation.confirm(
                conn, wired.context, token_hash, address, now, verified_hash=known, new_hash=chosen
            )
            if made is not None:
                done = _done_values(asked, made)
                content = {"token_hash": token_hash, "done": done}
                cookies.save_form(conn, SAVED_FORM, content, now)
    # Used in another browser meanwhile, or the password is another one: the page says how it stands.
    return web.see(url_for(".confirm" if done is None else ".confirmed"))


def _done_values(asked: PendingConfirmation, made: records.Request) -> dict[str, Any]:
    """What the last page shows."""
    collects = asked.collects_from if made.kind == "private" else None
    return {
        "reference": made.reference,
        "shown": group_reference(made.reference),
        "kind": made.kind,
        "organisation": asked.organisation,
        "email": mask_email(made.email),
        "chose": not asked.has_password,
        "collects_from": None if collects is None else collects.isoformat(),
        "iban": asked.masked_iban,
    }


def forgotten() -> Response:
    """Mail a link to choose a new password to who has no code, with which one asks for it elsewhere."""
    now = clock.now()
    with services().db.write() as conn:
        saved = _load(conn, now)
        asked = _open_link(conn, saved, now).pending
        wait, is_other = 0, asked is not None and request.form.get("request") != asked.request.reference
        if asked is not None and asked.has_password and not asked.has_code and not is_other:
            sent = confirmation.send_password_link(
                conn, services().context, asked, web.client_address(), current_language(), now
            )
            wait = sent.retry_after
            if not wait:
                before = clock.to_text(sent.sent_before) if sent.sent_before else ""
                cookies.save_form(conn, SAVED_FORM, saved | {"before": before}, now)
    if asked is not None and is_other:
        return _show_other_link(asked)
    if wait and asked is not None:
        shown = asked
        return too_many_requests(wait, lambda notice: _show(shown, None, 429, notice))
    return web.see(url_for(".confirm"))


def confirmed() -> Response:
    """It is done, and how the code comes."""
    conn, now = services().db.read(), clock.now()
    done = _load(conn, now).get("done")
    if done is None:
        return web.see(url_for(".confirm"))
    is_choice = done["kind"] == "business" and done["chose"]
    return web.render(
        "access_code/confirmed.html",
        title=gettext("Your password is saved") if is_choice else gettext("Your request is confirmed"),
        done=done,
        is_choice=is_choice,
        before=fulfilment.code_sent_before(conn, done["reference"], now) if done["kind"] == "private" else None,
        collects_from=None if done["collects_from"] is None else date.fromisoformat(done["collects_from"]),
    )

"""The link in the mail about a request: what was asked with somebody's address, and its owner's yes to it.

[mail] link → confirm (→ forgotten) → confirmed
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from selfservice import clock, web
from selfservice.accounts import login_throttle, passwords
from selfservice.accounts.passwords import HasherBusyError
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import confirmation, fulfilment, records
from selfservice.requests.confirmation import ConfirmationLink, PendingConfirmation
from selfservice.requests.status_link import status_path
from selfservice.values.email import mask_email
from selfservice.values.reference import group_reference
from selfservice.web import cookies, forms, mailed_link, security
from selfservice.web.services import services

# Beside what is filled in for another request in this browser, which stays.
SAVED_FORM = "access-code-link"


def add_routes(blueprint: Blueprint) -> None:
    """Give the form's blueprint these addresses."""
    blueprint.add_url_rule("/link/<token>", "follow", follow)
    blueprint.add_url_rule("/expired", "expired", expired)
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
    """The mailed link. One that opens nothing any more is remembered too, to say why."""
    token_hash = hash_token(token)
    is_ours = confirmation.load_link(services().db.read(), token_hash, clock.now()).state != "unknown"
    opened = {"token_hash": token_hash} if is_ours else {}
    return mailed_link.follow(SAVED_FORM, opened, url_for(".confirm"), url_for(".expired"))


class ConfirmForm(forms.Form):
    """The owner's yes, with a password; where the request was approved already, the password alone."""

    fragment = "access-code"
    step = "confirm"
    submit = lazy_gettext("Confirm my request")
    save = lazy_gettext("Save my password")
    forgotten = lazy_gettext("Send me the link")


class PasswordForm(ConfirmForm):
    """For who has a password: that."""

    password = forms.PasswordField(
        lazy_gettext("Your password"), hint=lazy_gettext("The password that you already have with us.")
    )


class FirstPasswordForm(ConfirmForm):
    """For who has none yet: their first."""

    new_password = forms.NewPasswordField(lazy_gettext("New password"))


def _form(asked: PendingConfirmation, token_hash: str, *, is_sent: bool = False) -> PasswordForm | FirstPasswordForm:
    """The form about this link, with which is agreed to how is paid; empty, or as it was sent."""
    decided = f"{asked.has_password} {asked.payment_method} {asked.collects_from is not None} {asked.replaces_mandate}"
    about = forms.About(SAVED_FORM, record=token_hash, version=decided)
    kind = PasswordForm if asked.has_password else FirstPasswordForm
    form = kind(request.form if is_sent else None, about=about)
    form.person_id = asked.request.person_id
    return form


def confirm() -> Response:
    """What was asked, and what will be settled; or why the link opens nothing any more."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "done" in saved:
        return web.go(url_for(".confirmed"))
    opened = _open_link(conn, saved, now)
    if opened.pending is None:
        return _show_dead_link(opened)
    before = clock.upcoming(saved.get("before", ""), now)
    form = _form(opened.pending, saved["token_hash"])
    return _show(opened.pending, form, mailed="before" in saved, before=before)


def _show(
    asked: PendingConfirmation,
    form: PasswordForm | FirstPasswordForm,
    *,
    mailed: bool = False,
    before: datetime | None = None,
) -> Response:
    return web.render(
        "access_code/confirm.html",
        title=gettext("Choose your password") if asked.only_sets_password else gettext("Confirm your request"),
        form=form,
        asked=asked,
        masked=mask_email(asked.request.email),
        mailed=mailed,
        before=before,
    )


def _show_dead_link(opened: ConfirmationLink) -> Response:
    titles = {
        "used": gettext("This link was used already"),
        "withdrawn": gettext("This request was withdrawn"),
        "closed": gettext("This request no longer needs a link"),
        # Of a link that this browser forgot, too: nothing is said of it.
        "unknown": gettext("Open the link once more"),
    }
    title = titles.get(opened.state, gettext("This link does not work"))
    link = status_path(services().keys, opened.reference)
    answer = web.render("access_code/gone.html", title=title, status=410, state=opened.state, status_link=link)
    return security.forbid_transforms(answer)


def expired() -> Response:
    """A link that is none of ours, or that we no longer know: said also where another was opened before."""
    return _show_dead_link(ConfirmationLink("unknown"))


def agree() -> Response:
    """Use the link up, for who knows the password or chooses the first. Sent twice, it says what the first did."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "done" in saved and saved["done"].get("about") == request.form.get("about"):
        return web.go(url_for(".confirmed"))
    opened = _open_link(conn, saved, now)
    if opened.pending is None:
        return _show_dead_link(opened)
    form = _form(opened.pending, saved["token_hash"], is_sent=True)
    if not form.accepts():
        return _show(opened.pending, form)
    if isinstance(form, PasswordForm):
        return _confirm_with_password(opened.pending, form, saved["token_hash"])
    hashed = services().hasher.hash(form.new_password.data)
    return _confirm_request(opened.pending, saved["token_hash"], known=None, chosen=hashed)


def _confirm_with_password(asked: PendingConfirmation, form: PasswordForm, token_hash: str) -> Response:
    wired, now = services(), clock.now()
    person, address = asked.request.person_id, web.client_address()
    name = login_throttle.person_name(person)
    with wired.db.write() as conn:
        wait = login_throttle.admit(conn, wired.context, name, address, now)
    if wait:
        return form.too_many(wait, lambda: _show(asked, form))
    known = passwords.find_hash(wired.db.read(), person)
    try:
        right = wired.hasher.verify(known, form.password.data)
    except HasherBusyError:
        with wired.db.write() as conn:
            login_throttle.cancel(conn, wired.context, name)
        raise
    if not right:
        with wired.db.write() as conn:
            confirmation.record_wrong_password(conn, wired.context, asked.request, address, clock.now())
        form.add_error("password", gettext("This is not your password. Nothing was confirmed yet: try again."))
        return _show(asked, form)
    return _confirm_request(asked, token_hash, known=known, chosen=None)


def _confirm_request(asked: PendingConfirmation, token_hash: str, *, known: str | None, chosen: str | None) -> Response:
    wired, now, address = services(), clock.now(), web.client_address()
    with wired.db.write() as conn:
        if known is not None:
            login_throttle.reset(conn, wired.context, login_throttle.person_name(asked.request.person_id))
        done = _load(conn, now).get("done")
        # As the page said it: with the old secret, perhaps.
        sent = request.form.get("about", "")
        if done is None or done.get("about") != sent:
            done = None
            made = confirmation.confirm(
                conn, wired.context, token_hash, address, now, verified_hash=known, new_hash=chosen
            )
            if made is not None:
                done = {"about": sent, **_done_values(asked, made)}
                content = {"token_hash": token_hash, "done": done}
                cookies.save_form(conn, SAVED_FORM, content, now)
    # Used in another browser meanwhile, or the password is another one: the page says how it stands.
    return web.go(url_for(".confirm" if done is None else ".confirmed"))


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
        form = None if asked is None else _form(asked, saved["token_hash"])
        wait, is_current = 0, form is not None and form.is_current()
        if asked is not None and is_current and asked.has_password and not asked.has_code:
            sent = confirmation.send_password_link(
                conn, services().context, asked, web.client_address(), current_language(), now
            )
            wait = sent.retry_after
            if not wait:
                before = clock.to_text(sent.sent_before) if sent.sent_before else ""
                cookies.save_form(conn, SAVED_FORM, saved | {"before": before}, now)
    if asked is None or form is None or (is_current and not wait):
        return web.see(url_for(".confirm"))
    shown = asked, form
    return form.too_many(wait, lambda: _show(*shown)) if wait else _show(*shown)


def confirmed() -> Response:
    """It is done, and how the code comes."""
    conn, now = services().db.read(), clock.now()
    done = _load(conn, now).get("done")
    if done is None:
        return web.go(url_for(".confirm"))
    is_choice = done["kind"] == "business" and done["chose"]
    answer = web.render(
        "access_code/confirmed.html",
        title=gettext("Your password is saved") if is_choice else gettext("Your request is confirmed"),
        done=done,
        is_choice=is_choice,
        before=fulfilment.code_sent_before(conn, done["reference"], now) if done["kind"] == "private" else None,
        collects_from=None if done["collects_from"] is None else date.fromisoformat(done["collects_from"]),
        status_link=status_path(services().keys, done["reference"]),
    )
    return security.forbid_transforms(answer)

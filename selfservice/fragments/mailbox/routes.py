"""`mailbox`: the mail of a demonstration, so that it needs no mail server. Only in demo mode and on this machine."""

from __future__ import annotations

import ipaddress
import re

from flask import Blueprint, Response, abort, url_for
from markupsafe import Markup

from selfservice import clock, mailer, web
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.i18n.templates import mark_codes
from selfservice.mail import outbox
from selfservice.web import forms, security
from selfservice.web.services import services

NAME = "mailbox"
blueprint = Blueprint("mailbox", __name__)
blueprint.after_request(security.forbid_transforms)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


class HurryForm(forms.Form):
    """To have what waits sent now."""

    fragment = NAME
    step = "hurry"
    submit = lazy_gettext("Send them now")


@blueprint.before_request
def refuse_others() -> None:
    """A mailbox that anyone could read would be everybody's password."""
    try:
        here = ipaddress.ip_address(web.client_address()).is_loopback
    except ValueError:
        here = False
    if not here or not services().config.demo or services().config.smtp_url:
        abort(404)


@blueprint.get("")
def start() -> Response:
    """All mails, the newest first."""
    return web.render(
        "mailbox/list.html",
        title=gettext("Mailbox of this demonstration"),
        mails=mailer.demo_mailbox(services().config).list(),
        hurry=HurryForm(),
        waiting=outbox.waiting_times(services().db.read(), clock.now()),
    )


@blueprint.post("/hurry")
def hurry() -> Response:
    """Do not wait for what would go later: for somebody who tries everything within an hour."""
    with services().db.write() as conn:
        outbox.send_waiting_now(conn, clock.now())
    return web.see(url_for(".start"))


@blueprint.get("/<mail_id>")
def show(mail_id: str) -> Response:
    """One mail, as text with its links alive."""
    try:
        mail = mailer.demo_mailbox(services().config).get(mail_id)
    except LookupError:
        abort(404)
    return web.render("mailbox/mail.html", title=mail.subject, mail=mail, text=_with_links(mail.text))


def _with_links(text: str) -> Markup:
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [mark_codes(text[end : match.start()]), Markup('<a href="{0}">{0}</a>').format(match[0])]
        end = match.end()
    return Markup("").join([*parts, mark_codes(text[end:])])

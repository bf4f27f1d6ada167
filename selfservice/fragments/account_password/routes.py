"""`account-password`: the password of an account, chosen behind a mailed link: of one that is new, or a new one.

start → sent (again, or to another address) → [mail] link → new-password → done

The mails that `account-create` sends lead to the link here too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from selfservice import clock, web
from selfservice.accounts import account_links
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.account_password.form import AgainForm, LinkForm, NewPasswordForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import mailed_link
from selfservice.web.password_link import Chooser, PasswordLink
from selfservice.web.services import services

NAME = "account-password"
blueprint = Blueprint("account_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Choose a new password for your account")


def _send(conn: Connection, answers: dict[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """Queue the mail; the answer tells nobody whether the address has an account."""
    asked = account_links.send(
        conn, services().context, "password", answers, web.client_address(), current_language(), now
    )
    before = clock.to_text(asked.sent_before) if asked.sent_before else ""
    return asked.retry_after, {**answers, "before": before}


mailed_link.LinkRequest(NAME, title, LinkForm, AgainForm, _send).add_routes(blueprint)


def _find(conn: Connection, token_hash: str, now: datetime) -> Chooser | None:
    opening = account_links.find(conn, token_hash, now)
    if opening is None:
        return None
    is_new = opening.purpose == "create"
    heading = gettext("Choose a password for your account") if is_new else title()
    return Chooser(opening.person, heading, {"person": opening.person, "purpose": opening.purpose})


def _change(conn: Connection, token_hash: str, hashed: str, now: datetime) -> str:
    opening = account_links.choose_password(conn, services().context, token_hash, hashed, web.client_address(), now)
    return opening.purpose if opening else ""


def _done_title(purpose: str) -> str:
    if purpose == "create":
        return gettext("Your account has been created")
    return gettext("Your password has been changed")


LINK = PasswordLink(NAME, NewPasswordForm, _find, _change, _done_title)
LINK.add_routes(blueprint)


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link."""
    return LINK.follow(hash_token(token))

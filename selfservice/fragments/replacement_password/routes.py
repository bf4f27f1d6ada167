"""`replacement-password`: a mail with a link to choose a new password.

start → sent (again, or to another address) → [mail] link → new-password → done
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from selfservice import clock, web
from selfservice.accounts import access_codes, people
from selfservice.crypto import hash_token
from selfservice.db import Connection
from selfservice.fragments.replacement_password import form as rules
from selfservice.fragments.replacement_password.form import AgainForm, LinkForm, NewPasswordForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.requests import confirmation
from selfservice.values.access_code import lookup_hashes
from selfservice.web import mailed_link, security
from selfservice.web.password_link import Chooser, PasswordLink
from selfservice.web.services import services

NAME = "replacement-password"
blueprint = Blueprint("replacement_password", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Request a replacement password")


def _send(conn: Connection, answers: dict[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """Queue the mail; the answer tells nobody whether code and address belong together."""
    if "access_code" in answers:
        hashes = lookup_hashes(services().keys, answers["access_code"])
    else:
        hashes = (answers["code_hash"], answers.get("old_code_hash", answers["code_hash"]))
    asked = rules.request_link(
        conn, services().context, hashes, answers["email"], web.client_address(), current_language(), now
    )
    return asked.wait, asked.saved


mailed_link.LinkRequest(NAME, title, LinkForm, AgainForm, _send).add_routes(blueprint)


def _find(conn: Connection, token_hash: str, now: datetime) -> Chooser | None:
    person = rules.token_owner(conn, token_hash, now)
    if person is None:
        return None
    shown = {"codes": access_codes.labels(conn, person)}
    return Chooser(people.get(conn, person), gettext("Choose a new password"), shown)


def _change(conn: Connection, token_hash: str, hashed: str, now: datetime) -> str:
    """Whether the person has a code to log in with, once their password was changed."""
    person = rules.token_owner(conn, token_hash, now)
    if not rules.change(conn, services().context, token_hash, hashed, web.client_address(), current_language(), now):
        return ""
    return "code" if person and access_codes.active_hashes(conn, person) else "no code"


LINK = PasswordLink(NAME, NewPasswordForm, _find, _change, lambda _: gettext("Your password has been changed"))
LINK.add_routes(blueprint)


@blueprint.get("/link/<token>")
def follow(token: str) -> Response:
    """The mailed link."""
    token_hash = hash_token(token)
    if confirmation.load_link(services().db.read(), token_hash, clock.now()).state != "unknown":
        # Until 29 November 2026 the mails about requests led here.
        return security.forbid_transforms(web.see(f"/{current_language()}/self-service/access-code/link/{token}"))
    return LINK.follow(token_hash)

"""`account-create`: a mail with a link to open an account.

start → sent (again, or to another address) → [mail] link, of `account-password`
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint

from selfservice import clock, web
from selfservice.accounts import account_links
from selfservice.db import Connection
from selfservice.fragments.account_create.form import AgainForm, CreateForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import mailed_link
from selfservice.web.services import services

NAME = "account-create"
blueprint = Blueprint("account_create", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Create an account")


def _send(conn: Connection, answers: dict[str, Any], now: datetime) -> tuple[int, dict[str, Any]]:
    """Queue the mail; the answer tells nobody whether the address has an account."""
    asked = account_links.send(
        conn, services().context, "create", answers, web.client_address(), current_language(), now
    )
    before = clock.to_text(asked.sent_before) if asked.sent_before else ""
    return asked.retry_after, {**answers, "before": before}


mailed_link.LinkRequest(NAME, title, CreateForm, AgainForm, _send).add_routes(blueprint)

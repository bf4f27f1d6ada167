"""`my`: what somebody logged in with is for, and what can be done with it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from selfservice import clock, workdays
from selfservice.accounts import sessions
from selfservice.accounts.sessions import Session
from selfservice.fragments.my.account import load_account
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication
from selfservice.web.services import services

NAME = "my"
blueprint = Blueprint("my", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Your personal page")


def _show(session: Session) -> Response:
    conn = services().db.read()
    return authentication.render_personal(
        session, NAME, "my/mine.html", title=title(), links=_links(session.kind),
        account=load_account(conn, session, workdays.today(clock.now())),
        has_other=sessions.has_other_log_in(conn, session),
    )  # fmt: skip


def _links(kind: str) -> list[dict[str, Any]]:
    """What this kind of use may do: in a form of ours, or at an address elsewhere."""
    return [
        {
            "title": right.title(current_language()),
            "path": authentication.form_path(right.form) if right.form else None,
            "elsewhere": services().facts.get(right.fact) if right.fact else None,
        }
        for right in authentication.rights().of_kind(kind)
    ]


authentication.add_personal_routes(blueprint, title, _show, read_only=lambda: gettext("Go to your personal page"))

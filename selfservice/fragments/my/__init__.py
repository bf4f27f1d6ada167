"""`my`: what an access code is for, and what can be done with it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from selfservice import clock, signin, workdays
from selfservice.fragments.my import model
from selfservice.i18n import gettext, language
from selfservice.services import services
from selfservice.visits.sessions import Session

NAME = "my"
blueprint = Blueprint("my", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("My access code")


def _show(session: Session) -> Response:
    account = model.load(services().db.read(), session, workdays.today(clock.now()))
    return signin.render(session, NAME, "my/mine.html", title=title(), account=account, links=_links(session.kind))


def _links(kind: str) -> list[dict[str, Any]]:
    """What this kind of use may do: in a form of ours, or at an address elsewhere."""
    return [
        {
            "title": right.title(language()),
            "path": signin.address(right.form) if right.form else None,
            "elsewhere": services().facts.get(right.fact) if right.fact else None,
        }
        for right in signin.rights().listed(kind)
    ]


signin.personal(blueprint, title, _show, read_only=True)

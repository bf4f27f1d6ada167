"""`what-to-try`: what a demonstration can show, with the codes for it. Only in demo mode."""

from __future__ import annotations

from flask import Blueprint, Response

from selfservice import web
from selfservice.i18n.catalogs import gettext
from selfservice.web import security
from selfservice.web.services import services

blueprint = Blueprint("what_to_try", __name__)


@blueprint.get("")
def start() -> Response:
    """The codes, and what each shows."""
    # Invented data is imported by a demonstration only.
    from selfservice.demo.tour import tour

    return security.forbid_transforms(
        web.render(
            "what_to_try/start.html",
            title=gettext("What you can try"),
            tour=tour(services().db.read()),
            has_mailbox=not services().config.smtp_url,
        )
    )

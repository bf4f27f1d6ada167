"""`account`: the settings of an account."""

from __future__ import annotations

from flask import Blueprint, Response

from selfservice.accounts.sessions import Session
from selfservice.i18n.catalogs import gettext
from selfservice.web import authentication

NAME = "account"
blueprint = Blueprint("account", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Settings of your account")


def _show(session: Session) -> Response:
    return authentication.render_personal(session, NAME, "account/settings.html", title=title())


authentication.add_personal_routes(blueprint, title, _show, read_only=lambda: gettext("Go to your settings"))

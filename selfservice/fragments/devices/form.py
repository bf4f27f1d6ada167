"""The buttons of `devices`: each ends one session, or all others."""

from __future__ import annotations

from selfservice.accounts.sessions import Session
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web import authentication, forms


class EndForm(forms.Form):
    """To end a session of whoever is logged in."""

    fragment = "devices"
    step = "end"
    submit = lazy_gettext("Log out")
    everywhere_else = lazy_gettext("Log out everywhere else")


def end(session: Session, device: str = "") -> EndForm:
    """To end the session of this public id, or without one all others."""
    return EndForm(about=authentication.about(session, "devices/end", device))

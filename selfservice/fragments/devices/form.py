"""The buttons of `devices`: each ends one session, or all others."""

from __future__ import annotations

from selfservice.accounts.sessions import Session
from selfservice.web import authentication, forms


class EndForm(forms.Form):
    """To end a session of whoever is logged in."""

    fragment = "devices"
    step = "end"


def end(session: Session, device: str = "") -> EndForm:
    """To end the session of this public id, or without one all others."""
    return EndForm(about=authentication.about(session, "devices/end", device))

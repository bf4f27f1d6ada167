"""`devices`: where a person is logged in, each with a button that ends it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, signin, web
from selfservice.events.model import record
from selfservice.i18n import gettext
from selfservice.services import services
from selfservice.visits import sessions
from selfservice.visits.sessions import Session

NAME = "devices"
blueprint = Blueprint("devices", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Where you are logged in")


def _show(session: Session) -> Response:
    devices = sessions.open_sessions(services().db.read(), session.person_id, clock.now())
    return signin.render(session, NAME, "devices/list.html", title=title(), devices=devices)


@blueprint.post("/end")
def end() -> Response:
    """End one session, or all but this one. Another person's answers the same as one that is not there."""
    session, now = signin.required(NAME), clock.now()
    one = request.form.get("device", "")
    with services().db.write() as conn:
        if one:
            count = int(sessions.end_one(conn, session.person_id, one, now))
        else:
            count = sessions.end_all(conn, session.person_id, now, but=session.id)
        who = f"person:{session.person_id}"
        record(
            conn,
            services().keys,
            now,
            "session.end",
            "ok" if count else "nothing",
            who=who,
            on_what=who,
            address=web.client_address(),
        )
    return web.see(signin.address(NAME))


signin.personal(blueprint, title, _show, read_only=True)

"""`devices`: where a person is logged in, each with a button that ends it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web
from selfservice.accounts import sessions
from selfservice.accounts.devices import name
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.fragments.devices import form
from selfservice.fragments.devices.form import EndForm
from selfservice.i18n.catalogs import gettext
from selfservice.web import authentication
from selfservice.web.services import services

NAME = "devices"
blueprint = Blueprint("devices", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Where you are logged in")


def _show(session: Session, sent: EndForm | None = None) -> Response:
    devices = sessions.open_sessions(services().db.read(), services().context, session.person_id, clock.now())
    here = authentication.networks()
    shown = [(each, name(each.device), each.network in here, form.end(session, each.public_id)) for each in devices]
    return authentication.render_personal(
        session, NAME, "devices/list.html", title=title(), form=sent or form.end(session), others=form.end(session),
        devices=shown, done=request.args.get("done", "") if sent is None else "",
    )  # fmt: skip


@blueprint.post("/end")
def end() -> Response:
    """End one session, or all but this one. Another person's answers the same as one that is not there."""
    session, now = authentication.require_session(NAME), clock.now()
    one = request.form.get("device", "")
    sent = form.end(session, one)
    if not sent.is_current():
        return _show(session, sent)
    with services().db.write() as conn:
        if one:
            count = int(sessions.end_by_public_id(conn, session.person_id, one, now))
        else:
            count = sessions.end_all_of_person(conn, session.person_id, now, except_id=session.id)
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
    done = f"?done={'one' if one else 'others'}" if count else ""
    return web.see(authentication.form_path(NAME) + done)


authentication.add_personal_routes(blueprint, title, _show, read_only=lambda: gettext("See where you are logged in"))

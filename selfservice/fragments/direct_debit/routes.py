"""`direct-debit`: pay by direct debit from the next working day on; to be undone while that has yet to come."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from selfservice import clock, web, workdays
from selfservice.accounts import payment_methods
from selfservice.accounts.sessions import Session
from selfservice.fragments.direct_debit import form
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.values.iban import group_iban
from selfservice.web import authentication
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services

NAME = "direct-debit"
blueprint = Blueprint("direct_debit", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your payment to direct debit")


def _show(session: Session) -> Response:
    return _form(session, authentication.load_typed(NAME, session), {})


def _form(
    session: Session, typed: dict[str, str], errors: dict[str, str], status: int = 200, notice: str | None = None
) -> Response:
    today = workdays.today(clock.now())
    conn = services().db.read()
    mandate = form.current_mandate(conn, session)
    paying = payment_methods.current(conn, session.person_id, session.organisation_id, today)
    possible = form.is_offered(services().context, session)
    pending = mandate is not None and mandate.effective_on > today
    return authentication.render_personal(
        session, NAME, "direct_debit/form.html", title=title(), status=422 if errors else status,
        error=bool(errors) or status >= 400, notice=notice,
        switch_form=f"{NAME}-form" if possible else None, values=typed, errors=errors, mandate=mandate, pending=pending,
        iban=group_iban(mandate.iban) if mandate else "", first_day=workdays.add(today, 1),
        possible=possible, arranged=paying.method == "direct_debit", kept=bool(typed) and not errors and not notice,
        undone="undone" in request.args and not pending and not errors,
    )  # fmt: skip


@blueprint.post("")
def agree() -> Response:
    """Check what was typed, and record the mandate."""
    typed = {name: request.form.get(name, "") for name in ("iban", "holder")}
    session = authentication.require_session(NAME, typed)
    if not form.is_offered(services().context, session):
        abort(403)
    errors = form.check(typed)
    if web.switches_language():
        return _form(session, typed, errors if request.form.get("checked") else {})
    if errors:
        return _form(session, typed, errors)
    now = clock.now()
    with services().db.write() as conn:
        wait = form.admit(conn, services().context, session, now)
        if not wait:
            form.agree(conn, services().context, session, typed, web.client_address(), current_language(), now)
            authentication.delete_typed(conn, NAME)
    if wait:
        return too_many_requests(wait, lambda notice: _form(session, typed, {}, 429, notice))
    return web.see(authentication.form_path(NAME))


@blueprint.post("/undo")
def undo() -> Response:
    """Undo it, while its day has yet to come."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        undone = form.undo(conn, services().context, session, web.client_address(), current_language(), now)
    # The form looks as before the change; the address says that this is no accident.
    return web.see(authentication.form_path(NAME) + ("?undone=1" if undone else ""))


authentication.add_personal_routes(blueprint, title, _show)

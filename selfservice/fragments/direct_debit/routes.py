"""`direct-debit`: pay by direct debit from the next working day on; to be undone while that has yet to come."""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web, workdays
from selfservice.accounts import payment_methods
from selfservice.accounts.sessions import Session
from selfservice.fragments.direct_debit import form as rules
from selfservice.fragments.direct_debit.form import DirectDebitForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.values.iban import group_iban
from selfservice.web import authentication
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "direct-debit"
blueprint = Blueprint("direct_debit", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Change your payment to direct debit")


def _about(session: Session) -> About:
    mandate = rules.current_mandate(services().db.read(), session)
    return authentication.about(session, NAME, session.organisation_id, mandate.id if mandate else "")


def _start(session: Session) -> Response:
    return _show(session, DirectDebitForm(values=authentication.load_typed(NAME, session), about=_about(session)))


def _show(session: Session, form: DirectDebitForm) -> Response:
    today = workdays.today(clock.now())
    conn = services().db.read()
    mandate = rules.current_mandate(conn, session)
    paying = payment_methods.current(conn, session.person_id, session.organisation_id, today)
    pending = mandate is not None and mandate.effective_on > today
    possible = rules.is_offered(services().context, session)
    return authentication.render_personal(
        session, NAME, "direct_debit/form.html", title=title(), form=form, switches=possible, mandate=mandate,
        pending=pending, iban=group_iban(mandate.iban) if mandate else "", first_day=workdays.add(today, 1),
        possible=possible, arranged=paying.method == "direct_debit",
        undone="undone" in request.args and not pending and form.status == 200,
    )  # fmt: skip


@blueprint.post("")
def agree() -> Response:
    """Check what was typed, and record the mandate."""
    session = authentication.require_session(NAME, DirectDebitForm.sent().values)
    form, now = DirectDebitForm.sent(about=_about(session)), clock.now()
    if form.is_current() and not rules.is_offered(services().context, session):
        # No longer, that is: the page says so, and has no form.
        form.status = 409
        return _show(session, form)
    if not form.accepts():
        return _show(session, form)
    with services().db.write() as conn:
        wait = rules.admit(conn, services().context, session, now)
        if not wait:
            rules.agree(conn, services().context, session, form.values, web.client_address(), current_language(), now)
            authentication.delete_typed(conn, NAME)
    return form.too_many(wait, lambda: _show(session, form)) if wait else web.see(authentication.form_path(NAME))


@blueprint.post("/undo")
def undo() -> Response:
    """Undo it, while its day has yet to come."""
    session, now = authentication.require_session(NAME), clock.now()
    form = DirectDebitForm(about=_about(session))
    if not form.is_current():
        return _show(session, form)
    with services().db.write() as conn:
        undone = rules.undo(conn, services().context, session, web.client_address(), current_language(), now)
    # The form looks as before the change; the address says that this is no accident.
    return web.see(authentication.form_path(NAME) + ("?undone=1" if undone else ""))


authentication.add_personal_routes(blueprint, title, _start)

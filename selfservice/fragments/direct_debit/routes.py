"""`direct-debit`: pay by direct debit from the next working day on, and end it from the next day on; each to be undone
while that has yet to come.

start (→ undo); start → end → start
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web, workdays
from selfservice.accounts import mandates, payment_methods
from selfservice.accounts.sessions import Session
from selfservice.fragments.direct_debit import form as rules
from selfservice.fragments.direct_debit.form import DirectDebitForm, EndForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.limits import table
from selfservice.values.iban import group_iban
from selfservice.web import authentication
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "direct-debit"
blueprint = Blueprint("direct_debit", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Arrange direct debit")


def _about(session: Session) -> About:
    conn = services().db.read()
    mandate, ending = rules.current_mandate(conn, session), rules.ending(conn, session, clock.now())
    version = mandate.id if mandate else f"{ending.id} ends" if ending else ""
    return authentication.about(session, NAME, session.organisation_id, version)


def _start(session: Session) -> Response:
    return _show(session, DirectDebitForm(values=authentication.load_typed(NAME, session), about=_about(session)))


def _show(session: Session, form: DirectDebitForm) -> Response:
    now = clock.now()
    today, conn = workdays.today(now), services().db.read()
    mandate, ending = rules.current_mandate(conn, session), rules.ending(conn, session, now)
    paying = payment_methods.current(conn, session.person_id, session.organisation_id, today)
    pending = mandate is not None and mandate.effective_on > today
    possible = rules.is_offered(services().context, session)
    arranged = paying.method == "direct_debit"
    return authentication.render_personal(
        session, NAME, "direct_debit/form.html",
        title=gettext("Direct debit") if mandate or arranged else title(), form=form, switches=possible,
        mandate=mandate, pending=pending, iban=group_iban(mandate.iban) if mandate else "",
        first_day=workdays.add(today, 1), possible=possible, arranged=arranged, ending=ending,
        ends_on=mandates.ends_on(now), consequences=rules.consequences(conn, services().context, session, now),
        undone="undone" in request.args and not pending and not ending and form.status == 200,
    )  # fmt: skip


@blueprint.post("")
def agree() -> Response:
    """Check what was typed, and record the mandate."""
    session = authentication.require_session(NAME, DirectDebitForm.sent().values)
    now, wait = clock.now(), None
    with services().db.write() as conn:
        form = DirectDebitForm.sent(about=_about(session))
        if form.is_current() and not rules.is_offered(services().context, session):
            # No longer, that is: the page says so, and has no form.
            form.status = 409
        elif form.accepts():
            wait = rules.admit(conn, services().context, session, now)
        if wait == 0:
            rules.agree(conn, services().context, session, form.values, web.client_address(), current_language(), now)
            authentication.delete_typed(conn, NAME)
    if wait is None:
        return _show(session, form)
    return form.too_many(wait, lambda: _show(session, form)) if wait else web.see(authentication.form_path(NAME))


@blueprint.post("/undo")
def undo() -> Response:
    """Undo the change, or that it was ended, while the day of that has yet to come."""
    session, now, undone = authentication.require_session(NAME), clock.now(), False
    with services().db.write() as conn:
        form = DirectDebitForm(about=_about(session))
        is_current = form.is_current()
        if is_current:
            undone = rules.undo(conn, services().context, session, web.client_address(), current_language(), now)
    if not is_current:
        return _show(session, form)
    # The form looks as before the change; the address says that this is no accident.
    return web.see(authentication.form_path(NAME) + ("?undone=1" if undone else ""))


def _about_end(session: Session) -> About:
    mandate = rules.in_force(services().db.read(), session, clock.now())
    return authentication.about(session, f"{NAME}/end", mandate.id if mandate else "")


@blueprint.get("/end")
def ask_end() -> Response:
    """What ending it means, and the button that ends it."""
    session = authentication.require_session(NAME)
    if rules.in_force(services().db.read(), session, clock.now()) is None:
        return web.go(authentication.form_path(NAME))
    return _show_end(session, EndForm(about=_about_end(session)))


def _show_end(session: Session, form: EndForm) -> Response:
    conn, now = services().db.read(), clock.now()
    return authentication.render_personal(
        session, NAME, "direct_debit/end.html", title=gettext("End direct debit?"), form=form,
        mandate=rules.in_force(conn, session, now), ends_on=mandates.ends_on(now),
        consequences=rules.consequences(conn, services().context, session, now),
    )  # fmt: skip


@blueprint.post("/end")
def end() -> Response:
    """End it, from tomorrow on."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        form, wait = EndForm(about=_about_end(session)), 0
        is_current = form.is_current()
        if is_current:
            wait = rules.admit(conn, services().context, session, now, table.END_DIRECT_DEBIT)
        if is_current and not wait:
            rules.end(conn, services().context, session, web.client_address(), current_language(), now)
    if not is_current:
        shown = DirectDebitForm(about=_about(session), notice=form.notice)
        shown.status = form.status
        return _show(session, shown)
    return form.too_many(wait, lambda: _show_end(session, form)) if wait else web.go(authentication.form_path(NAME))


authentication.add_personal_routes(blueprint, title, _start)

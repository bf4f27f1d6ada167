"""`digital-invoices`: an organisation's invoices by e-mail, and back to paper."""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web, workdays
from selfservice.accounts.sessions import Session
from selfservice.fragments.digital_invoices import form as rules
from selfservice.fragments.digital_invoices.form import InvoicesForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication
from selfservice.web.forms import About
from selfservice.web.services import services

NAME = "digital-invoices"
blueprint = Blueprint("digital_invoices", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Ask for digital invoices")


def _about(session: Session) -> About:
    organisation = rules.organisation_of(services().db.read(), session)
    return authentication.about(session, NAME, organisation.id, organisation.invoices_email or "")


def _start(session: Session) -> Response:
    return _show(session, InvoicesForm(values=authentication.load_typed(NAME, session), about=_about(session)))


def _show(session: Session, form: InvoicesForm) -> Response:
    return authentication.render_personal(
        session, NAME, "digital_invoices/form.html", title=title(), form=form,
        organisation=rules.organisation_of(services().db.read(), session),
        again="paper" in request.args and form.status == 200, first_day=workdays.add(workdays.today(clock.now()), 1),
    )  # fmt: skip


@blueprint.post("")
def ask() -> Response:
    """Check the address, and send invoices there from now on."""
    session = authentication.require_session(NAME, InvoicesForm.sent().values)
    form = InvoicesForm.sent(about=_about(session))
    return _choose(session, form, form.email.data) if form.accepts() else _show(session, form)


@blueprint.post("/paper")
def paper() -> Response:
    """Invoices on paper again."""
    session = authentication.require_session(NAME)
    form = InvoicesForm(about=_about(session))
    return _choose(session, form, None) if form.is_current() else _show(session, form)


def _choose(session: Session, form: InvoicesForm, email: str | None) -> Response:
    now, changed = clock.now(), False
    with services().db.write() as conn:
        wait = rules.admit(conn, services().context, session, now)
        if not wait:
            changed = rules.set_invoices_email(
                conn, services().context, session, email, web.client_address(), current_language(), now
            )
            authentication.delete_typed(conn, NAME)
    if wait:
        return form.too_many(wait, lambda: _show(session, form))
    # On paper the form looks as it did at first; the address says that something was done.
    return web.see(authentication.form_path(NAME) + ("?paper=1" if changed and email is None else ""))


authentication.add_personal_routes(blueprint, title, _start)

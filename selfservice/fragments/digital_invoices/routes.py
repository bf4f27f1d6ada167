"""`digital-invoices`: an organisation's invoices by e-mail, and back to paper."""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web, workdays
from selfservice.accounts.sessions import Session
from selfservice.fragments.digital_invoices import form
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import authentication
from selfservice.web.error_pages import too_many_requests
from selfservice.web.services import services

NAME = "digital-invoices"
blueprint = Blueprint("digital_invoices", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Ask for digital invoices")


def _show(session: Session) -> Response:
    return _form(session, authentication.load_typed(NAME, session), {})


def _form(
    session: Session, typed: dict[str, str], errors: dict[str, str], status: int = 200, notice: str | None = None
) -> Response:
    return authentication.render_personal(
        session, NAME, "digital_invoices/form.html", title=title(), status=422 if errors else status,
        error=bool(errors) or status >= 400, notice=notice,
        switch_form=f"{NAME}-form", values=typed, errors=errors, kept=bool(typed) and not errors and not notice,
        organisation=form.organisation_of(services().db.read(), session),
        again="paper" in request.args and not errors, first_day=workdays.add(workdays.today(clock.now()), 1),
    )  # fmt: skip


@blueprint.post("")
def ask() -> Response:
    """Check the address, and send invoices there from now on."""
    typed = {"email": request.form.get("email", "")}
    session = authentication.require_session(NAME, typed)
    errors = form.check(typed)
    if web.switches_language():
        return _form(session, typed, errors if request.form.get("checked") else {})
    return _form(session, typed, errors) if errors else _choose(session, typed["email"])


@blueprint.post("/paper")
def paper() -> Response:
    """Invoices on paper again."""
    return _choose(authentication.require_session(NAME), None)


def _choose(session: Session, email: str | None) -> Response:
    now, changed = clock.now(), False
    with services().db.write() as conn:
        wait = form.admit(conn, services().context, session, now)
        if not wait:
            changed = form.set_invoices_email(
                conn, services().context, session, email, web.client_address(), current_language(), now
            )
            authentication.delete_typed(conn, NAME)
    if wait:
        typed = {} if email is None else {"email": email}
        return too_many_requests(wait, lambda notice: _form(session, typed, {}, 429, notice))
    # On paper the form looks as it did at first; the address says that something was done.
    return web.see(authentication.form_path(NAME) + ("?paper=1" if changed and email is None else ""))


authentication.add_personal_routes(blueprint, title, _show)

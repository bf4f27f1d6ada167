"""`account`: the settings of an account. What is changed elsewhere, it links to.

start → name, language → start
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from selfservice import clock, web
from selfservice.accounts import access_codes, email_changes, people
from selfservice.accounts.sessions import Session
from selfservice.fragments.account import form as rules
from selfservice.fragments.account.form import LanguageForm, NameForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGE_NAMES
from selfservice.site_config import SITE
from selfservice.web import authentication
from selfservice.web.services import services

NAME = "account"
# The forms in which more of it is changed, in the order in which they are named, and what each is called here.
ELSEWHERE = {"change-password": "title", "devices": "title", "account-data": "title", "account-delete": "of_account"}
blueprint = Blueprint("account", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Settings of your account")


def _show(session: Session) -> Response:
    conn = services().db.read()
    person = people.get(conn, session.person_id)
    return authentication.render_personal(
        session, NAME, "account/settings.html", title=title(), person=person, has_languages=len(LANGUAGE_NAMES) > 1,
        mail_language=LANGUAGE_NAMES.get(person.language, LANGUAGE_NAMES[DEFAULT_LANGUAGE]),
        elsewhere=[each for each in ELSEWHERE.items() if each[0] in SITE.forms],
        kept=bool(authentication.load_typed(NAME, session)), saved=request.args.get("saved", ""),
        waiting=email_changes.pending(conn, session.person_id, clock.now()),
    )  # fmt: skip


def _name_form(session: Session, *, sent: bool) -> NameForm:
    conn = services().db.read()
    person = people.get(conn, session.person_id)
    names = {"given_name": person.given_name, "family_name": person.family_name}
    about = authentication.about(session, NAME, "name", "\n".join(names.values()))
    values = names | authentication.load_typed(NAME, session)
    form = NameForm.sent(about=about) if sent else NameForm(values=values, about=about)
    form.is_printed = bool(person.organisations)
    return form


@blueprint.get("/name")
def name() -> Response:
    """The name, to be changed."""
    session = authentication.require_session(NAME)
    return _show_name(session, _name_form(session, sent=False))


def _show_name(session: Session, form: NameForm) -> Response:
    return authentication.render_personal(
        session, NAME, "account/name.html", title=gettext("Change your name"), form=form,
        has_codes=bool(access_codes.labels(services().db.read(), session.person_id)),
        kept=form.status == 200 and bool(authentication.load_typed(NAME, session)),
    )  # fmt: skip


@blueprint.post("/name")
def save_name() -> Response:
    """Check the name, and use it from now on."""
    session = authentication.require_session(NAME, NameForm.sent().values)
    with services().db.write() as conn:
        form = _name_form(session, sent=True)
        if accepted := form.accepts():
            rules.save_name(conn, services().context, session, form, web.client_address(), clock.now())
            authentication.delete_typed(conn, NAME)
    return web.go(authentication.form_path(NAME) + "?saved=name") if accepted else _show_name(session, form)


def _language_form(session: Session, *, sent: bool) -> LanguageForm:
    now = people.get(services().db.read(), session.person_id).language
    about = authentication.about(session, NAME, "language", now)
    return LanguageForm.sent(about=about) if sent else LanguageForm(values={"language": now}, about=about)


@blueprint.get("/language")
def language() -> Response:
    """The language of our mails, to be changed."""
    session = authentication.require_session(NAME)
    return _show_language(session, _language_form(session, sent=False))


def _show_language(session: Session, form: LanguageForm) -> Response:
    return authentication.render_personal(
        session, NAME, "account/language.html", title=gettext("Change the language of our e-mails"), form=form
    )


@blueprint.post("/language")
def save_language() -> Response:
    """Write in this language from now on."""
    session = authentication.require_session(NAME)
    with services().db.write() as conn:
        form = _language_form(session, sent=True)
        if accepted := form.accepts():
            rules.save_language(conn, services().context, session, form, web.client_address(), clock.now())
    return web.go(authentication.form_path(NAME) + "?saved=language") if accepted else _show_language(session, form)


authentication.add_personal_routes(blueprint, title, _show, read_only=lambda: gettext("Go to your settings"))

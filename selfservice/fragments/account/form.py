"""The rules of the settings of an account: the name, and the language of mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from selfservice.accounts import people
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.languages import LANGUAGE_NAMES, LANGUAGES
from selfservice.letters.characters import printing_error
from selfservice.values.name import check_names
from selfservice.web import forms


class SettingsForm(forms.Form):
    """What leads to the settings, in the header of every page."""

    fragment = "account"
    settings = lazy_gettext("Settings")


class NameForm(forms.Form):
    """What we call somebody. `is_printed`: on letters too, for who has an access code of an organisation."""

    fragment = "account"
    step = "name"
    given_name = forms.GivenNameField(lazy_gettext("First name"))
    family_name = forms.FamilyNameField(lazy_gettext("Last name"))
    submit = lazy_gettext("Save my name")
    is_printed = False

    def validate_given_name(self, field: forms.TextField) -> None:
        """Letters can print it."""
        if self.is_printed and not field.errors and (problem := printing_error(field.data)):
            raise forms.ValidationError(problem)

    validate_family_name = validate_given_name


class LanguageForm(forms.Form):
    """The language in which we write to somebody."""

    fragment = "account"
    step = "language"
    language = forms.ChoiceField(
        lazy_gettext("Language of our e-mails"), required=lazy_gettext("Choose one of the answers.")
    )
    submit = lazy_gettext("Save the language")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """With the languages of the site to choose from."""
        super().__init__(*arguments, **options)
        self.language.offer([(code, LANGUAGE_NAMES[code]) for code in LANGUAGES])


def save_name(conn: Connection, ctx: Context, session: Session, form: NameForm, address: str, now: datetime) -> None:
    """Give the person this name. Call inside `write()`."""
    given, family = check_names(form.given_name.data, form.family_name.data)
    people.change_name(conn, session.person_id, given, family)
    _record(conn, ctx, session, "account.name", address, now)


def save_language(
    conn: Connection, ctx: Context, session: Session, form: LanguageForm, address: str, now: datetime
) -> None:
    """Write to the person in this language. Call inside `write()`."""
    people.change_language(conn, session.person_id, form.language.data)
    _record(conn, ctx, session, "account.language", address, now)


def _record(conn: Connection, ctx: Context, session: Session, what: str, address: str, now: datetime) -> None:
    who = f"person:{session.person_id}"
    record(conn, ctx.keys, now, what, "ok", who=who, on_what=who, address=address)

"""The form with which an account is asked for: no password, which is chosen behind the mailed link."""

from __future__ import annotations

from typing import Any

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.languages import LANGUAGE_NAMES, LANGUAGES, current_language
from selfservice.web import forms, mailed_link


class CreateForm(forms.Form):
    """For whom the account is. Whether the address has one is not looked up."""

    fragment = "account-create"
    given_name = forms.GivenNameField(lazy_gettext("First name"))
    family_name = forms.FamilyNameField(lazy_gettext("Last name"))
    email = forms.EmailField(
        lazy_gettext("E-mail address"), hint=lazy_gettext("Your own address. You log in with it later.")
    )
    language = forms.ChoiceField(
        lazy_gettext("Language of our e-mails"), required=lazy_gettext("Choose one of the answers.")
    )
    submit = lazy_gettext("Send me the link")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.language.offer([(code, LANGUAGE_NAMES[code]) for code in LANGUAGES])
        if not self.is_sent:
            self.language.data = current_language()


class AgainForm(mailed_link.AgainForm):
    """Send the mail again, or to another address."""

    fragment = "account-create"
    email = forms.EmailField(lazy_gettext("E-mail address"))
    submit = lazy_gettext("Send the e-mail to this address")

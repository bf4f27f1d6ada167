"""The form for a lost access code: what is typed right."""

from __future__ import annotations

from functools import partial
from typing import Any

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.site_config import SITE
from selfservice.values.error import FieldError
from selfservice.values.organisation_number import DIGITS, check_organisation_number, organisation_number_error
from selfservice.web import forms, mailed_link


class LostCodeForm(forms.Form):
    """Whose code it is. Whether there is such a code is not looked up."""

    fragment = "lost-access-code"
    email = forms.EmailField(
        lazy_gettext("E-mail address"), hint=lazy_gettext("The address that you gave when you requested the code.")
    )
    kvk_number = forms.OrganisationNumberField(
        check=partial(organisation_number_error, optional=True),
        hint=lazy_gettext(
            "Only if you use the code for an organisation. The number has %(digits)s digits. Leave this empty for "
            "private use.",
            digits=DIGITS,
        ),
    )
    submit = lazy_gettext("Send me the link")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if SITE.organisation_number is None:
            del self.kvk_number


class AgainForm(mailed_link.AgainForm):
    """Send the mail again."""

    fragment = "lost-access-code"


class ConfirmForm(forms.Form):
    """Replace the code of the link that was opened."""

    fragment = "lost-access-code"
    step = "confirm"
    submit = lazy_gettext("Replace my access code")


def kvk_number(typed: str) -> str | None:
    """The number that was typed, in its one form; None for the private code: nothing, or only a dash, was typed.

    Raises FieldError for what the form has a message for.
    """
    try:
        return check_organisation_number(typed)
    except FieldError as error:
        if error.reason != "empty":
            raise
    return None

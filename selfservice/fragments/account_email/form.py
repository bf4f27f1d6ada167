"""The forms of another e-mail address for an account: what is typed right."""

from __future__ import annotations

from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.values.email import email_key
from selfservice.web import forms
from selfservice.web.reauthentication import PasswordForm, password_field


class EmailForm(PasswordForm):
    """Which address somebody wants, and the password of their account."""

    fragment = "account-email"
    email = forms.EmailField(lazy_gettext("New e-mail address"))
    password = password_field()
    submit = lazy_gettext("Change my e-mail address")
    again = lazy_gettext("Send the link again")
    cancel = lazy_gettext("Cancel this change")
    # The address that the account has.
    present = ""

    def validate_email(self, field: forms.EmailField) -> None:
        """It is another address, not this one in other capitals."""
        if not field.errors and email_key(field.data) == email_key(self.present):
            raise forms.ValidationError(gettext("This is already the e-mail address of your account."))


class ConfirmForm(forms.Form):
    """Agree to it, for who holds the link that was mailed to the new address."""

    fragment = "account-email"
    step = "confirm"
    submit = lazy_gettext("Use this address")


class UndoForm(forms.Form):
    """Undo it, for who holds the link that was mailed to the old address."""

    fragment = "account-email"
    step = "undo"
    submit = lazy_gettext("Undo it and protect my account")

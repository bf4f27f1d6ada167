"""The forms for the password of an account: the link with which it is chosen, and choosing it."""

from __future__ import annotations

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web import forms, mailed_link


class LinkForm(forms.Form):
    """Who asks for a link. An address without an account is no mistake here."""

    fragment = "account-password"
    email = forms.EmailField(lazy_gettext("E-mail address"), hint=lazy_gettext("The address that you log in with."))
    submit = lazy_gettext("Send me the link")


class AgainForm(mailed_link.AgainForm):
    """Send the mail again, or to another address."""

    fragment = "account-password"
    email = forms.EmailField(lazy_gettext("E-mail address"))
    submit = lazy_gettext("Send the e-mail to this address")


class NewPasswordForm(forms.Form):
    """The password that is chosen behind a link."""

    fragment = "account-password"
    step = "new-password"
    new_password = forms.NewPasswordField(lazy_gettext("New password"))
    submit = lazy_gettext("Save my password")

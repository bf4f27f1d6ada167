"""The form to log in, at its own address or in the place of any personal form."""

from __future__ import annotations

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web import forms


class SignInForm(forms.Form):
    """Access code and password. `panel` is the form in whose place it stands; where to go on is no field of it."""

    fragment = "sign-in"
    access_code = forms.AccessCodeField(lazy_gettext("Access code"), attributes={"autocomplete": "username"})
    password = forms.PasswordField(lazy_gettext("Password"))
    submit = lazy_gettext("Log in")
    # These stand on all pages of who is logged in.
    log_out = lazy_gettext("Log out")
    stay = lazy_gettext("Stay logged in")

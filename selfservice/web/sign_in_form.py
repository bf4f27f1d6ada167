"""The form to log in, at its own address or in the place of any personal form."""

from __future__ import annotations

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.site_config import SITE
from selfservice.web import forms


class SignInForm(forms.Form):
    """Access code, or where there are accounts an e-mail address, and password. `panel` is the form in whose place it
    stands; where to go on is no field of it.
    """

    fragment = "sign-in"
    # The name that it had before there were accounts: pages that were opened, or built, before then are sent too.
    access_code = (
        forms.LoginNameField(lazy_gettext("Access code or e-mail address"))
        if SITE.has_accounts
        else forms.AccessCodeField(lazy_gettext("Access code"), attributes={"autocomplete": "username"})
    )
    password = forms.PasswordField(lazy_gettext("Password"))
    submit = lazy_gettext("Log in")
    # These stand on all pages of who is logged in.
    log_out = lazy_gettext("Log out")
    stay = lazy_gettext("Stay logged in")
    # Where another log-in is needed.
    log_in_differently = lazy_gettext("Log out, and log in again")

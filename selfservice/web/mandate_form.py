"""The mandate for direct debit: the same form in the request for a code and after logging in."""

from __future__ import annotations

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web import forms


class MandateForm(forms.Form):
    """From which bank account may be collected, and that it may be. A fragment says which one of its own it is."""

    iban = forms.IbanField(lazy_gettext("Account number (IBAN)"))
    holder = forms.HolderField(lazy_gettext("Name of the account holder"))
    mandate = forms.TickField(
        lazy_gettext("I agree to direct debit, and I may act for the account holder."),
        required=lazy_gettext("Tick the box if you agree. Without that we cannot collect the cost of your orders."),
        short=lazy_gettext("The mandate"),
    )

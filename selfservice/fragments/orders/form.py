"""The forms of orders: which to show, and what follows on a press of a button."""

from __future__ import annotations

from selfservice.accounts.sessions import Session
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.orders.main_code import MainCodeHolder
from selfservice.web import authentication, forms

_PLAIN = {"spellcheck": "false"}


class FindForm(forms.Form):
    """Which orders the list shows. It is sent to the list's own address, where `query_parameters` reads it."""

    fragment = "orders"
    since = forms.TextField(
        lazy_gettext("First day"),
        name="from",
        hint=lazy_gettext("Such as 1-3-2026"),
        attributes={**_PLAIN, "maxlength": 40},
    )
    until = forms.TextField(
        lazy_gettext("Last day"),
        name="to",
        hint=lazy_gettext("Empty: up to today"),
        attributes={**_PLAIN, "maxlength": 40},
    )
    words = forms.TextField(
        lazy_gettext("Order number or product"),
        attributes={**_PLAIN, "maxlength": 100},
    )
    sort = forms.SelectField(lazy_gettext("Sort by"))
    by = forms.SelectField(lazy_gettext("Ordered by"))


class ActionForm(forms.Form):
    """A button of a page of orders: what it acts on."""

    fragment = "orders"


def again(session: Session, number: str) -> ActionForm:
    """To have this order again."""
    return ActionForm(about=authentication.about(session, "orders/again", number))


def ask_main(session: Session, holder: MainCodeHolder | None) -> ActionForm:
    """To mail this person, who has the main code."""
    known = holder.person_id if holder else ""
    return ActionForm(about=authentication.about(session, "orders/main", session.organisation_id, known))


def file(session: Session) -> ActionForm:
    """To make a file of the orders that the address names: the same address names others for another person."""
    return ActionForm(about=authentication.about(session, "orders/file"))

"""The forms of orders: which to show, and what follows on a press of a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from jinja2 import Environment
from markupsafe import Markup

from selfservice.accounts.sessions import Session
from selfservice.fragments.orders.query_parameters import ListParameters, list_link
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.orders.main_code import MainCodeHolder
from selfservice.orders.models import Sort
from selfservice.orders.visibility import Holder, Viewer
from selfservice.web import authentication, forms

KEPT = 128  # forms above a list, of at most 100 people to choose from: some 2 MB
_PLAIN = {"spellcheck": "false"}

Pairs = tuple[tuple[str, str], ...]


class FindForm(forms.Form):
    """Which orders the list shows. It is sent to the list's own address, where `query_parameters` reads it."""

    fragment = "orders"
    find = lazy_gettext("Search, filter and sort")
    since = forms.TextField(
        lazy_gettext("First day"),
        name="from",
        hint=lazy_gettext("Such as 1-3-2026"),
        attributes={**_PLAIN, "maxlength": 40},
    )
    until = forms.TextField(
        lazy_gettext("Last day"),
        name="to",
        hint=lazy_gettext("Leave this empty for today."),
        attributes={**_PLAIN, "maxlength": 40},
    )
    words = forms.TextField(
        lazy_gettext("Order number or product"),
        attributes={**_PLAIN, "maxlength": 100},
    )
    sort = forms.SelectField(lazy_gettext("Sort by"))
    by = forms.SelectField(lazy_gettext("Ordered by"))
    submit = lazy_gettext("Show these orders")


def find_form(
    params: ListParameters, people: Sequence[tuple[str, str]], errors: Mapping[str, str] | None = None
) -> FindForm:
    """The form with what this list was asked for, and what is wrong with that."""
    found = FindForm(values=params.fields())
    found.sort.choices = list(_order_names().items())
    found.by.choices = list(people)
    for name, message in (errors or {}).items():
        found.add_error(name, message)
    return found


@lru_cache(KEPT)
def find_html(templates: Environment, language: str, params: ListParameters, people: Pairs, places: Pairs) -> Markup:
    """The form as it stands above a list, in `language`, which is the one in force. Kept: it follows from what is given
    here alone.
    """
    return draw_find(templates, find_form(params, people), params, places, is_listed=True)


def draw_find(
    templates: Environment,
    form: FindForm,
    params: ListParameters,
    places: Pairs,
    *,
    is_listed: bool,
) -> Markup:
    """The form; `places` is where in the list somebody is, `is_listed` whether there is a list below it."""
    text = templates.get_template("orders/find.html").render(
        form=form, params=params, places=places, is_listed=is_listed, link=list_link
    )
    return Markup(text)  # noqa: S704 (the template has escaped what it filled in)


def people_of(viewer: Viewer) -> Pairs:
    """The choices of whose orders; none where there is nothing to choose."""
    if viewer.colleagues is None or len(viewer.colleagues) < 2:
        return ()
    return (("", gettext("Everybody")), *((str(each.ordinal), _named(each)) for each in viewer.colleagues))


def _named(colleague: Holder) -> str:
    """`Amira Merrywind (…X7K)`, or who had a code before."""
    hint = f"…{colleague.hint}" if colleague.hint else gettext("no code now")
    return f"{colleague.name} ({hint})"


def _order_names() -> dict[Sort, str]:
    """What each order of the list is called."""
    return {
        "-date": gettext("Newest first"),
        "date": gettext("Oldest first"),
        "-amount": gettext("Highest amount first"),
        "amount": gettext("Lowest amount first"),
        "product": gettext("Product, A to Z"),
        "-product": gettext("Product, Z to A"),
    }


class ActionForm(forms.Form):
    """A button of a page of orders: what it acts on; and what these buttons, and the links to them, are called."""

    fragment = "orders"
    help = lazy_gettext("Help")
    again = lazy_gettext("Send again")
    which_main_code = lazy_gettext("I do not know which code is our main code")
    ask_main = lazy_gettext("Send them my question")


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

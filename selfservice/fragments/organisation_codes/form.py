"""The buttons of `organisation-codes`: what each acts on."""

from __future__ import annotations

from selfservice.accounts.sessions import Session
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.orders.main_code_offer import Offer
from selfservice.orders.organisation_codes import OrganisationCode
from selfservice.web import authentication, forms


class ActionForm(forms.Form):
    """A button: nothing is filled in."""

    fragment = "organisation-codes"
    withdraw = lazy_gettext("Withdraw the access code")
    offer = lazy_gettext("Send the e-mail")
    again = lazy_gettext("Send the e-mail again")
    cancel = lazy_gettext("Keep the main code")


class AcceptForm(ActionForm):
    """Accept the main code, behind a mailed link."""

    step = "accept"
    submit = lazy_gettext("Accept the main code")
    outdated = lazy_gettext(
        "After you opened this page, another link of ours was opened in this browser. Nothing was changed."
    )


def withdraw(session: Session, code: OrganisationCode | None) -> ActionForm:
    """To withdraw this code of a colleague."""
    return ActionForm(about=authentication.about(session, "organisation-codes/withdraw", code.id if code else ""))


def offer(session: Session, code: OrganisationCode | None, pending: Offer | None) -> ActionForm:
    """To offer the main code to whoever has this code, in the place of the offer that the page showed."""
    about = authentication.about(
        session, "organisation-codes/hand-over", code.id if code else "", pending.id if pending else ""
    )
    return ActionForm(about=about)


def pending(session: Session, offer: Offer | None) -> ActionForm:
    """To send this offer again, or to take it back."""
    return ActionForm(about=authentication.about(session, "organisation-codes/offer", offer.id if offer else ""))


def accept(session: Session, opened: str) -> AcceptForm:
    """To accept by the link with this hash, which was opened in this browser; empty when none was."""
    return AcceptForm(about=authentication.about(session, "organisation-codes/accept", opened))

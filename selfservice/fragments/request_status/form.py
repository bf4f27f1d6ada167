"""The rules of looking a request up: what is typed right, and how its progress is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from selfservice.i18n.catalogs import gettext, lazy_gettext, ngettext
from selfservice.letters.characters import printing_error
from selfservice.requests import review
from selfservice.requests.progress import RequestStatus
from selfservice.values.address import Address, city_error, house_number_error, street_error
from selfservice.values.country import HOME, country_choices, home_name
from selfservice.values.postcode import postcode_error
from selfservice.web import forms

HANDED_OVER = {"printed", "posted", "sent"}


class LookUpForm(forms.Form):
    """Which request somebody wants to see. Whether there is one is not looked up here."""

    fragment = "request-status"
    reference = forms.ReferenceField(
        lazy_gettext("Reference"),
        hint=lazy_gettext(
            "Such as K7RM-4X92. It is in our e-mail about your request. Capitals, spaces and dashes do not matter."
        ),
    )
    email = forms.EmailField(
        lazy_gettext("E-mail address"), hint=lazy_gettext("The address with which you made the request.")
    )


class ActionForm(forms.Form):
    """What its owner can do with a request. `action_name` is its name in `allowed_actions`; `question` heads the page
    that asks whether it must be done.
    """

    fragment = "request-status"
    action_name: ClassVar[str]
    question: ClassVar[Any]
    outdated = lazy_gettext(
        "The request has changed since you opened this page. Nothing was changed just now. Below you see how it is now."
    )
    outdated_of_another = lazy_gettext(
        "After you opened this page, another request was looked up in this browser. We did nothing with either "
        "request. Below is the one that was looked up last."
    )


class WithdrawForm(ActionForm):
    """Withdraw it."""

    step, action_name = "withdraw", "withdraw"
    question = lazy_gettext("Withdraw your request?")


class NeverCameForm(ActionForm):
    """Its code never came."""

    step, action_name = "never-came", "never_came"
    question = lazy_gettext("Did your code never come?")


class AddressForm(ActionForm):
    """Send its letter elsewhere."""

    step, action_name = "address", "correct_address"
    question = lazy_gettext("Correct the address")
    country = forms.SelectField(lazy_gettext("Country"))
    street = forms.TextField(lazy_gettext("Street"), street_error, attributes={"maxlength": 80})
    house_number = forms.TextField(lazy_gettext("House number and addition"), width=20, attributes={"maxlength": 20})
    postcode = forms.TextField(
        lazy_gettext("Postcode"),
        width=20,
        attributes={"autocomplete": "postal-code", "autocapitalize": "characters", "maxlength": 12},
    )
    city = forms.TextField(
        lazy_gettext("Town or city"), city_error, attributes={"autocomplete": "address-level2", "maxlength": 80}
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.country.choices = [("", home_name()), *country_choices()]

    def validate(self, extra_validators: Any = None) -> bool:
        """Each part can be one of that country, and a letter can print it."""
        country = self.country.data or HOME
        self.house_number.check = lambda text: house_number_error(text, country)
        self.postcode.check = lambda text: postcode_error(text, country)
        if not super().validate(extra_validators):
            return False
        for field in self:
            if message := printing_error(field.data):
                field.errors = [message]
        return not self.errors

    @property
    def address(self) -> Address:
        """The address that was typed."""
        return Address(**self.values)


def headline(status: RequestStatus) -> str:
    """The state in a few words: the heading of the page."""
    if status.state == "sent" and status.mail_sent_before:
        return gettext("Your code comes by e-mail")
    return {
        "received": gettext("We have received your request"),
        "checking": gettext("We are checking your request"),
        "approved": gettext("Your request is approved"),
        "sent": gettext("Your code was sent by e-mail"),
        "printed": gettext("The letter with your code is printed"),
        "posted": gettext("The letter with your code is in the post"),
        "withdrawn": gettext("Your request is withdrawn"),
        "rejected": gettext("Your request was not granted"),
    }[status.state]


def step_name(state: str) -> str:
    """A state that a request went through, in a list with its time."""
    return {
        "received": gettext("Received"),
        "checking": gettext("Being checked"),
        "approved": gettext("Approved"),
        "sent": gettext("Sent by e-mail"),
        "printed": gettext("Printed"),
        "posted": gettext("Posted"),
        "withdrawn": gettext("Withdrawn"),
        "rejected": gettext("Not granted"),
    }.get(state, "")


def timeline(status: RequestStatus) -> list[tuple[str, datetime]]:
    """What the request went through, in order of time: each step in words, with its time.

    Approved after a code was handed over is what a request is when that code never came and a new one was made.
    Before that, nobody approves a private request: its own link does.
    """
    passed, handed_over = [], False
    has_left = status.state != "sent" or not status.mail_sent_before
    for state, moment in status.timeline if has_left else status.timeline[:-1]:
        handed_over |= state in HANDED_OVER
        again = state == "approved" and handed_over
        if again or state != "approved" or status.kind == "business":
            passed.append((gettext("New code made") if again else step_name(state), moment))
    return [(name, moment) for name, moment in passed if name]


def rejection_text(status: RequestStatus) -> str:
    """Why it was not granted, in a sentence."""
    if status.reason in review.REJECTION_REASONS:
        return review.rejection_text(status.reason)
    return gettext("We could not give you a new code for this request.")


def link_expires_at(status: RequestStatus, hours: int) -> datetime:
    """Until when the link that was mailed for this request works, by the time alone (fact access_code.link_hours from
    when the mail left): that it was used may only be known to its owner.
    """
    return status.link_until or status.created_at + timedelta(hours=hours)


def duration_text(wait: timedelta) -> str:
    """A waiting time as people say it: in minutes below two hours, in hours below two days, else in days."""
    minutes = max(1, round(wait / timedelta(minutes=1)))
    if minutes < 120:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes < 48 * 60:
        hours = round(minutes / 60)
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    days = round(minutes / 60 / 24)
    return ngettext("%(num)s day", "%(num)s days", days)

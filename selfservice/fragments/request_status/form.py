"""The rules of looking a request up: what is typed right, and how its progress is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from selfservice import workdays
from selfservice.i18n.catalogs import gettext, lazy_gettext, ngettext
from selfservice.letters.characters import printing_error
from selfservice.requests import review
from selfservice.requests.progress import RequestStatus
from selfservice.values.address import Address, city_error, house_number_error, street_error
from selfservice.values.country import HOME, country_choices, home_name
from selfservice.values.postcode import postcode_error
from selfservice.web import forms


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
    submit = lazy_gettext("Show my request")


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
    submit = lazy_gettext("Yes, withdraw my request")


class NeverCameForm(ActionForm):
    """Its code never came."""

    step, action_name = "never-came", "never_came"
    question = lazy_gettext("Did you not receive your code?")
    submit = lazy_gettext("Send me a new code")


class AddressForm(ActionForm):
    """Send its letter elsewhere."""

    step, action_name = "address", "correct_address"
    question = lazy_gettext("Correct the address")
    submit = lazy_gettext("Send the letter there")
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
        "rejected": gettext("Your request was not approved"),
    }[status.state]


@dataclass(frozen=True)
class CourseStep:
    """A step of a request: done at a `moment`, or what happens `now`, or still to come; `days` are those between which
    it is promised.
    """

    name: str
    moment: datetime | None = None
    is_now: bool = False
    days: tuple[date, date] | None = None


def course(status: RequestStatus) -> list[CourseStep]:
    """What was done with the request, in order of time, what happens now, and what comes after that."""
    ahead = _ahead(status)
    steps = [CourseStep(name, moment) for name, moment in _done(status)]
    for step in ahead:
        is_now, days = step == ahead[0], _promised_days(status) if step == ahead[-1] else None
        steps.append(CourseStep(_names(step, status)[0 if is_now else 1], is_now=is_now, days=days))
    return steps


def _done(status: RequestStatus) -> list[tuple[str, datetime]]:
    """What was done, each step in words, with its time.

    Approved at first, or after a code was handed over, is what a request is when a new code was made for one that was
    lost or never came. A private request is otherwise approved by its own link.
    """
    passed, is_again = [], True
    is_waiting = status.state == "sent" and status.mail_sent_before is not None
    for state, moment in status.timeline[:-1] if is_waiting else status.timeline:
        name = {
            "received": gettext("Received"),
            "approved": gettext("Approved") if status.kind == "business" else gettext("Confirmed by you"),
            "sent": gettext("Sent by e-mail"),
            "printed": gettext("Printed"),
            "posted": gettext("Posted"),
            "withdrawn": gettext("Withdrawn"),
            "rejected": gettext("Not approved"),
        }.get(state)
        if name:
            passed.append((gettext("New code made") if is_again and state == "approved" else name, moment))
        is_again = state in ("sent", "printed", "posted")
    return passed


def _ahead(status: RequestStatus) -> list[str]:
    """What happens now, and what comes after it. A letter that should be there by now is no longer said to come."""
    if status.kind == "private":
        steps = ["confirm", "sent"]
    else:
        steps = ["check", "sent"] if status.delivery == "email" else ["check", "printed", "posted", "delivered"]
    done = {"received": 0, "checking": 0, "approved": 1, "printed": 2, "posted": 3, "sent": 1}
    if status.state not in done or (status.state == "sent" and status.mail_sent_before is None):
        return []
    if status.state in ("printed", "posted") and status.is_late:
        steps.remove("delivered")
    return steps[done[status.state] :]


def _names(step: str, status: RequestStatus) -> tuple[str, str]:
    """A step as it is called while it happens, and while it is still to come."""
    waits = gettext("Your letter will be sent later")
    return {
        "check": (gettext("We check your request"), ""),
        "confirm": (gettext("You confirm your request"), ""),
        "sent": (gettext("We send the code by e-mail"), gettext("Sent by e-mail")),
        "printed": (waits if status.letter_waits else gettext("We print the letter"), gettext("Printed")),
        "posted": (gettext("We post the letter"), gettext("Posted")),
        "delivered": (gettext("On its way to you"), gettext("Delivered")),
    }[step]


def _promised_days(status: RequestStatus) -> tuple[date, date] | None:
    """Between which days the code comes, while that can be promised."""
    if status.kind == "private" or status.is_late or status.letter_waits or status.goes_abroad:
        return None
    return status.expected_from, status.expected_until


def usual_wait(status: RequestStatus) -> str:
    """How long half of the people waited lately, where days are promised and that was quicker; else empty."""
    if status.median_wait is None or _promised_days(status) is None:
        return ""
    is_quicker = workdays.today(status.created_at + status.median_wait) < status.expected_from
    is_waiting = status.state in ("received", "checking", "approved")
    return duration_text(status.median_wait) if is_quicker and is_waiting else ""


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

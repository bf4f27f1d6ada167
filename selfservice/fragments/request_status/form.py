"""The rules of looking a request up: what is typed right, and how its progress is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from selfservice.accounts.organisations import Address
from selfservice.i18n.catalogs import gettext, ngettext
from selfservice.letters.characters import printing_error
from selfservice.requests import review
from selfservice.requests.progress import RequestStatus
from selfservice.values.address import city_error, house_number_error, street_error
from selfservice.values.email import email_error
from selfservice.values.postcode import postcode_error
from selfservice.values.reference import reference_error

MAX_LENGTH = 300
LOOKUP_FIELDS = ("reference", "email")
HANDED_OVER = {"printed", "posted", "sent"}
ADDRESS_FIELDS = ("street", "house_number", "postcode", "city")


def read_fields(names: tuple[str, ...], sent: Mapping[str, str]) -> dict[str, str]:
    """What was sent for these fields, and nothing else."""
    return {name: sent.get(name, "")[:MAX_LENGTH] for name in names}


def check(typed: Mapping[str, str]) -> dict[str, str]:
    """The messages for reference and e-mail address; empty when both could be. Whether they exist is not looked up."""
    errors = {"reference": reference_error(typed["reference"]), "email": email_error(typed["email"])}
    return {name: message for name, message in errors.items() if message}


def check_address(typed: Mapping[str, str]) -> dict[str, str]:
    """The messages for the fields of an address that are not right."""
    errors = {
        "street": street_error(typed["street"]),
        "house_number": house_number_error(typed["house_number"]),
        "postcode": postcode_error(typed["postcode"]),
        "city": city_error(typed["city"]),
    }
    errors |= {name: errors[name] or printing_error(typed[name]) for name in errors}
    return {name: message for name, message in errors.items() if message}


def to_address(typed: Mapping[str, str]) -> Address:
    """The address that was typed."""
    return Address(typed["street"], typed["house_number"], typed["postcode"], typed["city"])


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

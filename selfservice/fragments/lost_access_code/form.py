"""The rules of the form for a lost access code: what is typed right."""

from __future__ import annotations

from collections.abc import Mapping

from selfservice.values.email import email_error
from selfservice.values.error import FieldError
from selfservice.values.organisation_number import check_organisation_number, organisation_number_error

FIELDS = ("email", "kvk_number")
MAX_LENGTH = 300


def read_fields(sent: Mapping[str, str]) -> dict[str, str]:
    """What was sent for the fields of this form, and nothing else."""
    return {name: sent.get(name, "")[:MAX_LENGTH] for name in FIELDS}


def check(typed: Mapping[str, str]) -> dict[str, str]:
    """The messages for the fields that are not right. Whether there is such a code is not looked up."""
    errors = {
        "email": email_error(typed["email"]),
        "kvk_number": organisation_number_error(typed["kvk_number"], optional=True),
    }
    return {name: message for name, message in errors.items() if message}


def kvk_number(typed: Mapping[str, str]) -> str | None:
    """The number that was typed, in its one form; None for the private code: nothing, or only a dash, was typed.

    Raises FieldError for what `check` has a message for.
    """
    try:
        return check_organisation_number(typed["kvk_number"])
    except FieldError as error:
        if error.reason != "empty":
            raise
    return None

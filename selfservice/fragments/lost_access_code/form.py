"""The rules of the form for a lost access code: what is typed right."""

from __future__ import annotations

from collections.abc import Mapping

from selfservice.i18n.catalogs import gettext
from selfservice.values.email import check_email
from selfservice.values.error import FieldError
from selfservice.values.organisation_number import check_organisation_number

FIELDS = ("email", "kvk_number")
MAX_LENGTH = 300


def read_fields(sent: Mapping[str, str]) -> dict[str, str]:
    """What was sent for the fields of this form, and nothing else."""
    return {name: sent.get(name, "")[:MAX_LENGTH] for name in FIELDS}


def check(typed: Mapping[str, str]) -> dict[str, str]:
    """The messages for the fields that are not right. Whether there is such a code is not looked up."""
    errors = {"email": _email(typed["email"]), "kvk_number": _kvk_number(typed["kvk_number"])}
    return {name: message for name, message in errors.items() if message}


def kvk_number(typed: Mapping[str, str]) -> str | None:
    """The KVK number that was typed, in its one form; None for the private code: nothing, or only a dash, was typed.

    Raises FieldError for what `check` has a message for.
    """
    try:
        return check_organisation_number(typed["kvk_number"])
    except FieldError as error:
        if error.reason != "empty":
            raise
    return None


def _email(text: str) -> str:
    if not text.strip():
        return gettext("Fill in your e-mail address.")
    try:
        check_email(text)
    except FieldError:
        return gettext("This is not a complete e-mail address. It looks like name@example.org.")
    return ""


def _kvk_number(text: str) -> str:
    try:
        check_organisation_number(text)
    except FieldError as error:
        if error.reason != "empty":
            return gettext("This is not a KVK number. It has 8 digits, such as 12345678.")
    return ""

"""Telephone numbers."""

from __future__ import annotations

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import remove_invisible
from selfservice.values.error import FieldError, error_reason


def check_phone(text: str) -> str | None:
    """A telephone number in E.164 form, Dutch unless it begins with +; None for an empty field. Raises FieldError."""
    number = remove_invisible(text).strip()
    if not number:
        return None
    import phonenumbers  # heavy, and for this one field

    try:
        parsed = phonenumbers.parse(number, "NL")
    except phonenumbers.NumberParseException:
        raise FieldError("wrong") from None
    if not phonenumbers.is_valid_number(parsed):
        raise FieldError("wrong")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def phone_error(text: str, *, optional: bool = True) -> str:
    """The error message for a typed telephone number; empty if it is one, or nothing was typed. An `optional` one may
    also be left out.
    """
    if not error_reason(check_phone, text):
        return ""
    if optional:
        return gettext(
            "This is not a telephone number. Begin a number from abroad with + and the country code, or leave this "
            "empty."
        )
    return gettext("This is not a telephone number. Begin a number from abroad with + and the country code.")

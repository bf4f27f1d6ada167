"""Telephone numbers."""

from __future__ import annotations

from selfservice.values.error import FieldError


def check_phone(text: str) -> str | None:
    """A telephone number as the world dials it (E.164), Dutch unless it begins with +; None for an empty field."""
    if not text.strip():
        return None
    import phonenumbers  # heavy, and for this one field

    try:
        number = phonenumbers.parse(text, "NL")
    except phonenumbers.NumberParseException:
        raise FieldError("wrong") from None
    if not phonenumbers.is_valid_number(number):
        raise FieldError("wrong")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

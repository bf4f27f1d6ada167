"""Telephone numbers."""

from __future__ import annotations

from selfservice.values.error import FieldError


def check_phone(text: str) -> str | None:
    """A telephone number in E.164 form, Dutch unless it begins with +; None for an empty field. Raises FieldError."""
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

"""Postcodes."""

from __future__ import annotations

from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as postcodes

from selfservice.i18n.catalogs import gettext
from selfservice.values.error import FieldError, error_reason


def check_postcode(text: str) -> str:
    """A Dutch postcode, as `1234 AB`. Raises FieldError."""
    if not text.strip():
        raise FieldError("empty")
    try:
        return str(postcodes.validate(text))
    except ValidationError:
        raise FieldError("wrong") from None


def postcode_error(text: str) -> str:
    """The error message for a typed postcode; empty if it is one."""
    if error_reason(check_postcode, text):
        return gettext("Fill in the postcode: 4 digits and 2 letters, such as 1234 AB.")
    return ""

"""Postcodes."""

from __future__ import annotations

from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as postcodes

from selfservice.values.error import FieldError


def check_postcode(text: str) -> str:
    """A Dutch postcode, as `1234 AB`. Raises FieldError."""
    if not text.strip():
        raise FieldError("empty")
    try:
        return str(postcodes.validate(text))
    except ValidationError:
        raise FieldError("wrong") from None

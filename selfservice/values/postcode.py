"""Postcodes."""

from __future__ import annotations

import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as postcodes

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import one_line
from selfservice.values.error import FieldError, error_reason


def check_postcode(text: str) -> str:
    """A Dutch postcode, as `1234 AB`. Raises FieldError."""
    postcode = one_line(unicodedata.normalize("NFKC", text))
    if not postcode:
        raise FieldError("empty")
    try:
        return str(postcodes.validate(postcode))
    except ValidationError:
        raise FieldError("wrong") from None


def postcode_error(text: str) -> str:
    """The error message for a typed postcode; empty if it is one."""
    if error_reason(check_postcode, text):
        return gettext("Fill in the postcode: 4 digits and 2 letters, such as 1234 AB.")
    return ""

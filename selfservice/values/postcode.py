"""Postcodes."""

from __future__ import annotations

import re
import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as postcodes

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import one_line
from selfservice.values.country import HOME
from selfservice.values.error import FieldError, error_reason

# Abroad: letters and digits, parted by spaces and hyphens; a dozen countries have none (UPU).
_ABROAD = re.compile(r"(?=.{1,12}$)[A-Z0-9]+(?:[ -][A-Z0-9]+)*")


def check_postcode(text: str, country: str = HOME) -> str:
    """A Dutch postcode, as `1234 AB`; one of another country in capitals, or empty. Raises FieldError."""
    postcode = one_line(unicodedata.normalize("NFKC", text)).upper()
    if country != HOME:
        if postcode and not _ABROAD.fullmatch(postcode):
            raise FieldError("wrong")
        return postcode
    if not postcode:
        raise FieldError("empty")
    try:
        return str(postcodes.validate(postcode))
    except ValidationError:
        raise FieldError("wrong") from None


def postcode_error(text: str, country: str = HOME) -> str:
    """The error message for a typed postcode; empty if it is one of that country."""
    if not error_reason(lambda typed: check_postcode(typed, country), text):
        return ""
    if country != HOME:
        return gettext("This is not a postcode. Write it as it is written in that country, or leave this empty.")
    return gettext("Fill in the postcode: 4 digits and 2 letters, such as 1234 AB.")

"""Organisation numbers (KVK numbers)."""

from __future__ import annotations

import re
import unicodedata

from selfservice.values.error import FieldError


def check_organisation_number(text: str) -> str:
    """A KVK number: eight digits, without spaces, dots, dashes or invisible characters. Raises FieldError."""
    number = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZPC")
    if not number:
        raise FieldError("empty")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise FieldError("wrong")
    return number

"""Organisation numbers (KVK numbers)."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.values.error import FieldError, error_reason


def check_organisation_number(text: str) -> str:
    """A KVK number: eight digits, without spaces, dots, dashes or invisible characters. Raises FieldError."""
    number = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZPC")
    if not number:
        raise FieldError("empty")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise FieldError("wrong")
    return number


def organisation_number_error(text: str, *, optional: bool = False) -> str:
    """The error message for a typed KVK number; empty if it is one, or `optional` and nothing was typed."""
    reason = error_reason(check_organisation_number, text)
    if reason == "empty" and not optional:
        return gettext("Fill in the KVK number of your organisation.")
    return gettext("This is not a KVK number. It has 8 digits, such as 12345678.") if reason == "wrong" else ""

"""Numbers of organisations: KVK numbers."""

from __future__ import annotations

import re
import unicodedata

from selfservice.values.error import FieldError


def check_organisation_number(text: str) -> str:
    """A KVK number: eight digits; spaces, dots, dashes and invisible signs are left out. It has no check digit."""
    number = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign)[0] not in "ZPC")
    if not number:
        raise FieldError("empty")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise FieldError("wrong")
    return number

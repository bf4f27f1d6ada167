"""Names of people and organisations."""

from __future__ import annotations

import re
import unicodedata

from selfservice.values.error import FieldError, check_length

MAX_NAME = 60
# What keyboards and telephones make of an apostrophe.
_APOSTROPHES = "'\u2018\u2019\u00b4`"
# A full stop stands behind an initial, with or without a space after it. No address ends in a single letter.
_STOP_INSIDE = re.compile(r"\.(?!\s|$|\w(?:[.\s]|$))")


def check_name(text: str) -> str:
    """A first or last name: letters, marks, spaces, hyphens and apostrophes; a full stop only behind an initial.

    Nothing else, since it stands in mails to an address that somebody else may have typed: no link can be made of it.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    check_length(name, MAX_NAME)
    if not any(sign.isalpha() for sign in name) or _STOP_INSIDE.search(name):
        raise FieldError("wrong")
    if not all(sign in f" -.{_APOSTROPHES}" or unicodedata.category(sign)[0] in "LM" for sign in name):
        raise FieldError("wrong")
    return name

"""Names of people."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.values.error import FieldError, check_length, error_reason

MAX_NAME_LENGTH = 60
# What keyboards and telephones make of an apostrophe.
_APOSTROPHES = "'\u2018\u2019\u00b4`"
# A full stop stands behind an initial, with or without a space after it. No address ends in a single letter.
_STOP_INSIDE = re.compile(r"\.(?!\s|$|\w(?:[.\s]|$))")


def check_name(text: str) -> str:
    """A first or last name: letters, marks, spaces, hyphens and apostrophes; a full stop only after an initial.

    Nothing else, since it appears in mails to an address that somebody else may have typed, and must not form a link.
    Raises FieldError.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    check_length(name, MAX_NAME_LENGTH)
    if not any(char.isalpha() for char in name) or _STOP_INSIDE.search(name):
        raise FieldError("wrong")
    if not all(char in f" -.{_APOSTROPHES}" or unicodedata.category(char)[0] in "LM" for char in name):
        raise FieldError("wrong")
    return name


def name_error(text: str, *, empty: str) -> str:
    """The error message for a typed first or last name, `empty` for none; empty if it is a name."""
    return {
        "empty": empty,
        "long": gettext("This name is too long. Use at most %(count)s characters.", count=MAX_NAME_LENGTH),
        "wrong": gettext("Use letters, spaces, hyphens and apostrophes only."),
    }.get(error_reason(check_name, text), "")

"""Names of people, in any script."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import JOINER, NON_JOINER, one_line
from selfservice.values.error import FieldError, check_length, error_reason

MAX_NAME_LENGTH = 60
# What keyboards and telephones make of an apostrophe; those of Hebrew with its hyphen, the hyphen of Armenian, the
# middle dots of Catalan and Japanese, and the joiners that `one_line` leaves where they change how a word is written.
_MARKS = frozenset(f"'\u2018\u2019\u02bc\u00b4`\u05be\u05f3\u05f4\u058a\u00b7\u30fb\u2010\u2011{JOINER}{NON_JOINER}")
# A full stop stands behind an initial, with or without a space after it. No address ends in a single letter.
_STOP_INSIDE = re.compile(r"\.(?!\s|$|\w(?:[.\s]|$))")


def check_name(text: str) -> str:
    """A first or last name: letters, marks, spaces, hyphens, apostrophes, middle dots; a full stop only after an
    initial.

    Nothing else, since it appears in mails to an address that somebody else may have typed, and must not form a link.
    Raises FieldError.
    """
    name = one_line(text)
    check_length(name, MAX_NAME_LENGTH)
    if not any(char.isalpha() for char in name) or _STOP_INSIDE.search(name):
        raise FieldError("wrong")
    if not all(char in " -." or char in _MARKS or unicodedata.category(char)[0] in "LM" for char in name):
        raise FieldError("wrong")
    return name


def check_names(given: str, family: str) -> tuple[str, str]:
    """First and last name. One of the two may be empty, for who has one name: that is then the first, by which mails
    greet. Raises FieldError.
    """
    names = [check_name(text) for text in (given, family) if one_line(text)]
    if not names:
        raise FieldError("empty")
    return names[0], "".join(names[1:])


def full_name(given: str, family: str) -> str:
    """First and last name in one line; the only name of who has one."""
    return f"{given} {family}".strip()


def name_error(text: str, *, empty: str) -> str:
    """The error message for a typed first or last name; empty if it is a name. `empty` is what is said of none: nothing
    where the other of the two is enough.
    """
    return {
        "empty": empty,
        "long": gettext("This name is too long. Use at most %(count)s characters.", count=MAX_NAME_LENGTH),
        "wrong": gettext("Use letters, spaces, hyphens and apostrophes only."),
    }.get(error_reason(check_name, text), "")

"""What may stand in the fields of a request. Each function gives the value in its one form, or raises FieldError."""

from __future__ import annotations

import re
import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as postcodes

MAX_NAME = 60
MAX_LINE = 60
# What keyboards and telephones make of an apostrophe.
_APOSTROPHES = "'\u2018\u2019\u00b4`"
# A full stop stands behind an initial, with or without a space after it. No address ends in a single letter.
_STOP_INSIDE = re.compile(r"\.(?!\s|$|\w(?:[.\s]|$))")
_HOUSE_NUMBER = re.compile(r"[1-9][0-9]{0,4} ?[-/]?[0-9A-Za-z ]{0,8}")


class FieldError(ValueError):
    """This cannot stand in the field; `reason` is 'empty', 'long' or 'wrong'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_name(text: str) -> str:
    """A first or last name: letters, marks, spaces, hyphens and apostrophes; a full stop only behind an initial.

    Nothing else, since it stands in mails to an address that somebody else may have typed: no link can be made of it.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    _measure(name, MAX_NAME)
    if not any(sign.isalpha() for sign in name) or _STOP_INSIDE.search(name):
        raise FieldError("wrong")
    if not all(sign in f" -.{_APOSTROPHES}" or unicodedata.category(sign)[0] in "LM" for sign in name):
        raise FieldError("wrong")
    return name


def check_telephone(text: str) -> str | None:
    """A telephone number as the world dials it (E.164), Dutch unless it begins with +; None for an empty field."""
    if not text.strip():
        return None
    import phonenumbers  # heavy, and for this one field

    try:
        number = phonenumbers.parse(text, "NL")
    except phonenumbers.NumberParseException:
        raise FieldError("wrong") from None
    if not phonenumbers.is_valid_number(number):
        raise FieldError("wrong")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def check_kvk_number(text: str) -> str:
    """A KVK number: eight digits; spaces, dots, dashes and invisible signs are left out. It has no check digit."""
    number = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign)[0] not in "ZPC")
    if not number:
        raise FieldError("empty")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise FieldError("wrong")
    return number


def check_postcode(text: str) -> str:
    """A Dutch postcode, as `1234 AB`."""
    if not text.strip():
        raise FieldError("empty")
    try:
        return str(postcodes.validate(text))
    except ValidationError:
        raise FieldError("wrong") from None


def check_house_number(text: str) -> str:
    """A house number with its addition: `12`, `12 A`, `12-3`."""
    number = " ".join(text.split())
    _measure(number, MAX_LINE)
    if not _HOUSE_NUMBER.fullmatch(number):
        raise FieldError("wrong")
    return number


def check_line(text: str) -> str:
    """A street or a place: one line that can be printed."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    _measure(line, MAX_LINE)
    if not line.isprintable() or not any(sign.isalpha() for sign in line):
        raise FieldError("wrong")
    return line


def _measure(text: str, most: int) -> None:
    if not text:
        raise FieldError("empty")
    if len(text) > most:
        raise FieldError("long")

"""Addresses: house numbers, address lines and their mask."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.values.error import FieldError, check_length, error_reason

MAX_LINE_LENGTH = 60
_HOUSE_NUMBER = re.compile(r"[1-9][0-9]{0,4} ?[-/]?[0-9A-Za-z ]{0,8}")


def check_house_number(text: str) -> str:
    """A house number with its addition: `12`, `12 A`, `12-3`. Raises FieldError."""
    number = " ".join(text.split())
    check_length(number, MAX_LINE_LENGTH)
    if not _HOUSE_NUMBER.fullmatch(number):
        raise FieldError("wrong")
    return number


def check_address_line(text: str) -> str:
    """A street or a city: one line of printable characters. Raises FieldError."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    check_length(line, MAX_LINE_LENGTH)
    if not line.isprintable() or not any(char.isalpha() for char in line):
        raise FieldError("wrong")
    return line


def house_number_error(text: str) -> str:
    """The error message for a typed house number; empty if it is one."""
    return _line_error(error_reason(check_house_number, text), gettext("Fill in the house number, such as 12 or 12 A."))


def street_error(text: str) -> str:
    """The error message for a typed street; empty if it is one."""
    return _line_error(error_reason(check_address_line, text), gettext("Fill in the street."))


def city_error(text: str) -> str:
    """The error message for a typed town or city; empty if it is one."""
    return _line_error(error_reason(check_address_line, text), gettext("Fill in the town or city."))


def _line_error(reason: str, message: str) -> str:
    if reason == "long":
        return gettext("This is too long. Use at most %(count)s characters.", count=MAX_LINE_LENGTH)
    return message if reason else ""


MASK = "•••"


def mask_address(lines: tuple[str, ...]) -> str:
    """The masked lines of an envelope, which the addressee recognises: the first letter of each line, and of the last
    line the digits of the postcode: `B••• / A••• / K••• / 1234•••`.
    """
    return " / ".join([*(f"{line[:1]}{MASK}" for line in lines[:-1]), f"{lines[-1][:4]}{MASK}"])

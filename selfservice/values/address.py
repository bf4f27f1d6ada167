"""Addresses: house numbers, address lines and their mask."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import find_invisible, one_line
from selfservice.values.error import FieldError, check_length, error_reason

MAX_LINE_LENGTH = 60
# A number of at most five digits, a letter, and an addition. The register has at most four characters there; people
# write `boven` and `beneden` as well. A second one is what they make of a letter behind a dash: 1-A-2.
_HOUSE_NUMBER = re.compile(
    r"(?P<number>[1-9][0-9]{0,4})(?: ?(?P<letter>[A-Za-z])(?![A-Za-z0-9]))?"
    r"(?:(?P<dash>[ -]?)(?P<addition>(?<=[ -])[A-Za-z0-9]{1,8}|(?<=[0-9])[A-Za-z][A-Za-z0-9]{0,7})"
    r"(?:[ -](?P<second>[A-Za-z0-9]{1,4}))?)?"
)
_TO = re.compile(r" ?\bt[/.]?([mo])\b\.? ?", re.IGNORECASE)
_DASHES = re.compile(r" ?[-/\u2010-\u2015\u2212] ?")


def check_house_number(text: str) -> str:
    """A house number with its addition, as the national address register (BAG) writes it: `12`, `12A`, `12B-3`,
    `12 bis`; also `12-14`, and with a second number behind it, `12 t/m 16` or `12 t/o 16`. Raises FieldError.

    A letter stands against the number. `12A` and `12-A` are two addresses there, so no dash is put in or left out, but
    for `12 3`, which is `12-3`.
    """
    number = one_line(unicodedata.normalize("NFKC", text))
    check_length(number, MAX_LINE_LENGTH)
    first, *rest = _TO.split(number)
    if len(rest) not in (0, 2):
        raise FieldError("wrong")
    return _house_number(first) + (f" t/{rest[0].lower()} {_house_number(rest[1])}" if rest else "")


def _house_number(text: str) -> str:
    found = _HOUSE_NUMBER.fullmatch(_DASHES.sub("-", text))
    if found is None:
        raise FieldError("wrong")
    number, letter, dash, addition, second = found.groups()
    if addition:
        dash = "-" if dash == "-" or addition[0].isdigit() else " "
    return "".join((number, letter or "", dash or "", addition or "", f"-{second}" if second else ""))


def check_address_line(text: str) -> str:
    """A street or a city: one line of printable characters. Raises FieldError."""
    line = one_line(text)
    check_length(line, MAX_LINE_LENGTH)
    if find_invisible(line) is not None or not any(char.isalpha() for char in line):
        raise FieldError("wrong")
    return line


def house_number_error(text: str) -> str:
    """The error message for a typed house number; empty if it is one."""
    return _line_error(
        error_reason(check_house_number, text), gettext("Fill in the house number, such as 12, 12A or 12B-3.")
    )


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

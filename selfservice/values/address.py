"""Addresses in the Netherlands and abroad: their parts, the lines of an envelope, and the mask of these."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import find_invisible, one_line
from selfservice.values.country import HOME, check_country, country_line
from selfservice.values.error import FieldError, check_length, error_reason
from selfservice.values.postcode import check_postcode

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


# Where the number stands before the street, and the postcode behind the town (UPU, 'Postal addressing systems').
_NUMBER_FIRST = frozenset(("AU", "CA", "FR", "GB", "IE", "LU", "NZ", "US"))
_POSTCODE_LAST = frozenset(("AU", "CA", "GB", "IE", "NZ", "US"))
_ABROAD_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./-]{0,19}")


@dataclass(frozen=True)
class Address:
    """An address, in the form of the register. `country` is its two letters; abroad the number may stand in `street`,
    the postcode in `city`.
    """

    street: str
    house_number: str
    postcode: str
    city: str
    country: str = HOME

    def lines(self) -> tuple[str, ...]:
        """The lines of an envelope: street and number; postcode, two spaces and the place in capitals (PostNL); abroad
        in that country's order, with the country as the last.
        """
        street, city = (self.street, self.house_number), (self.postcode, self.city.upper())
        if self.country in _NUMBER_FIRST:
            street = street[::-1]
        if self.country in _POSTCODE_LAST:
            city = city[::-1]
        lines = " ".join(filter(None, street)), "  ".join(filter(None, city))
        return lines if self.country == HOME else (*lines, country_line(self.country))


def check_address(address: Address) -> Address:
    """The address with each part in its canonical form. Raises FieldError."""
    country = check_country(address.country)
    return Address(
        check_address_line(address.street),
        check_house_number(address.house_number, country),
        check_postcode(address.postcode, country),
        check_address_line(address.city),
        country,
    )


def split_envelope(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of an envelope: those of the addressee, and those of the address. Abroad its last is the country, which
    has no digit, as the line of a postcode always has.
    """
    count = 2 if len(lines) < 4 or any(char.isdigit() for char in lines[-1]) else 3
    return tuple(lines[:-count]), tuple(lines[-count:])


def goes_abroad(lines: Sequence[str]) -> bool:
    """Whether a letter with these lines goes to another country; not when there is no letter."""
    return bool(lines) and len(split_envelope(lines)[1]) == 3


def check_house_number(text: str, country: str = HOME) -> str:
    """A house number with its addition, as the national address register (BAG) writes it: `12`, `12A`, `12B-3`,
    `12 bis`; also `12-14`, and with a second number behind it, `12 t/m 16` or `12 t/o 16`. Raises FieldError.

    A letter stands against the number. `12A` and `12-A` are two addresses there, so no dash is put in or left out, but
    for `12 3`, which is `12-3`. Abroad any number will do, or none.
    """
    number = one_line(unicodedata.normalize("NFKC", text))
    if country != HOME:
        if number and not _ABROAD_NUMBER.fullmatch(number):
            raise FieldError("wrong")
        return number
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


def house_number_error(text: str, country: str = HOME) -> str:
    """The error message for a typed house number; empty if it is one of that country."""
    reason = error_reason(lambda typed: check_house_number(typed, country), text)
    if country != HOME and reason:
        return gettext("This is not a house number. Write it as it is written in that country, or leave this empty.")
    return _line_error(reason, gettext("Fill in the house number, such as 12, 12A or 12B-3."))


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
    line the digits of the postcode, or the country: `B••• / A••• / K••• / 1234•••`.
    """
    last = lines[-1] if goes_abroad(lines) else f"{lines[-1][:4]}{MASK}"
    return " / ".join([*(f"{line[:1]}{MASK}" for line in lines[:-1]), last])

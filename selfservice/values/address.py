"""Lines of an address."""

from __future__ import annotations

import re
import unicodedata

from selfservice.values.error import FieldError, check_length

MAX_LINE = 60
_HOUSE_NUMBER = re.compile(r"[1-9][0-9]{0,4} ?[-/]?[0-9A-Za-z ]{0,8}")


def check_house_number(text: str) -> str:
    """A house number with its addition: `12`, `12 A`, `12-3`."""
    number = " ".join(text.split())
    check_length(number, MAX_LINE)
    if not _HOUSE_NUMBER.fullmatch(number):
        raise FieldError("wrong")
    return number


def check_line(text: str) -> str:
    """A street or a place: one line that can be printed."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    check_length(line, MAX_LINE)
    if not line.isprintable() or not any(sign.isalpha() for sign in line):
        raise FieldError("wrong")
    return line


MASK = "•••"


def mask_address(lines: tuple[str, ...]) -> str:
    """As much of an envelope as its receiver recognises: the first letter of each line, and the digits of the postcode
    with which the last begins: `B••• / A••• / K••• / 1234•••`.
    """
    return " / ".join([*(f"{line[:1]}{MASK}" for line in lines[:-1]), f"{lines[-1][:4]}{MASK}"])

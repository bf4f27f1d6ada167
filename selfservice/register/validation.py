"""Validation of a line of the register file; each value becomes canonical."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from selfservice.importing.parsing import LineError
from selfservice.values.address import MAX_LINE_LENGTH, check_address_line, check_house_number
from selfservice.values.characters import find_invisible, one_line
from selfservice.values.email import check_email
from selfservice.values.error import FieldError
from selfservice.values.organisation_number import DIGITS, is_number
from selfservice.values.postcode import check_postcode

COLUMNS = (
    "kvk_number",
    "name",
    "email",
    "visiting_street",
    "visiting_house_number",
    "visiting_postcode",
    "visiting_city",
    "postal_street",
    "postal_house_number",
    "postal_postcode",
    "postal_city",
    "payment_method",
)
MAX_ORGANISATION_NAME_LENGTH = 200
DIRECT_DEBIT = "direct_debit"
RegisterRow = tuple[str | None, ...]

_SAMPLES = {
    "kvk_number": f"{DIGITS} digits; a spreadsheet may have left out the zeros it begins with",
    "email": "one e-mail address",
    "house_number": "a house number such as 12 or 12-A",
    "postcode": "a Dutch postcode such as 1234 AB",
    "payment_method": f"empty or {DIRECT_DEBIT}",
}


def check_kvk_number(text: str) -> str:
    """An organisation number as the register writes it: its digits and nothing else. Raises FieldError.

    Stricter than what people may type in a form: 1234567.0, as programs make of 01234567, must not become a number.
    """
    number = text.strip()
    if not number:
        raise FieldError("empty")
    if not is_number(number):
        raise FieldError("wrong")
    return number


def check_organisation_name(text: str) -> str:
    """An organisation's name: one line of at most 200 printable characters. Raises FieldError."""
    name = one_line(text)
    if not name:
        raise FieldError("empty")
    if len(name) > MAX_ORGANISATION_NAME_LENGTH:
        raise FieldError("long")
    if find_invisible(name) is not None:
        raise FieldError("wrong")
    return name


def check_payment_method(text: str) -> str | None:
    """How the organisation pays: 'direct_debit', or None for an empty field. Raises FieldError."""
    method = text.strip().lower()
    if method not in ("", DIRECT_DEBIT):
        raise FieldError("wrong")
    return method or None


# The same streets, numbers and places come again and again.
_street = _city = lru_cache(2**15)(check_address_line)
_house_number = lru_cache(2**12)(check_house_number)
_postcode = lru_cache(2**15)(check_postcode)
_ADDRESS_CHECKS: tuple[Callable[[str], str | None], ...] = (_street, _house_number, _postcode, _city)
_REQUIRED_CHECKS = (check_kvk_number, check_organisation_name, check_email, *_ADDRESS_CHECKS)
_POSTAL = slice(len(_REQUIRED_CHECKS), len(_REQUIRED_CHECKS) + len(_ADDRESS_CHECKS))
_VISITING = slice(len(_REQUIRED_CHECKS) - len(_ADDRESS_CHECKS), len(_REQUIRED_CHECKS))
_NO_POSTAL = (None,) * len(_ADDRESS_CHECKS)
_CHECKS = (*_REQUIRED_CHECKS, *_ADDRESS_CHECKS, check_payment_method)


def check_row(values: Sequence[str]) -> RegisterRow:
    """The canonical values of one line, in the order of COLUMNS.

    A postal address is complete or empty; one equal to the visiting address becomes empty. Raises LineError with all
    errors.
    """
    has_postal = any(value.strip() for value in values[_POSTAL])
    row: list[str | None] = []
    wrong = []
    for place, check_value in enumerate(_CHECKS):
        if _POSTAL.start <= place < _POSTAL.stop and not has_postal:
            row.append(None)
            continue
        try:
            row.append(check_value(values[place]))
        except FieldError as error:
            wrong.append(_error_message(COLUMNS[place], error.reason))
    if wrong:
        raise LineError("; ".join(wrong))
    if row[_POSTAL] == row[_VISITING]:
        row[_POSTAL] = _NO_POSTAL
    return tuple(row)


def _error_message(column: str, reason: str) -> str:
    if reason == "empty":
        return f"{column} is empty" + (" while the rest of the postal address is not" if "postal" in column else "")
    if reason == "long":
        return f"{column} is longer than {MAX_ORGANISATION_NAME_LENGTH if column == 'name' else MAX_LINE_LENGTH} signs"
    sample = _SAMPLES.get(column.removeprefix("visiting_").removeprefix("postal_"), "one line of letters")
    return f"{column} is not {sample}"

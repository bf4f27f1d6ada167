"""Validation of a line of the register file; each value becomes canonical."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from selfservice.importing import parsing
from selfservice.importing.parsing import FieldProblem, LineError
from selfservice.values.address import MAX_LINE_LENGTH, check_address_line, check_house_number
from selfservice.values.characters import find_invisible, one_line
from selfservice.values.country import HOME, check_country
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
    "visiting_country",
    "postal_country",
    "closed_on",
)
OPTIONAL = COLUMNS[-3:]
MAX_ORGANISATION_NAME_LENGTH = 200
DIRECT_DEBIT = "direct_debit"
Values = tuple[str | None, ...]


class RegisterRow(NamedTuple):
    """What the register says of an organisation: the `values` in the order of the columns of its table. `closed_on` is
    the day on which it is closed, in ISO 8601, and None for an open one or where the register does not say.
    """

    values: Values
    closed_on: str | None
    says_closed_on: bool


PROBLEM_CODES = {
    **parsing.PROBLEM_CODES,
    "member-missing": "Every member must be there, but for the countries and closed_on: send null where it is empty.",
    "field-missing": "The value is required: it is empty, or null.",
    "field-invalid": "The value is not as the field must be; the message says what it must be.",
    "field-too-long": "The value has more characters than the field may have; the message says how many it may.",
    "closings-per-request": "The request would close more than 200 organisations: send fewer of them in each.",
    "closings-per-day": "Over 100 organisations, and over 5 % of all, would be closed in a day, which is rather a "
    "mistake. If it is right, ask who runs the site to bring them in by file.",
    "number-repeated": "The organisation comes twice in one file or request: the first counts, send it once.",
}
"""What each code of a FieldProblem of an organisation means and what to do. A code keeps its meaning for good."""
_CODES = {"empty": "field-missing", "long": "field-too-long"}

_SAMPLES = {
    "kvk_number": f"{DIGITS} digits; a spreadsheet may have left out the zeros it begins with",
    "email": "one e-mail address",
    "house_number": "a house number such as 12 or 12-A",
    "postcode": "a Dutch postcode such as 1234 AB",
    "country": "a country in two letters (ISO 3166), such as BE, or empty for the Netherlands",
    "payment_method": f"empty or {DIRECT_DEBIT}",
    "closed_on": "a day such as 2026-11-30, or empty for an organisation that is open",
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


def check_closed_on(text: str) -> str | None:
    """The day on which an organisation is closed, as in ISO 8601 and no other way, or None for an empty field. Raises
    FieldError.
    """
    day = text.strip()
    if not day:
        return None
    try:
        # Python 3.11 takes 20261130 and weeks too.
        if date.fromisoformat(day).isoformat() != day:
            raise FieldError("wrong")
    except ValueError:
        raise FieldError("wrong") from None
    return day


# The same streets, numbers and places come again and again.
_street = _city = lru_cache(2**15)(check_address_line)
_house_number = lru_cache(2**12)(check_house_number)
_postcode = lru_cache(2**15)(check_postcode)
_ADDRESS_PARTS = ("street", "house_number", "postcode", "city")
_VISITING, _POSTAL = slice(3, 7), slice(7, 11)
_NO_ADDRESS = (None,) * (len(_ADDRESS_PARTS) + 1)


def check_row(values: Sequence[str], *, says_closed_on: bool = True) -> RegisterRow:
    """The canonical values of one line: in the order of COLUMNS, but each address with its country. `says_closed_on`
    is whether there is a column for that at all.

    A postal address is complete or empty; one equal to the visiting address becomes empty. Raises LineError with all
    errors.
    """
    wrong: list[FieldProblem] = []

    def check(column: str, rule: Callable[..., str | None], *arguments: str) -> str | None:
        try:
            return rule(*arguments)
        except FieldError as error:
            code = _CODES.get(error.reason, "field-invalid")
            wrong.append(FieldProblem(code, column, _error_message(column, error.reason)))
            return None

    def check_address(prefix: str, parts: Sequence[str], country: str) -> Values:
        street, number, postcode, city = parts
        code = check(f"{prefix}_country", check_country, country) or HOME
        return (
            check(f"{prefix}_street", _street, street),
            check(f"{prefix}_house_number", _house_number, number, code),
            check(f"{prefix}_postcode", _postcode, postcode, code),
            check(f"{prefix}_city", _city, city),
            code,
        )

    number, name, email = values[:3]
    method, visiting_country, postal_country, closed_on = values[-4:]
    first = (
        check("kvk_number", check_kvk_number, number),
        check("name", check_organisation_name, name),
        check("email", check_email, email),
    )
    visiting = check_address("visiting", values[_VISITING], visiting_country)
    postal: Values = _NO_ADDRESS
    if any(value.strip() for value in (*values[_POSTAL], postal_country)):
        postal = check_address("postal", values[_POSTAL], postal_country)
    paid = check("payment_method", check_payment_method, method)
    day = check("closed_on", check_closed_on, closed_on)
    if wrong:
        raise LineError(*wrong)
    known = (*first, *visiting, *(_NO_ADDRESS if postal == visiting else postal), paid)
    return RegisterRow(known, day, says_closed_on)


def row_of_object(found: Mapping[str, object]) -> RegisterRow:
    """The same of one JSON object, by the same rules: null is empty, and members of other names are not looked at.

    Raises LineError with all errors, also when a member is not there: what is left out would else be taken away.
    """
    values: list[str] = []
    wrong: list[FieldProblem] = []
    for column in COLUMNS:
        if column not in found and column not in OPTIONAL:
            says = f"{column} is not there: send null when it is empty"
            wrong.append(FieldProblem("member-missing", column, says))
        try:
            values.append(parsing.text_of(column, found.get(column)))
        except LineError as error:
            wrong += error.problems
    if wrong:
        raise LineError(*wrong)
    return check_row(values, says_closed_on="closed_on" in found)


def reject_repeated(seen: dict[str, int], row: RegisterRow, place: int, what: str) -> None:
    """Raise LineError for an organisation that was seen already; else remember it. `what` is what `place` counts."""
    number = str(row.values[0])
    first = seen.setdefault(number, place)
    if first != place:
        says = f"number {number} stands on {what} {first} already, and that {what} counts"
        raise LineError(FieldProblem("number-repeated", "kvk_number", says))


def _error_message(column: str, reason: str) -> str:
    if reason == "empty":
        return f"{column} is empty" + (" while the rest of the postal address is not" if "postal" in column else "")
    if reason == "long":
        return f"{column} is longer than {MAX_ORGANISATION_NAME_LENGTH if column == 'name' else MAX_LINE_LENGTH} signs"
    sample = _SAMPLES.get(column.removeprefix("visiting_").removeprefix("postal_"), "one line of letters")
    return f"{column} is not {sample}"

"""What a delivered order must say. A line of CSV, a line of JSON and what is sent to the API are held to one rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from selfservice.importing import parsing
from selfservice.importing.parsing import FieldProblem, InvalidValueError, LineError
from selfservice.orders import product_names, timestamps
from selfservice.values.access_code import CODE_LENGTH
from selfservice.values.characters import find_invisible, one_line

REQUIRED = ("number", "ordered_at", "access_code", "product", "payment", "state")
COLUMNS = (*REQUIRED, "amount", "cents", "invoice", "updated_at", *product_names.COLUMNS)
OPTIONAL = COLUMNS[len(REQUIRED) :]
PAYMENTS = ("credit", "direct_debit", "ideal", "credit_card")
STATES = ("ordered", "delivered", "failed", "cancelled")
MAX_CENTS = 100_000_000
MAX_NAME = 120
_PAYMENTS, _STATES = ({word: word for word in words} for words in (PAYMENTS, STATES))
# With every sign between its own letters that somebody might write; one of them is kept for each order of a run.
MAX_CODE_TEXT = 8 * CODE_LENGTH

_NOT_GIVEN = "is required: send it with each order."
_NOT_CODE = "is 1 to 32 letters, digits and hyphens."
_NOT_MOMENT = "is a moment in ISO 8601 with its offset, such as 2026-03-01T14:05:00+01:00."
_SKIPPED = "has no offset and is in an hour that the clock skipped: write it with its offset."
PROBLEM_CODES = {
    **parsing.PROBLEM_CODES,
    "number-missing": f"number {_NOT_GIVEN}",
    "number-invalid": f"number {_NOT_CODE}",
    "ordered-at-missing": f"ordered_at {_NOT_GIVEN}",
    "ordered-at-invalid": f"ordered_at {_NOT_MOMENT}",
    "ordered-at-skipped": f"ordered_at {_SKIPPED}",
    "ordered-at-too-old": "The order may not be kept any more: do not send it again.",
    "ordered-at-in-the-future": "ordered_at is more than a day ahead: correct it, or the clock that it comes from.",
    "access-code-missing": "access_code may be left out of an order that is known; this one is not.",
    "access-code-unknown": "No such access code was given out, or it was revoked over a year ago: ask who ordered.",
    "product-missing": f"product {_NOT_GIVEN}",
    "product-invalid": "product is a code of 1 to 64 letters, digits, dots, hyphens and underscores.",
    "payment-missing": f"payment {_NOT_GIVEN}",
    "payment-invalid": f"payment is one of {', '.join(PAYMENTS)}.",
    "state-missing": f"state {_NOT_GIVEN}",
    "state-invalid": f"state is one of {', '.join(STATES)}.",
    "amount-missing": "Send amount (euros with a point) or cents (a whole number).",
    "amount-and-cents": "Send amount or cents, not both.",
    "amount-invalid": "amount is euros with a point and at most two decimals, such as 12.50, as text.",
    "amount-too-large": "An order is of at most a million euros, also when the money goes back.",
    "cents-invalid": "cents is a whole number.",
    "invoice-invalid": f"invoice {_NOT_CODE} Leave it out when there is none.",
    "updated-at-invalid": f"updated_at {_NOT_MOMENT}",
    "updated-at-skipped": f"updated_at {_SKIPPED}",
    "updated-at-too-old": "updated_at is before 1970.",
    "updated-at-in-the-future": "updated_at is over five minutes ahead: correct the clock that it comes from.",
    "product-name-invalid": f"The name of a product is one line of at most {MAX_NAME} characters.",
}
"""What each code of a FieldProblem of an order means and what to do. A code keeps its meaning for good."""

_NUMBER = re.compile(r"[A-Z0-9-]{1,32}")
_PRODUCT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_AMOUNT = re.compile(r"(-?)([0-9]{1,400})(?:\.([0-9]{1,2}))?")
# What stands for any greater number: Python makes no text of one with thousands of digits.
_TOO_MANY = str(MAX_CENTS + 1)
_WHOLE = re.compile(r"-?[0-9]{1,400}")


class DeliveredOrder(NamedTuple):
    """An order as it was delivered, each value in its one form. `ordered_at` is in seconds since 1970 (UTC),
    `ordered_on` that moment's day in Amsterdam; `access_code` is as it was written, and empty when it is left out;
    `names` are in the order of product_names.COLUMNS and may be empty; `updated_at` is in microseconds since 1970
    (UTC), and 0 when it is not said.
    """

    number: str
    ordered_at: int
    ordered_on: str
    access_code: str
    product: str
    payment: str
    cents: int
    invoice: str | None
    state: str
    names: tuple[str, ...]
    updated_at: int


def validate(values: Sequence[str]) -> DeliveredOrder:
    """The order that these values, in the order of COLUMNS, speak of. Raises LineError, which names all that is wrong.

    Whether its access code is known is not looked at.
    """
    number, ordered_at, access_code, product, payment, state, amount, cents, invoice, updated_at, *names = values
    try:
        seconds, day = timestamps.parse(ordered_at)
        return DeliveredOrder(
            _number(number),
            seconds,
            day,
            "" if access_code.isspace() else access_code,
            _product(product),
            _payment(payment),
            _money(amount, cents),
            _invoice(invoice),
            _state(state),
            _names(tuple(names)),
            _updated_at(updated_at),
        )
    except ValueError:
        raise LineError(*_problems(dict(zip(COLUMNS, values, strict=True)))) from None


def values_of_object(found: object) -> tuple[str, ...]:
    """The values of one JSON object in the order of COLUMNS, for `validate`. Members of other names are not looked at:
    `unknown_fields` tells them.

    Each is cleaned (`clean_value`). Raises LineError when it is no object, a value has a control character, or one is
    neither a text nor (for `cents`) a whole number: an amount of money that a program reads as a floating-point number
    may be another one.
    """
    if not isinstance(found, Mapping):
        raise LineError(FieldProblem("not-an-object", "", "it is not a JSON object"))
    values: list[str] = []
    problems: list[FieldProblem] = []
    for column in COLUMNS:
        try:
            values.append(_text_of(column, found.get(column)))
        except LineError as error:
            problems += error.problems
    if problems:
        raise LineError(*problems)
    return tuple(values)


def unknown_fields(names: Iterable[str]) -> list[FieldProblem]:
    """A problem for each name that is none of COLUMNS (`parsing.unknown_fields`)."""
    return parsing.unknown_fields(names, COLUMNS)


def _text_of(column: str, value: object) -> str:
    if column != "cents" or value is None or isinstance(value, str):
        return parsing.text_of(column, value)
    if type(value) is not int:
        raise LineError(FieldProblem("cents-invalid", column, "cents is not a whole number"))
    return str(value) if abs(value) <= MAX_CENTS else _TOO_MANY


def _problems(values: dict[str, str]) -> Iterator[FieldProblem]:
    """All that is wrong with an order."""
    for columns, check in _CHECKS:
        try:
            check(*(values[column] for column in columns))
        except InvalidValueError as error:
            field = error.field or columns[0]
            name = "product-name" if field in product_names.COLUMNS else field.replace("_", "-")
            yield FieldProblem(f"{name}-{error.reason}", field, f"{field} {error}")


def _number(text: str) -> str:
    # Most are as they should be; the others are tried again in capitals, without spaces around them.
    if _NUMBER.fullmatch(text):
        return text
    number = text.strip().upper()
    # Not ß, of which capitals make SS.
    if not _NUMBER.fullmatch(number) or not text.strip().isascii():
        raise _refusal(number, "is not 1 to 32 letters, digits and hyphens")
    return number


def _refusal(value: str, message: str) -> InvalidValueError:
    return InvalidValueError("invalid", message) if value else InvalidValueError("missing", "is empty")


def _invoice(text: str) -> str | None:
    return _number(text) if text and not text.isspace() else None


def _product(text: str) -> str:
    return _product_code(text.strip())


@lru_cache(2**12)
def _product_code(code: str) -> str:
    if not _PRODUCT.fullmatch(code):
        raise _refusal(code, "is not 1 to 64 letters, digits, dots, hyphens and underscores")
    return code


def _payment(text: str) -> str:
    return _PAYMENTS.get(text) or _one_of(text, PAYMENTS)


def _state(text: str) -> str:
    return _STATES.get(text) or _one_of(text, STATES)


def _one_of(text: str, words: Sequence[str]) -> str:
    word = text.strip().lower()
    if word not in words:
        raise _refusal(word, f"is not one of {', '.join(words)}")
    return word


def _money(amount: str, cents: str) -> int:
    return _cents(amount.strip(), cents.strip())


@lru_cache(2**12)
def _cents(amount: str, cents: str) -> int:
    if amount and cents:
        raise InvalidValueError("and-cents", "stands there, and cents too; one of the two is enough")
    found = _WHOLE.fullmatch(cents) if cents else _AMOUNT.fullmatch(amount)
    if found is None:
        if not amount and not cents:
            raise InvalidValueError("missing", "is empty, and so is cents")
        if cents:
            raise InvalidValueError("invalid", "is not a whole number", "cents")
        raise InvalidValueError("invalid", "is not euros with a point, such as 12.50")
    money = int(found[0]) if cents else int(f"{found[1]}{found[2]}{(found[3] or ''):0<2}")
    if abs(money) > MAX_CENTS:
        raise InvalidValueError("too-large", "is over a million euros")
    return money


def _updated_at(text: str) -> int:
    return timestamps.parse_microseconds(text) if text and not text.isspace() else 0


@lru_cache(2**12)
def _names(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_name, texts))


def _name(text: str) -> str:
    # Looked at first, so that no text is remembered that is long by its spaces only.
    name = one_line(text) if len(text) <= 8 * MAX_NAME else text
    if len(name) > MAX_NAME or find_invisible(name) is not None:
        raise InvalidValueError("invalid", f"is not one line of at most {MAX_NAME} signs")
    return name


_CHECKS: tuple[tuple[tuple[str, ...], Callable[..., object]], ...] = (
    (("number",), _number),
    (("ordered_at",), timestamps.parse),
    (("product",), _product),
    (("payment",), _payment),
    (("state",), _state),
    (("amount", "cents"), _money),
    (("invoice",), _invoice),
    (("updated_at",), _updated_at),
    *(((column,), _name) for column in product_names.COLUMNS),
)

"""What a delivered order must say. A line of CSV, a line of JSON and what is sent to the API are held to one rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from selfservice.importing.parsing import LineError, clean_value
from selfservice.orders import product_names, timestamps
from selfservice.values.characters import find_invisible, one_line

REQUIRED = ("number", "ordered_at", "access_code", "product", "payment", "state")
COLUMNS = (*REQUIRED, "amount", "cents", "invoice", *product_names.COLUMNS)
OPTIONAL = COLUMNS[len(REQUIRED) :]
PAYMENTS = ("credit", "direct_debit", "ideal", "credit_card")
STATES = ("ordered", "delivered", "failed", "cancelled")
MAX_CENTS = 100_000_000
MAX_NAME = 120
_NUMBER = re.compile(r"[A-Z0-9-]{1,32}")
_PRODUCT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_AMOUNT = re.compile(r"(-?)([0-9]{1,400})(?:\.([0-9]{1,2}))?")
# What stands for any greater number: Python makes no text of one with thousands of digits.
_TOO_MANY = str(MAX_CENTS + 1)
_CENTS = re.compile(r"-?[0-9]{1,400}")


class DeliveredOrder(NamedTuple):
    """An order as it was delivered, each value in its one form. `ordered_at` is in seconds since 1970 (UTC),
    `ordered_on` that moment's day in Amsterdam; `access_code` is as it was written; `names` are in
    the order of product_names.COLUMNS and may be empty.
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


def validate(values: Sequence[str]) -> DeliveredOrder:
    """The order that these values, in the order of COLUMNS, speak of. Raises LineError, which names all that is wrong.

    Whether its access code is known is not looked at.
    """
    number, ordered_at, access_code, product, payment, state, amount, cents, invoice, *names = values
    try:
        seconds, day = timestamps.parse(ordered_at)
        return DeliveredOrder(
            _number(number),
            seconds,
            day,
            _code(access_code),
            _product(product),
            _payment(payment),
            _money(amount, cents),
            _invoice(invoice),
            _state(state),
            _names(tuple(names)),
        )
    except ValueError:
        raise LineError("; ".join(_wrongs(dict(zip(COLUMNS, values, strict=True))))) from None


def values_of_object(found: object) -> tuple[str, ...]:
    """The values of one JSON object in the order of COLUMNS, for `validate`. Members of other names are not looked at.

    Each is cleaned (`clean_value`). Raises LineError when it is no object, a value has a control character, or one is
    neither a text nor (for `cents`) a whole number: an amount of money that a program reads as a floating-point number
    may be another one.
    """
    if not isinstance(found, Mapping):
        raise LineError("it is not a JSON object")
    values, wrong = [], []
    for column in COLUMNS:
        value = found.get(column)
        if value is None:
            values.append("")
        elif isinstance(value, str):
            values.append(clean_value(column, value))
        elif column == "cents" and type(value) is int:
            values.append(str(value) if abs(value) <= MAX_CENTS else _TOO_MANY)
        else:
            wrong.append(f"{column} is not a {'whole number' if column == 'cents' else 'text'}")
    if wrong:
        raise LineError("; ".join(wrong))
    return tuple(values)


def _wrongs(values: dict[str, str]) -> list[str]:
    """All that is wrong with an order, each as a sentence about one column."""
    found = []
    for columns, each in _CHECKS:
        try:
            each(*(values[column] for column in columns))
        except ValueError as error:
            found.append(f"{columns[0]} {error}")
    return found


def _number(text: str) -> str:
    # Most are as they should be; the others are tried again in capitals, without spaces around them.
    if _NUMBER.fullmatch(text):
        return text
    number = text.strip().upper()
    # Not ß, of which capitals make SS.
    if not _NUMBER.fullmatch(number) or not text.strip().isascii():
        raise ValueError("is empty" if not number else "is not 1 to 32 letters, digits and hyphens")
    return number


def _invoice(text: str) -> str | None:
    return _number(text) if text and not text.isspace() else None


def _code(text: str) -> str:
    if not text or text.isspace():
        raise ValueError("is empty")
    return text


@lru_cache(2**12)
def _product(text: str) -> str:
    code = text.strip()
    if not _PRODUCT.fullmatch(code):
        raise ValueError("is empty" if not code else "is not 1 to 64 letters, digits, dots, hyphens and underscores")
    return code


def _payment(text: str) -> str:
    return text if text in PAYMENTS else _one_of(text, PAYMENTS)


def _state(text: str) -> str:
    return text if text in STATES else _one_of(text, STATES)


def _one_of(text: str, words: Sequence[str]) -> str:
    word = text.strip().lower()
    if word not in words:
        raise ValueError("is empty" if not word else f"is not one of {', '.join(words)}")
    return word


@lru_cache(2**14)
def _money(amount: str, cents: str) -> int:
    amount, cents = amount.strip(), cents.strip()
    if amount and cents:
        raise ValueError("stands there, and cents too; one of the two is enough")
    found = _CENTS.fullmatch(cents) if cents else _AMOUNT.fullmatch(amount)
    if found is None:
        if not amount and not cents:
            raise ValueError("is empty, and so is cents")
        raise ValueError("(cents) is not a whole number" if cents else "is not euros with a point, such as 12.50")
    money = int(found[0]) if cents else int(f"{found[1]}{found[2]}{(found[3] or ''):0<2}")
    if abs(money) > MAX_CENTS:
        raise ValueError("is over a million euros")
    return money


@lru_cache(2**12)
def _names(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_name, texts))


def _name(text: str) -> str:
    name = one_line(text)
    if len(name) > MAX_NAME or find_invisible(name) is not None:
        raise ValueError(f"is not one line of at most {MAX_NAME} signs")
    return name


_CHECKS: tuple[tuple[tuple[str, ...], Callable[..., object]], ...] = (
    (("number",), _number),
    (("ordered_at",), timestamps.parse),
    (("access_code",), _code),
    (("product",), _product),
    (("payment",), _payment),
    (("state",), _state),
    (("amount", "cents"), _money),
    (("invoice",), _invoice),
    *(((column,), _name) for column in product_names.COLUMNS),
)

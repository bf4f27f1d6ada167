"""The kinds of facts: how a value is validated, and formatted in the current language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from babel.lists import format_list

from selfservice.i18n.catalogs import catalog, gettext, ngettext
from selfservice.i18n.formats import format_date, format_money, format_time
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, current_language, language_of

FACT_GROUPS = ("business", "private")


class FactError(Exception):
    """A fact is unknown, or invalid for its kind. The message is for an editor."""


def _text(value: Any) -> str:
    return str(value.get(current_language()) or value[DEFAULT_LANGUAGE]) if isinstance(value, Mapping) else str(value)


def _phone(value: str) -> str:
    """As people write it: `088 585 15 85`, `0900 123 45 67`."""
    digits = "0" + value.removeprefix("+31") if value.startswith("+31") else value
    head = 4 if digits.startswith(("0900", "0800")) else 3
    rest = digits[head:]
    return " ".join([digits[:head], rest[:3], *(rest[i : i + 2] for i in range(3, len(rest), 2))])


def _counted_formatter(one: str, many: str) -> Callable[[Any], str]:
    """A formatter for a number, or a range, of something: `15 minutes`, `3 to 5 working days`."""

    def write(value: Any) -> str:
        if isinstance(value, list):
            unit = catalog(current_language()).ngettext(one, many, value[1])
            span = gettext("%(low)s to %(high)s", low=value[0], high=value[1])
            return unit.replace("%(num)s", span)
        return ngettext(one, many, value)

    return write


def _count(value: Any) -> str:
    return gettext("%(low)s to %(high)s", low=value[0], high=value[1]) if isinstance(value, list) else str(value)


def N_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 (the name that message extraction knows)
    """Mark a pair of texts for translation without translating it yet."""
    return one, many


FACT_KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], str]]] = {}


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) for n in value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and set(value) == set(LANGUAGES))


def _is_money(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


def _money(value: str) -> str:
    """`€0.90`; nothing to pay is `free`."""
    return format_money(amount) if (amount := Decimal(value)) else gettext("free")


def _time(value: dt.time) -> str:
    """`21:00`, or `midnight`: as 00:00 nobody knows of which day it is."""
    return format_time(value) if value > dt.time() else gettext("midnight")


def _payment_methods(value: list[str]) -> str:
    """`credit or direct debit`: the ways to pay that are open."""
    names = {"credit": gettext("credit"), "direct_debit": gettext("direct debit")}
    return format_list([names[method] for method in value], style="or", locale=language_of(current_language()).locale)


FACT_KINDS.update(
    payment_methods=(
        lambda v: isinstance(v, list) and bool(v) and set(v) <= {"credit", "direct_debit"},
        _payment_methods,
    ),
    text=(_is_text, _text),
    url=(_is_text, _text),
    email=(lambda v: isinstance(v, str) and v.count("@") == 1, _text),
    phone=(lambda v: isinstance(v, str) and v.lstrip("+").isdigit(), _phone),
    money=(_is_money, _money),
    percent=(_is_number, lambda v: f"{v}%"),
    date=(lambda v: type(v) is dt.date, format_date),
    time=(lambda v: isinstance(v, dt.time), _time),
    count=(_is_number, _count),
    minutes=(_is_number, _counted_formatter(*N_("%(num)s minute", "%(num)s minutes"))),
    hours=(_is_number, _counted_formatter(*N_("%(num)s hour", "%(num)s hours"))),
    days=(_is_number, _counted_formatter(*N_("%(num)s day", "%(num)s days"))),
    weeks=(_is_number, _counted_formatter(*N_("%(num)s week", "%(num)s weeks"))),
    working_days=(_is_number, _counted_formatter(*N_("%(num)s working day", "%(num)s working days"))),
    months=(_is_number, _counted_formatter(*N_("%(num)s month", "%(num)s months"))),
    years=(_is_number, _counted_formatter(*N_("%(num)s year", "%(num)s years"))),
)
# How a value of a kind is written, where its name does not say that.
FACT_EXAMPLES = {
    "date": "2027-01-01",
    "email": '"info@example.org"',
    "money": '"0.90"',
    "payment_methods": '["credit"]',
    "phone": '"0201234567"',
    "text": '"…", or {en = "…", nl = "…"} with all languages',
    "time": "21:00:00",
    "url": '"https://www.example.org"',
}

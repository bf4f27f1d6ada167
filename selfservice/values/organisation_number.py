"""Organisation numbers, as a register gives them; what number and register are called (site.toml)."""

from __future__ import annotations

import re
import unicodedata

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.site_config import SITE
from selfservice.values.error import FieldError, error_reason

DIGITS = SITE.organisation_number.digits if SITE.organisation_number else 0


def check_organisation_number(text: str) -> str:
    """The number in its digits, without spaces, dots, dashes or invisible characters. Raises FieldError."""
    number = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZPC")
    if not number:
        raise FieldError("empty")
    if not is_number(number):
        raise FieldError("wrong")
    return number


def is_number(text: str) -> bool:
    """Whether it is as many digits as the register's numbers have, and nothing else."""
    return bool(re.fullmatch(r"[0-9]+", text)) and len(text) == DIGITS


def organisation_number_error(text: str, *, optional: bool = False) -> str:
    """The error message for a typed number; empty if it is one, or `optional` and nothing was typed."""
    reason = error_reason(check_organisation_number, text)
    if reason == "empty" and not optional:
        return gettext("Fill in the %(number)s of your organisation.", number=number_name())
    if reason == "wrong" and SITE.organisation_number:
        return gettext(
            "This %(number)s is not right. It has %(digits)s digits, such as %(example)s.",
            number=number_name(),
            digits=DIGITS,
            example=SITE.organisation_number.example,
        )
    return gettext("There are no organisations here. Leave this empty.") if reason == "wrong" else ""


def number_name() -> str:
    """What the number is called, in the language in force."""
    return SITE.organisation_number.name[current_language()] if SITE.organisation_number else gettext("Number")


def number_label() -> str:
    """The same, as it begins a line."""
    name = number_name()
    return name[:1].upper() + name[1:]


def register_name() -> str:
    """What the register is called, with its article, in the language in force; empty when there is none."""
    return SITE.organisation_number.register[current_language()] if SITE.organisation_number else ""

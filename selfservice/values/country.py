"""Countries of addresses, by their two letters (ISO 3166), with their names in any language (CLDR)."""

from __future__ import annotations

from functools import cache

from babel import Locale

from selfservice.i18n.languages import current_language, language_of
from selfservice.values.characters import one_line
from selfservice.values.error import FieldError

HOME = "NL"
# What CLDR has a name for and no post goes to: groupings, and codes for tests and for what is not known.
_NO_COUNTRIES = frozenset(("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"))


@cache
def _names(locale: str) -> dict[str, str]:
    territories = Locale.parse(locale).territories
    return {code: name for code, name in territories.items() if code.isalpha() and code not in _NO_COUNTRIES}


def check_country(text: str) -> str:
    """The two letters of a country, in capitals; HOME for nothing. Raises FieldError."""
    code = one_line(text).upper() or HOME
    if code not in _names("en"):
        raise FieldError("wrong")
    return code


def country_line(code: str) -> str:
    """A country as the last line of an envelope has it: in capitals and in English, whatever the letter's language.

    That is how post from the Netherlands is addressed (PostNL, 'Adresseren van buitenlandse zendingen').
    """
    return _names("en")[code].upper()


def country_choices() -> list[tuple[str, str]]:
    """Code and name of every country but HOME, in the current language and in the order of its names."""
    names = _names(language_of(current_language()).locale)
    return sorted(((code, name) for code, name in names.items() if code != HOME), key=lambda each: each[1].casefold())


def home_name() -> str:
    """The name of HOME in the current language."""
    return _names(language_of(current_language()).locale)[HOME]

"""The texts of a language, from its compiled catalog."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations

from babel.support import Translations

from selfservice.config import ROOT
from selfservice.i18n.languages import SOURCE_LANGUAGE, current_language

CATALOGS = ROOT / "translations"


@cache
def catalog(code: str) -> NullTranslations:
    """The texts of a language. Raises FileNotFoundError when its catalog was not compiled,

    since Babel would otherwise show every text in English without a word.
    """
    if code == SOURCE_LANGUAGE:
        return NullTranslations()
    compiled = CATALOGS / code / "LC_MESSAGES" / "messages.mo"
    if not compiled.exists():
        raise FileNotFoundError(f"there is no {compiled}: `loket catalogs` makes it, and so does `make`")
    with compiled.open("rb") as file:
        return Translations(file)


def gettext(message: str, /, **variables: object) -> str:
    """The message in the language in force, with %(name)s filled in."""
    text = catalog(current_language()).gettext(message)
    return text % variables if variables else text


def ngettext(singular: str, plural: str, number: int, /, **variables: object) -> str:
    """The form of the message that goes with the number, as %(num)s and in the language in force."""
    text = catalog(current_language()).ngettext(singular, plural, number)
    return text % {"num": number, **variables}


def pgettext(context: str, message: str, /, **variables: object) -> str:
    """As gettext, for a message that needs a context to be told from its namesake."""
    text = catalog(current_language()).pgettext(context, message)
    return text % variables if variables else text

"""Message catalogs and gettext in the current language."""

from __future__ import annotations

import os
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.support import LazyProxy, Translations

from selfservice.config import ROOT, site_folder
from selfservice.i18n.languages import SOURCE_LANGUAGE, current_language

CATALOGS = ROOT / "translations"


def catalog_folder(code: str) -> Path:
    """Where the catalog of a language is: in the site's own `translations`, or else in Loket's."""
    own = site_folder(os.environ) / "translations"
    return (own if (own / code).is_dir() else CATALOGS) / code / "LC_MESSAGES"


@cache
def catalog(code: str) -> NullTranslations:
    """The compiled catalog of a language.

    Raises FileNotFoundError if it was not compiled: Babel would silently fall back to English.
    """
    if code == SOURCE_LANGUAGE:
        return NullTranslations()
    compiled = catalog_folder(code) / "messages.mo"
    if not compiled.exists():
        raise FileNotFoundError(f"there is no {compiled}: `loket catalogs` makes it, of a new language with --update")
    with compiled.open("rb") as file:
        return Translations(file)


def gettext(message: str, /, **variables: object) -> str:
    """The message in the current language, with %(name)s filled in."""
    text = catalog(current_language()).gettext(message)
    return text % variables if variables else text


def lazy_gettext(message: str, /, **variables: object) -> LazyProxy:
    """The message, translated when it is shown: for what is written once, such as a field's label."""
    # Without the cache, which would keep the language that asked first.
    return LazyProxy(gettext, message, enable_cache=False, **variables)


def ngettext(singular: str, plural: str, number: int, /, **variables: object) -> str:
    """The plural form for the number, in the current language, with %(num)s filled in."""
    text = catalog(current_language()).ngettext(singular, plural, number)
    return text % {"num": number, **variables}


def pgettext(context: str, message: str, /, **variables: object) -> str:
    """As `gettext`, for a message that needs a context to distinguish it from another."""
    text = catalog(current_language()).pgettext(context, message)
    return text % variables if variables else text

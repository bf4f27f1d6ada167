"""The languages of the site, and the current one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from selfservice.site_config import SITE

LANGUAGES = SITE.languages
LANGUAGE_NAMES = {"en": "English", "nl": "Nederlands"}
LOCALES = {"en": "en_GB", "nl": "nl_NL"}
SOURCE_LANGUAGE = "en"
DEFAULT_LANGUAGE = SITE.default_language
TIMEZONE = SITE.time_zone

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def current_language() -> str:
    """The code of the current language: one of LANGUAGES."""
    return _language.get()


def set_language(code: str) -> None:
    """Set the current language for the rest of this context (a request, a page being built)."""
    if code not in LANGUAGES:
        raise ValueError(f"not one of our languages: {code!r}")
    _language.set(code)


@contextmanager
def using_language(code: str) -> Iterator[None]:
    """Set the current language inside the block, and restore it afterwards."""
    before = _language.get()
    set_language(code)
    try:
        yield
    finally:
        _language.set(before)


def other_language(code: str | None = None) -> str:
    """The language to switch to from this one (by default the current one)."""
    here = code or current_language()
    return next(one for one in LANGUAGES if one != here)

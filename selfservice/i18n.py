"""The two languages: which one is in force, its texts, its way of writing dates and amounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache, lru_cache
from gettext import NullTranslations
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.numbers import format_currency
from babel.support import Translations
from markupsafe import Markup

from selfservice.config import ROOT

LANGUAGES = ("en", "nl")
LANGUAGE_NAMES = {"en": "English", "nl": "Nederlands"}
LOCALES = {"en": "en_GB", "nl": "nl_NL"}
SOURCE_LANGUAGE = "en"
DEFAULT_LANGUAGE = "nl"
TIMEZONE = ZoneInfo("Europe/Amsterdam")
CATALOGS = ROOT / "translations"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def language() -> str:
    """The code of the language in force here: one of LANGUAGES."""
    return _language.get()


def set_language(code: str) -> None:
    """Put a language in force for the rest of this context (a request, a page being written)."""
    if code not in LANGUAGES:
        raise ValueError(f"not one of our languages: {code!r}")
    _language.set(code)


@contextmanager
def using(code: str) -> Iterator[None]:
    """Put a language in force inside the block, and the one before it back afterwards."""
    before = _language.get()
    set_language(code)
    try:
        yield
    finally:
        _language.set(before)


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
    text = catalog(language()).gettext(message)
    return text % variables if variables else text


def ngettext(singular: str, plural: str, number: int, /, **variables: object) -> str:
    """The form of the message that goes with the number, as %(num)s and in the language in force."""
    text = catalog(language()).ngettext(singular, plural, number)
    return text % {"num": number, **variables}


def pgettext(context: str, message: str, /, **variables: object) -> str:
    """As gettext, for a message that needs a context to be told from its namesake."""
    text = catalog(language()).pgettext(context, message)
    return text % variables if variables else text


def format_date(day: dt.date) -> str:
    """`26 March 2025`, `26 maart 2025`."""
    return babel_date(day, "d MMMM y", locale=LOCALES[language()])


def format_time(moment: dt.time) -> str:
    """`21:00`, `21.00 uur`: Dutch writes hours with a point (Taalunie) and says what they are."""
    if language() == "nl":
        return babel_time(moment, "HH.mm 'uur'", locale=LOCALES["nl"])
    return babel_time(moment, "HH:mm", locale=LOCALES["en"])


def format_moment(moment: dt.datetime) -> str:
    """Day and time in Amsterdam: `26 March 2025 14:05`, `26 maart 2025 14.05 uur`."""
    local = moment.astimezone(TIMEZONE)
    return f"{format_date(local.date())} {format_time(local.time())}"


def format_money(euros: Decimal) -> str:
    """`€0.90`, `€ 0,90` (with a no-break space)."""
    return _money(language(), euros)


# Prices are facts: few, and on every page. Babel takes a tenth of a millisecond for each.
@lru_cache(maxsize=1024)
def _money(code: str, euros: Decimal) -> str:
    return format_currency(euros, "EUR", locale=LOCALES[code])


def other_language(code: str | None = None) -> str:
    """The language to switch to from this one (the one in force when none is given)."""
    here = code or language()
    return next(one for one in LANGUAGES if one != here)


@lru_cache(maxsize=4096)
def _plain(code: str, message: str) -> Markup:
    return Markup(catalog(code).gettext(message) % {})  # noqa: S704 (a text of ours; Jinja's gettext does the same)


@jinja2.pass_eval_context
def _in_template(evaluation: jinja2.nodes.EvalContext, message: str, /, **variables: object) -> str:
    """`_` in templates, as Jinja's own 'newstyle' gettext: the text is ours, what is filled in is escaped."""
    if variables or not evaluation.autoescape:
        text = catalog(language()).gettext(message)
        return (Markup(text) if evaluation.autoescape else text) % variables  # noqa: S704
    return _plain(language(), message)


def install(env: jinja2.Environment) -> None:
    """Give a Jinja environment gettext and the formats, in whichever language is in force when it renders."""
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: catalog(language()).gettext(text),
        lambda one, many, number: catalog(language()).ngettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: catalog(language()).pgettext(context, text),
        npgettext=lambda context, one, many, number: catalog(language()).npgettext(context, one, many, number),
    )
    # Most of a template's texts by far; Jinja's own way takes six calls for each.
    env.globals["_"] = _in_template
    env.globals["languages"] = LANGUAGE_NAMES
    env.globals["other_language"] = other_language
    env.filters["date"] = format_date
    env.filters["moment"] = format_moment
    env.filters["money"] = format_money

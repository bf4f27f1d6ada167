"""The languages of the site, what is known of each, and the current one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError

from selfservice.config import ConfigError
from selfservice.site_config import FILE, SITE

LANGUAGES = SITE.languages
# What the code is written in: always known, and what operators and programs read.
SOURCE_LANGUAGE = "en"
DEFAULT_LANGUAGE = SITE.default_language
TIMEZONE = SITE.time_zone

# Small words that say little: searched for only when nothing else was typed.
_ENGLISH = """
a about am an and any are as at be been but by can cant could did didnt do does doesnt dont for from get
had has have how i if im in is isnt it its me my no not of on or our please should so some that the
their them then there they this to up us was we were what when where which who why will with wont would
you your
also anymore anyone anything got hello he hi ive just may me might must now only or please really she should since
someone something still thanks thing things today tomorrow tonight too urgent very via way well whats whether while yet
"""
_DUTCH = """
aan al alle alles als ben bij dan dat de den der deze die dit doe doen door dus een en er ga gaan had
heb hebben heeft het hoe hun ik in is je jij jullie kan kon kun kunnen maar me mee met mij mijn moet
moeten na naar niet nog nu of om ons onze ook op over te ten ter tot u uit uw van via voor waar waarom
wanneer wat we welk welke wie wij wil willen word worden wordt zal ze zich zij zijn zo zonder
alstublieft alsjeblieft aub beste daar dag dank ander andere daarvoor eens eigenlijk even geen gewoon goed graag hallo
hier iemand iets kunt mag me misschien mogen niemand niets nou opeens soms steeds svp toch vanaf want weer wel
dringend morgen snel spoed vanavond vandaag zelf zou
"""
# How people ask, whatever they ask for: a page need not have these words.
_ENGLISH_ASKING = """
activate apply arrange ask begin cancel change edit end explain explanation find give help info information know look
make manage need possible provide question receive request see set show start stop switch tell turn understand update
use view want way work
"""
_DUTCH_ASKING = """
aanpassen aanvragen aanzetten activeren annuleren beginnen bekijken beeindigen doorgeven gebruiken geven helpen hulp
info informatie instellen inzien komen krijgen laten lukt mogelijk nodig ontvangen opvragen opzeggen regelen starten
stoppen stopzetten uitleg uitzetten veranderen vinden vragen weet werkt weten wijzigen zien zoeken
"""
# Words that part from their verb: `aanvragen`, "vraag … aan".
_DUTCH_PARTICLES = """
aan achter af bij binnen dicht door in klaar langs los mee na neer om onder op open over samen tegen terug
toe uit vast vol voor voort weer weg
"""
# What a language is that does not follow from its code by Babel (CLDR) and Snowball: the fields of Language.
_KNOWN: dict[str, dict[str, Any]] = {
    "en": {
        "locale": "en_GB",
        "asking_words": frozenset(_ENGLISH_ASKING.split()),
        # English is read where 3/4 is in April too.
        "file_date": "yyyy-mm-dd",
        "stop_words": frozenset(_ENGLISH.split()),
        "negations": frozenset(("cannot", "cant", "didnt", "doesnt", "dont", "isnt", "never", "no", "not", "wont")),
    },
    "nl": {
        "locale": "nl_NL",
        # With a point (Taalunie), and saying what it is.
        "time": "HH.mm 'uur'",
        # Each keeps some plurals apart (wachtwoorden; bedrijven), hardly ever the same ones.
        "stemmers": ("dutch", "dutch_porter"),
        "has_compounds": True,
        "stop_words": frozenset(_DUTCH.split()),
        "asking_words": frozenset(_DUTCH_ASKING.split()),
        "particles": frozenset(_DUTCH_PARTICLES.split()),
        "negations": frozenset(("geen", "niet", "nooit")),
    },
}


@dataclass(frozen=True)
class Language:
    """How a language is written, by people and by spreadsheets, and searched.

    `name` is its own for itself. `time` is a pattern of Babel's. `file_date` is how a spreadsheet of this language
    writes days, as Excel's format; `separator` and `decimal` what its CSV has. `stemmers` are names of Snowball's
    algorithms, which need not exist; of a language that `has_compounds` the parts of words are found too. Search passes
    over `stop_words`, and does not insist on `asking_words`; `particles` part from their verbs,
    and `negations` say that something does not work or is not there.
    """

    locale: str
    name: str
    time: str
    file_date: str
    separator: str
    decimal: str
    stemmers: tuple[str, ...]
    has_compounds: bool = False
    stop_words: frozenset[str] = frozenset()
    asking_words: frozenset[str] = frozenset()
    particles: frozenset[str] = frozenset()
    negations: frozenset[str] = frozenset()


@cache
def language_of(code: str) -> Language:
    """What is known of a language. Raises ConfigError for one that Babel does not know and that has no row here."""
    known = _KNOWN.get(code, {})
    try:
        babel = Locale.parse(known.get("locale", code))
    except (UnknownLocaleError, ValueError):
        raise ConfigError(
            f"{FILE}: nothing is known of the language '{code}': it needs a locale in selfservice/i18n/languages.py"
        ) from None
    name = babel.get_language_name() or code
    decimal = babel.number_symbols["latn"]["decimal"]
    found: Mapping[str, Any] = {
        "locale": str(babel),
        "name": name[:1].upper() + name[1:],
        "time": babel.time_formats["short"].pattern,
        "file_date": _file_date(babel.date_formats["short"].pattern),
        "separator": "," if decimal == "." else ";",
        "decimal": decimal,
        "stemmers": ((babel.get_language_name("en") or code).lower(),),
    }
    return Language(**(dict(found) | known))


def _file_date(pattern: str) -> str:
    """Babel's pattern of a short day with all its digits, as Excel's; of another form, that of ISO 8601."""
    parts = re.fullmatch(r"([dMy])\1*([-/.])([dMy])\3*\2([dMy])\4*", pattern)
    if parts is None:
        return "yyyy-mm-dd"
    return parts[2].join({"d": "dd", "M": "mm", "y": "yyyy"}[part] for part in parts.group(1, 3, 4))


LANGUAGE_NAMES = {code: language_of(code).name for code in LANGUAGES}

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def current_language() -> str:
    """The code of the current language: one of LANGUAGES, or the source's."""
    return _language.get()


def set_language(code: str) -> None:
    """Set the current language for the rest of this context (a request, a page being built)."""
    if code not in LANGUAGES and code != SOURCE_LANGUAGE:
        raise ValueError(f"not one of our languages: {code!r}")
    _language.set(code)


@contextmanager
def using_language(code: str) -> Iterator[None]:
    """Set the current language inside the block, and restore it afterwards. For one that the site no longer has, as the
    row of a person may say, it is the default.
    """
    before = _language.get()
    set_language(code if code in (*LANGUAGES, SOURCE_LANGUAGE) else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.set(before)

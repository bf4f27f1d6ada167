"""What is known of a language that the site does not have yet: all that it takes to write and search it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from selfservice.config import ConfigError
from selfservice.i18n import languages
from selfservice.i18n.formats import format_money
from selfservice.i18n.languages import DEFAULT_LANGUAGE, current_language, language_of, using_language
from selfservice.orders import labels


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ("English", ",", ".", "yyyy-mm-dd", "HH:mm", ("english",))),
        ("nl", ("Nederlands", ";", ",", "dd-mm-yyyy", "HH.mm 'uur'", ("dutch", "dutch_porter"))),
        ("de", ("Deutsch", ";", ",", "dd.mm.yyyy", "HH:mm", ("german",))),
        ("fr", ("Français", ";", ",", "dd/mm/yyyy", "HH:mm", ("french",))),
        ("sv", ("Svenska", ";", ",", "yyyy-mm-dd", "HH:mm", ("swedish",))),
        # Written with spaces, which no file needs.
        ("hu", ("Magyar", ";", ",", "yyyy-mm-dd", "H:mm", ("hungarian",))),
        # No algorithm has this name.
        ("fy", ("Frysk", ";", ",", "dd-mm-yyyy", "HH:mm", ("western frisian",))),
    ],
)
def test_language(code: str, expected: tuple[str, str, str, str, str, tuple[str, ...]]) -> None:
    """Name, CSV, days, hours and stemmer follow from the code, but for what the table says."""
    known = language_of(code)
    found = (known.name, known.separator, known.decimal, known.file_date, known.time, known.stemmers)
    assert expected == found


def test_nothing_known() -> None:
    """A language that Babel does not know asks for a row in the table, and does not begin without."""
    with pytest.raises(ConfigError, match="nothing is known of the language 'qaa': it needs a locale"):
        language_of("qaa")


@pytest.mark.parametrize("code", ["ar", "de", "es", "fr", "fy", "hi", "it", "pl", "pt", "sv", "tr", "uk"])
@pytest.mark.parametrize("cents", [1234567, -1234567])
def test_amounts(monkeypatch: pytest.MonkeyPatch, code: str, cents: int) -> None:
    """An amount in a list is what Babel writes, in any language."""
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "nl", code))
    with using_language(code):
        assert format_money(Decimal(cents) / 100) == labels.format_euros(cents)


def test_language_that_is_gone() -> None:
    """Who chose a language that the site has no longer reads the default."""
    with using_language("de"):
        assert DEFAULT_LANGUAGE == current_language()

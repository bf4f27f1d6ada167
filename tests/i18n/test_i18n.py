"""Texts and formats follow the language in force, and nothing else."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal

import jinja2
import pytest

from selfservice.i18n.formats import format_date, format_money, format_time, format_timestamp
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, current_language, set_language, using_language
from selfservice.i18n.templates import install_translations
from selfservice.web.layout import JINJA_OPTIONS


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ["26 March 2025", "€0.90", "€1,234.50", "21:00", "26 March 2025 at 14:05"]),
        ("nl", ["26 maart 2025", "€\xa00,90", "€\xa01.234,50", "21.00 uur", "26 maart 2025 om 14.05 uur"]),
    ],
)
def test_formats(lang: str, expected: list[str]) -> None:
    """Dates, amounts and times are written as the language does, moments in Amsterdam's time."""
    with using_language(lang):
        written = [
            format_date(dt.date(2025, 3, 26)),
            format_money(Decimal("0.90")),
            format_money(Decimal("1234.50")),
            format_time(dt.time(21)),
            format_timestamp(dt.datetime(2025, 3, 26, 13, 5, tzinfo=dt.UTC)),
        ]
    assert expected == written


def test_summer_time() -> None:
    """In summer Amsterdam is two hours ahead."""
    with using_language("en"):
        assert "26 July 2025 at 14:05" == format_timestamp(dt.datetime(2025, 7, 26, 12, 5, tzinfo=dt.UTC))


def test_using_puts_back() -> None:
    """After the block the language before it is in force, whatever happened in it."""
    before = current_language()
    with pytest.raises(ZeroDivisionError), using_language("en"), using_language("nl"):
        raise ZeroDivisionError
    assert before == current_language()


def test_unknown_language() -> None:
    """A language that we do not have cannot be put in force."""
    with pytest.raises(ValueError, match="'de'"):
        set_language("de")


def test_threads_do_not_mix() -> None:
    """A language is in force in its own request only."""
    seen = []
    with using_language("en"):
        other = threading.Thread(target=lambda: seen.append(current_language()))
        other.start()
        other.join()
    assert [DEFAULT_LANGUAGE] == seen


def test_template_follows_language() -> None:
    """One compiled template writes both languages."""
    env = jinja2.Environment(**JINJA_OPTIONS)
    install_translations(env)
    template = env.from_string("{{ day|date }} {{ price|money }} {{ language_of(default_language).locale }}")
    written = []
    for lang in LANGUAGES:
        with using_language(lang):
            written.append(template.render(day=dt.date(2025, 3, 1), price=Decimal(2)))
    assert ["1 March 2025 €2.00 nl_NL", "1 maart 2025 €\xa02,00 nl_NL"] == written


def test_gettext_escapes() -> None:
    """What is filled into a text in a template is escaped; the text's own tags stay."""
    env = jinja2.Environment(**JINJA_OPTIONS)
    install_translations(env)
    template = env.from_string("{% trans name=name %}<b>{{ name }}</b>{% endtrans %}")
    assert "<b>&lt;i&gt;</b>" == template.render(name="<i>")

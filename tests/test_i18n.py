"""Texts and formats follow the language in force, and nothing else."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal

import jinja2
import pytest

from selfservice import i18n
from selfservice.templating import ENVIRONMENT


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ["26 March 2025", "€0.90", "€1,234.50", "21:00", "26 March 2025 14:05"]),
        ("nl", ["26 maart 2025", "€\xa00,90", "€\xa01.234,50", "21.00 uur", "26 maart 2025 14.05 uur"]),
    ],
)
def test_formats(lang: str, expected: list[str]) -> None:
    """Dates, amounts and times are written as the language does, moments in Amsterdam's time."""
    with i18n.using(lang):
        written = [
            i18n.format_date(dt.date(2025, 3, 26)),
            i18n.format_money(Decimal("0.90")),
            i18n.format_money(Decimal("1234.50")),
            i18n.format_time(dt.time(21)),
            i18n.format_moment(dt.datetime(2025, 3, 26, 13, 5, tzinfo=dt.UTC)),
        ]
    assert expected == written


def test_summer_time() -> None:
    """In summer Amsterdam is two hours ahead."""
    with i18n.using("en"):
        assert "26 July 2025 14:05" == i18n.format_moment(dt.datetime(2025, 7, 26, 12, 5, tzinfo=dt.UTC))


def test_using_puts_back() -> None:
    """After the block the language before it is in force, whatever happened in it."""
    before = i18n.language()
    with pytest.raises(ZeroDivisionError), i18n.using("en"), i18n.using("nl"):
        raise ZeroDivisionError
    assert before == i18n.language()


def test_unknown_language() -> None:
    """A language that we do not have cannot be put in force."""
    with pytest.raises(ValueError, match="'de'"):
        i18n.set_language("de")


def test_threads_do_not_mix() -> None:
    """A language is in force in its own request only."""
    seen = []
    with i18n.using("en"):
        other = threading.Thread(target=lambda: seen.append(i18n.language()))
        other.start()
        other.join()
    assert [i18n.DEFAULT_LANGUAGE] == seen


def test_template_follows_language() -> None:
    """One compiled template writes both languages."""
    env = jinja2.Environment(**ENVIRONMENT)
    i18n.install(env)
    template = env.from_string("{{ day|date }} {{ price|money }} {{ other_language() }}")
    written = []
    for lang in i18n.LANGUAGES:
        with i18n.using(lang):
            written.append(template.render(day=dt.date(2025, 3, 1), price=Decimal(2)))
    assert ["1 March 2025 €2.00 nl", "1 maart 2025 €\xa02,00 en"] == written


def test_gettext_escapes() -> None:
    """What is filled into a text in a template is escaped; the text's own tags stay."""
    env = jinja2.Environment(**ENVIRONMENT)
    i18n.install(env)
    template = env.from_string("{% trans name=name %}<b>{{ name }}</b>{% endtrans %}")
    assert "<b>&lt;i&gt;</b>" == template.render(name="<i>")

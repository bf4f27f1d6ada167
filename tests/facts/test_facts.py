"""Facts: how each kind is written in each language, which value holds when and for whom, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import pytest

from selfservice.config import ROOT
from selfservice.facts.fact import Fact
from selfservice.facts.facts import Facts
from selfservice.facts.file import read_text
from selfservice.facts.kinds import FACT_KINDS, FactError
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, SOURCE_LANGUAGE, using_language
from selfservice.web.layout import JINJA_OPTIONS

DAY = dt.date(2026, 11, 21)


def load(folder: Path, text: str, day: dt.date = DAY) -> Facts:
    """The facts of a file with this text."""
    file = folder / "facts.toml"
    file.write_text(text, "utf-8")
    return Facts.load(file, day)


def one(folder: Path, body: str, day: dt.date = DAY) -> Fact:
    """The only fact, `a.b`, of a file; the body says all but its source."""
    return load(folder, f'[a.b]\nsource = "s"\n{body}\n', day).get("a.b")


def both(fact: Fact) -> list[str]:
    """A fact as written in English and in Dutch."""
    written = []
    for lang in LANGUAGES:
        with using_language(lang):
            written.append(str(fact))
    return written


WRITTEN: list[tuple[str, str, Any, str, str]] = [
    ("payment_methods", '["credit"]', ("credit",), "credit", "tegoed"),
    ("payment_methods", '["credit", "direct_debit"]', None, "credit or direct debit", "tegoed of automatische incasso"),
    ("text", '"KVK"', "KVK", "KVK", "KVK"),
    ("text", '{ en = "one", nl = "een" }', None, "one", "een"),
    ("url", '"https://www.kvk.nl/"', "https://www.kvk.nl/", "https://www.kvk.nl/", "https://www.kvk.nl/"),
    ("email", '"a@b.example"', "a@b.example", "a@b.example", "a@b.example"),
    ("phone", '"+31885851585"', "+31885851585", "088 585 15 85", "088 585 15 85"),
    ("phone", '"09001234567"', "09001234567", "0900 123 45 67", "0900 123 45 67"),
    ("money", '"0.90"', Decimal("0.90"), "€0.90", "€\xa00,90"),
    ("money", '"0.00"', Decimal(0), "free", "gratis"),
    ("money", '"1234.5"', Decimal("1234.5"), "€1,234.50", "€\xa01.234,50"),
    ("percent", "21", 21, "21%", "21%"),
    ("date", "2025-03-26", dt.date(2025, 3, 26), "26 March 2025", "26 maart 2025"),
    ("time", "21:00:00", dt.time(21), "21:00", "21.00 uur"),
    ("time", "08:05:00", dt.time(8, 5), "08:05", "08.05 uur"),
    ("time", "00:00:00", dt.time(), "midnight", "middernacht"),
    ("count", "30", 30, "30", "30"),
    ("count", "[2, 4]", (2, 4), "2 to 4", "2 tot 4"),
    ("minutes", "1", 1, "1 minute", "1 minuut"),
    ("minutes", "15", 15, "15 minutes", "15 minuten"),
    ("hours", "1", 1, "1 hour", "1 uur"),
    ("hours", "24", 24, "24 hours", "24 uur"),
    ("days", "1", 1, "1 day", "1 dag"),
    ("days", "14", 14, "14 days", "14 dagen"),
    ("weeks", "8", 8, "8 weeks", "8 weken"),
    ("weeks", "1", 1, "1 week", "1 week"),
    ("working_days", "[3, 5]", (3, 5), "3 to 5 working days", "3 tot 5 werkdagen"),
    ("working_days", "1", 1, "1 working day", "1 werkdag"),
    ("months", "6", 6, "6 months", "6 maanden"),
    ("years", "1", 1, "1 year", "1 jaar"),
    ("years", "3", 3, "3 years", "3 jaar"),
]


@pytest.mark.parametrize(("kind", "toml", "value", "english", "dutch"), WRITTEN)
def test_written(tmp_path: Path, kind: str, toml: str, value: object, english: str, dutch: str) -> None:
    """Each kind is written as each language does, and programs get a value to compute with."""
    fact = one(tmp_path, f'kind = "{kind}"\nvalue = {toml}')
    assert [english, dutch] == both(fact)
    assert value is None or value == fact.value


def test_every_kind_is_tested() -> None:
    """No kind is left out above."""
    assert set(FACT_KINDS) == {row[0] for row in WRITTEN}


@pytest.mark.parametrize(
    ("kind", "value", "link"),
    [
        ("phone", '"+31885851585"', '<a href="tel:+31885851585">088 585 15 85</a>'),
        ("phone", '"09001234567"', '<a href="tel:09001234567">0900 123 45 67</a>'),
        ("email", '"a@b.example"', '<a href="mailto:a@b.example">a@b.example</a>'),
        ("url", '"https://www.kvk.nl/"', '<a href="https://www.kvk.nl/">www.kvk.nl</a>'),
        ("text", '"R&D <b>"', "R&amp;D &lt;b&gt;"),
        ("count", "3", "3"),
    ],
)
def test_link(tmp_path: Path, kind: str, value: str, link: str) -> None:
    """In running text a telephone number, an e-mail address and a website are links; all else is escaped text."""
    assert link == str(one(tmp_path, f'kind = "{kind}"\nvalue = {value}').link())


GROUPED = 'kind = "days"\nvalues = [{ value = 3, for = "business" }, { value = 7, for = "private" }]'


def test_groups(tmp_path: Path) -> None:
    """A value may differ for business and private users; each is asked for by name."""
    facts = load(tmp_path, f'[a.b]\nsource = "s"\n{GROUPED}\n')
    env = jinja2.Environment(**JINJA_OPTIONS)
    with using_language("en"):
        written = env.from_string("{{ fact.a.b.business }}, {{ fact.a.b.private.value }}").render(fact=facts)
    assert ("3 days, 7", 7) == (written, facts.get("a.b.private").value)


CHANGING = """kind = "money"
values = [{ value = "0.90", until = 2026-12-31 }, { value = "1.00", from = 2027-01-01 }]"""


@pytest.mark.parametrize(
    ("day", "value"),
    [(dt.date(2026, 12, 31), "0.90"), (dt.date(2027, 1, 1), "1.00"), (dt.date(2020, 1, 1), "0.90")],
)
def test_valid_on(tmp_path: Path, day: dt.date, value: str) -> None:
    """On its last day a value still holds, on the next day the new one does."""
    assert Decimal(value) == one(tmp_path, CHANGING, day).value


def test_changes(tmp_path: Path) -> None:
    """The days to come on which something changes are known, so that somebody can be told to build again."""
    text = f'[a.b]\nsource = "s"\n{CHANGING}\n'
    changes = [load(tmp_path, text, day).changes for day in (DAY, dt.date(2027, 1, 1))]
    assert [(dt.date(2027, 1, 1),), ()] == changes


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('kind = "colour"\nvalue = "red"', "'colour' is not a kind of fact"),
        ('kind = "count"\nvalue = "three"', "'three' is not a count"),
        ('kind = "count"\nvalue = true', "True is not a count"),
        ('kind = "count"\nvalue = [1, 2, 3]', r"\[1, 2, 3\] is not a count"),
        ('kind = "money"\nvalue = "1,00"', "'1,00' is not a money"),
        ('kind = "money"\nvalue = 0.9', "0.9 is not a money"),
        ('kind = "phone"\nvalue = "088 585"', "'088 585' is not a phone"),
        ('kind = "email"\nvalue = "nobody"', "'nobody' is not a email"),
        ('kind = "date"\nvalue = "2025-03-26"', "'2025-03-26' is not a date"),
        ('kind = "time"\nvalue = 21', "21 is not a time"),
        ('kind = "text"\nvalue = { en = "only English" }', "is not a text"),
        ('kind = "count"', "needs either value or values"),
        ('kind = "count"\nvalue = 1\nvalues = []', "needs either value or values"),
        ('kind = "count"\nvalue = 1\nvaleu = 2', "needs exactly kind, value"),
        ('kind = "count"\nvalues = []', "must have exactly one value on 2026-11-21"),
        ('kind = "count"\nvalues = [{ value = 1, from = 2027-01-01 }]', "must have exactly one value"),
        ('kind = "count"\nvalues = [{ value = 1 }, { value = 2 }]', "must have exactly one value"),
        ('kind = "count"\nvalues = [{ value = 1, for = "aliens" }]', "for = 'aliens' is not one of"),
    ],
)
def test_refused(tmp_path: Path, body: str, message: str) -> None:
    """What is written wrongly is refused with the file and the line of the fact."""
    with pytest.raises(FactError, match=message) as caught:
        load(tmp_path, f'# a remark\n\n[a.b]\nsource = "s"\n{body}\n')
    assert str(caught.value).startswith("content/facts.toml:3: ")


@pytest.mark.parametrize("body", ["value = 1", 'kind = "count"\nvalue = 1'])
def test_kind_and_source(tmp_path: Path, body: str) -> None:
    """Every fact says its kind and where it comes from."""
    with pytest.raises(FactError, match=r"facts.toml:1: 'a.b' needs exactly kind"):
        load(tmp_path, f"[a.b]\n{body}\n")


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('a = "b"\na = "c"', "2: .*; what stands before the = stands in this table already"),
        ("[a]\n[a]", "2: .*; a table stands in the file once"),
        ('page.md#see = ["b"]', "1: .*; what stands before the = needs quotes, unless it is one word"),
        ('a = ["b]', "1: .*; a quote is missing on this line"),
        ('a = ["b" "c"]', "1: .*; a ] or a comma is missing on this line or above it"),
        ("a = 2027-06-31", "1: .*; there is no such day"),
    ],
)
def test_what_was_meant(tmp_path: Path, body: str, hint: str) -> None:
    """Of the mistakes that editors make most, the message says what to look for."""
    with pytest.raises(FactError, match=rf"facts\.toml:{hint} \(docs/"):
        load(tmp_path, f"{body}\n")


def test_not_toml(tmp_path: Path) -> None:
    """A file that is no TOML is refused with the place of the mistake."""
    with pytest.raises(FactError, match=r"facts\.toml:2: .*TOML"):
        load(tmp_path, '[a.b]\nkind = = "count"\n')


def test_stray_key(tmp_path: Path) -> None:
    """A value outside a fact is refused, not passed over."""
    for text in ('[a]\nkind = "count"\n', 'a = "count"\n'):
        with pytest.raises(FactError, match=r"facts\.toml:1: 'a"):
            load(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mail.per_our", "there is no fact 'mail.per_our'; did you mean 'mail.per_hour'?"),
        ("zzz.yyy", "there is no fact 'zzz.yyy'"),
        ("mail.per_hour.aliens", "there is no fact 'mail.per_hour.aliens'; did you mean 'mail.per_hour'?"),
    ],
)
def test_unknown(tmp_path: Path, name: str, message: str) -> None:
    """A fact that is not there is named, with the one that may have been meant."""
    facts = load(tmp_path, '[mail.per_hour]\nkind = "count"\nvalue = 1\nsource = "s"\n')
    with pytest.raises(FactError) as caught:
        facts.get(name)
    assert message == str(caught.value)


def test_unknown_in_template(tmp_path: Path) -> None:
    """In a template too: nothing renders blank."""
    facts = load(tmp_path, '[a.b]\nkind = "count"\nvalue = 1\nsource = "s"\n')
    with pytest.raises(FactError, match=r"there is no fact 'a\.c'"):
        jinja2.Environment(**JINJA_OPTIONS).from_string("{{ fact.a.c }}").render(fact=facts)


def test_used(tmp_path: Path) -> None:
    """What was asked for is remembered, a group's value as the fact it belongs to."""
    facts = load(tmp_path, f'[a.b]\nsource = "s"\n{GROUPED}\n[c.d]\nkind = "count"\nvalue = 1\nsource = "s"\n')
    facts.get("a.b.business")
    assert {"a.b"} == facts.used


def test_our_own() -> None:
    """Our own file is well-formed, and every fact says where it comes from."""
    facts = list(Facts.load(ROOT / "content" / "facts.toml"))
    assert (True, []) == (len(facts) > 20, [fact.name for fact in facts if len(fact.source) < 5])


def test_language_that_the_site_lacks() -> None:
    """What operators read, in the language of the source, has the default's texts where the site has no other."""
    text = FACT_KINDS["text"][1]
    with using_language(SOURCE_LANGUAGE):
        assert "Kamer" == text({DEFAULT_LANGUAGE: "Kamer"})


def test_read_text(tmp_path: Path) -> None:
    """A byte order mark, which cannot be seen, is left out; what is not UTF-8 is named with its line."""
    (tmp_path / "page.md").write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert "one\ntwo\n" == read_text(tmp_path / "page.md")
    (tmp_path / "page.md").write_bytes(b"one\ncaf\xe9\n")
    with pytest.raises(FactError, match=r"content/page.md:2: a character that is not UTF-8"):
        read_text(tmp_path / "page.md")

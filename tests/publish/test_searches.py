"""The file of searches: that each leads where it must, what is said of one that does not, and what stops the build."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.build import build
from selfservice.publish.checks import check
from selfservice.publish.reading.searches import FILE, read_searches
from selfservice.search.query import search
from tests.conftest import Site, new_app_unshared
from tests.publish.test_build import attempt, line_of, refuse

TESTS = Path(__file__).parents[1]
TODAY = dt.date(2026, 11, 29)


def write(config: Config, text: str) -> None:
    """Have the file hold only this."""
    (config.content / FILE).write_text(text, "utf-8")


def told(config: Config) -> list[str]:
    """What `loket check` says of the file."""
    found = check(new_app_unshared(config), config, TODAY)
    return [problem.line_alone for problem in found if problem.file == f"content/{FILE}"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_file_holds(config: Config, lang: str) -> None:
    """Of what visitors type at least 95 of 100 searches have a right answer among the first three, in each language."""
    expected = [one for one in read_searches(config.content).expected if one.lang == lang]
    missed = [problem for problem in told(config) if any(f":{one.line}:" in problem for one in expected)]
    score = f"{lang}: {len(expected) - len(missed)} of {len(expected)}"
    assert len(expected) > 50
    assert len(missed) <= len(expected) // 20, "\n".join([score, *missed])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_stranger_types(site: Site, lang: str) -> None:
    """Of what somebody typed who knew neither index nor wordings at least 95 of 100 searches, in each language, have a
    right answer among the first three, or find nothing where the pages have nothing.
    """
    rows = (TESTS / "search" / "visitors.tsv").read_text("utf-8").splitlines()[1:]
    typed = [(q, right) for code, q, right in (row.split("\t") for row in rows) if code == lang]
    missed = []
    for q, right in typed:
        urls = [hit.url for hit in search(site.config.search_index, lang, q).hits[:3]]
        if bool(urls) if right == "NONE" else not any(re.search(right, url) for url in urls):
            missed.append((q, urls))
    assert len(typed) >= 60
    assert len(missed) <= len(typed) // 20, f"{lang}: {len(typed) - len(missed)} of {len(typed)}: {missed}"


def test_missed(copied: Config) -> None:
    """A search that does not lead where it must is a warning, with what came first; any right answer will do, and a
    page stands for all of its questions.
    """
    write(
        copied,
        '[en.searches]\n"lost password" = "digid.md#sms"\n"copy of invoice" = ["digid.md", "credit-and-invoices.md"]\n',
    )
    (line,) = told(copied)
    start = f"content/{FILE}:2: warning: 'lost password' leads to none of its answers in the first 3, but to "
    assert line.startswith(start)
    assert "/en/cannot-log-in/#lost-password" in line


def test_nothing_expected(copied: Config) -> None:
    """What the pages have nothing about finds nothing, also with other words around it, though the pages have these."""
    write(copied, '[en.searches]\n"opening hours" = []\n\n[nl.searches]\nopeningstijden = []\n')
    assert [] == told(copied)
    attempt(copied)
    for lang, q in (
        ("en", "what are your opening hours"),
        ("en", "kvk opening hours"),
        ("nl", "openingstijden kvk"),
    ):
        assert [] == search(copied.search_index, lang, q).hits


def test_pin(copied: Config) -> None:
    """A pinned answer comes first until its day; a pin of what comes first anyway, or past its day, is a warning."""
    pin = 'to = "digid.md#sms", pin = true, until = {}'
    lines = [
        "[en.searches]",
        f'"lost password" = {{ {pin.format("2026-12-31")} }}',
        f'"copy of invoice" = {{ {pin.format("2026-11-28")} }}',
        '"do I pay vat" = { to = "credit-and-invoices.md#vat", pin = true, until = 2026-12-31 }',
    ]
    write(copied, "\n".join(lines))
    ended, needless = told(copied)
    assert ended.startswith(
        f"content/{FILE}:3: warning: the pin of 'copy of invoice' ended on 2026-11-28: take it away"
    )
    assert f"content/{FILE}:4: warning: 'do I pay vat' leads there without a pin: take 'pin' away" == needless
    attempt(copied)
    first = {q: search(copied.search_index, "en", q).hits[0].url for q in ("Lost password?", "copy of invoice")}
    assert {"Lost password?": "/en/digid/#sms", "copy of invoice": "/en/credit-and-invoices/#copy"} == first


@pytest.mark.parametrize(
    ("table", "line", "problem"),
    [
        ("searches", 'a = "acess-code.md"', "'a' leads to 'acess-code.md': the link to 'acess-code.md' leads"),
        ("searches", 'a = "orders.md#se"', "'a' leads to 'orders.md#se': 'orders.md' has no question '#se'; did"),
        ("searches", 'a = "selfservice:order"', "'a' leads to 'selfservice:order': there is no form 'selfservice:"),
        ("searches", 'a = { to = "digid.md", pin = true }', "'a' needs exactly to, pin = true and until"),
        ("searches", "a = 1", "'a' needs where it leads"),
        ("synonyms", "a = []", "'a' needs the words of our pages"),
        ("wordings", '"orders.md#se" = ["b"]', "'orders.md#se': 'orders.md' has no question '#se'; did"),
        ("wordings", '"orders.md#see" = "b"', "'orders.md#see' needs how visitors ask for it"),
        ("words", 'a = ["b"]', "there is no table 'words': there are [en.synonyms], [en.wordings], [en.searches]"),
    ],
)  # fmt: skip
def test_stops_the_build(copied: Config, table: str, line: str, problem: str) -> None:
    """A target that does not exist, or a line that says nothing, stops the build at its line, with what was meant."""
    write(copied, f"# What visitors type.\n\n[en.{table}]\n{line}\n")
    at = line_of(copied, FILE, line) - (table == "words")
    found = refuse(copied)
    assert (1, True) == (len(found), found[0].startswith(f"content/{FILE}:{at}: {problem}")), found


def test_former_name(copied: Config) -> None:
    """A file under its former name is not passed over in silence."""
    (copied.content / "synonyms.toml").write_text("[en]\n", "utf-8")
    assert refuse(copied)[0].startswith(f"content/synonyms.toml:1: this file is called {FILE} now")


def test_forms_are_found(site: Site) -> None:
    """A form is found by its title, at the question under which it stands, else at its own address; above the rest, and
    only when all that was asked is in its title.
    """
    for lang, q, url in (
        ("en", "request access code", "/en/access-code/#request"),
        ("nl", "toegangscode aanvragen", "/nl/toegangscode/#request"),
        ("en", "change my password", "/en/self-service/change-password"),
        ("nl", "automatische incasso", "/nl/tegoed-en-facturen/#pay-by-direct-debit"),
    ):
        found = search(site.config.search_index, lang, q)
        assert (url, "form") == (found.hits[0].url, found.hits[0].kind)
        assert 1 <= found.form_count <= 2
    assert 0 == search(site.config.search_index, "en", "what does an access code cost").form_count
    for lang in LANGUAGES:
        urls = [hit.url for hit in search(site.config.search_index, lang, "toegangscode").hits]
        assert len(urls) == len(set(urls))


def test_form_that_is_off(copied: Config) -> None:
    """A form that is removed is no longer found."""
    write(copied, "")
    app = new_app_unshared(copied)
    build(app, copied, compress=False)
    there = {hit.url for hit in search(copied.search_index, "en", "direct debit").hits if hit.kind == "form"}
    app.extensions["fragments"] = tuple(name for name in app.extensions["fragments"] if name != "direct-debit")
    for page in copied.content.rglob("*.md"):
        page.write_text(page.read_text("utf-8").replace("(selfservice:direct-debit)", "(contact.md)"), "utf-8")
    rights = app.extensions["rights"]
    left = tuple(right for right in rights.all if right.form != "direct-debit")
    app.extensions["rights"] = dataclasses.replace(rights, all=left)
    build(app, copied, compress=False)
    after = {hit.url for hit in search(copied.search_index, "en", "direct debit").hits if hit.kind == "form"}
    assert there - after

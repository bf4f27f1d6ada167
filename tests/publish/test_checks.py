"""`loket check` for editors: each rule names file and line, says what is wrong in plain words, and what to do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.fragments import FRAGMENTS, ON_ALL_PAGES
from selfservice.publish.checks import check
from selfservice.publish.reading.markdown import Problem
from selfservice.publish.rules import site_checks, usage
from selfservice.publish.rules.site_checks import contrast, low_contrast, unknown_country
from selfservice.site_config import SITE, SiteConfig, line_of
from tests.conftest import new_app_unshared
from tests.domain_helpers import CONTENT

TODAY = dt.date(2026, 11, 21)
FRONT = """---
title: {title}
description: Page to spoil. Description just long enough, search engines say.
section: about
updated: 2026-11-20
reviewed: 2026-11-20
---
"""
AT = line_of(CONTENT, "question-form", "pages")
# What a page may hold: all forms but those that stand on every page.
EMBEDDED = set(FRAGMENTS) - set(ON_ALL_PAGES)
BODY = "\nHello.\n\n## A question? {#question}\n\nAn answer.\n"


@pytest.fixture
def small(config: Config, tmp_path: Path) -> Config:
    """Settings with a content folder of one page in two languages, and those that forms lead to; facts as they are."""
    for lang in ("en", "nl"):
        folder = tmp_path / "content" / lang
        folder.mkdir(parents=True)
        (folder / "page.md").write_text(FRONT.format(title="A page") + BODY, "utf-8")
        for link in SITE.pages.values():
            key, _, question = link.partition(".md#")
            with (folder / f"{key.removesuffix('.md')}.md").open("a", encoding="utf-8") as file:
                # One question after another, below one front matter.
                file.write("" if file.tell() else FRONT.format(title=key))
                file.write(f"\n## Question {question} {{#{question}}}\n" if question else "")
    for name in ("site.toml", "facts.toml", "rights.toml"):
        (tmp_path / "content" / name).write_text((config.content / name).read_text("utf-8"), "utf-8")
    return dataclasses.replace(config, content=tmp_path / "content")


def found(config: Config, today: dt.date = TODAY) -> list[Problem]:
    """What is found in the pages. (Of the facts many are unused here, which is another test's.)"""
    return [one for one in check(new_app_unshared(config), config, today) if one.file != "content/facts.toml"]


def spoil(config: Config, old: str, new: str, lang: str = "en", file: str = "page.md") -> list[str]:
    """What is found after one change to a page, as `loket check` prints it."""
    path = config.content / lang / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return [one.line_alone for one in found(config)]


def test_nothing_to_mend(small: Config) -> None:
    """Good pages give no problems."""
    assert [] == found(small)


PAGE = "content/en/page.md"
TITLE = "title: A page\n"
PUT = "put it in content/facts.toml and write {{ fact.… }}"
DESCRIPTION = "description: Page to spoil. Description just long enough, search engines say.\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (TITLE, "", f"{PAGE}:1: the page has no title: add 'title: …' between the --- lines"),
        (DESCRIPTION, "", f"{PAGE}:1: the page has no description: add 'description: …' between the --- lines"),
        (DESCRIPTION, "description: Short.\n",
         f"{PAGE}:3: warning: the description has 6 characters; search engines show 50 to 170"),
        ("section: about", "section: other", f"{PAGE}:4: the section must be one of log-in, register, account, about"),
        ("updated: 2026-11-20", "updated: soon", f"{PAGE}:5: 'updated:' must be a date such as 2026-11-21"),
        ("updated: 2026-11-20\n", "",
         f"{PAGE}:1: the page has no 'updated:': add 'updated: 2026-11-21' between the --- lines"),
        ("updated: 2026-11-20", "updated: 2026-11-22", f"{PAGE}:5: warning: 'updated:' lies in the future"),
        ("reviewed: 2026-11-20", "reviewed: 2025-11-19",
         f"{PAGE}:6: warning: not reviewed since 2025-11-19: read it again and set 'reviewed:' to that day"),
        ("title: A page", "title: A: page", f"{PAGE}:2: the value of 'title:' has a colon: "),
        ("title: A page", "title: A {{ fact.a.b }}", f"{PAGE}:2: there is no fact 'a.b'"),
        ("section: about", "section: about\norder: third", f"{PAGE}:5: 'order:' must be a whole number such as 30"),
        ("section: about", "section: about\nslug: self-service",
         f"{PAGE}:5: the forms stand at 'self-service': choose another slug"),
        ("section: about", "section: about\nabout_this_site: maybe",
         f"{PAGE}:5: 'about_this_site:' must be true, or be left out"),
        ("section: about", "section: about\nslug: A page",
         f"{PAGE}:5: 'slug:' is a part of an address: use small letters, digits and dashes"),
        ("Hello.", "{{ fact.a.b }}", f"{PAGE}:9: there is no fact 'a.b'"),
        ("Hello.", "[x](selfservice:nothing)",
         f"{PAGE}:9: there is no form 'selfservice:nothing'; the forms are " + ", ".join(sorted(EMBEDDED))),
        ("Hello.", "[x](pages.md)", f"{PAGE}:9: the link to 'pages.md' leads nowhere; did you mean 'page.md'?"),
        ("Hello.", "[x](page.md#questoin)",
         f"{PAGE}:9: 'page.md' has no question '#questoin'; did you mean '#question'?"),
        ("Hello.", "[x](#nowhere)", f"{PAGE}:9: there is no question '#nowhere' on this page; check its spelling"),
        ("section: about", "section: about\nrelated: [nobody]", f"{PAGE}:5: there is no page 'nobody' to relate to"),
        ("section: about", "section: about\ntasks: [{title: T, text: t, link: zzz.md}]",
         f"{PAGE}:5: the link to 'zzz.md' leads nowhere"),
        ("Hello.", "![](/x.png)", f"{PAGE}:9: the image has no description: write it between the [ ] of ![…](…)"),
        ("An answer.", "#### Deep", f"{PAGE}:13: 'Deep' skips a heading level: use ###"),
        ("An answer.", "# First", f"{PAGE}:13: 'First' is a first-level heading; the title is that already: use ##"),
        ("An answer.", "## Two?",
         f"{PAGE}:13: the question 'Two?' has no id: add {{#a-short-name}}, the same in every language"),
        ("An answer.", "### Two {#question}", f"{PAGE}:13: the id 'question' is used twice on this page"),
        ("{#question}", "{#other}", f"{PAGE}:11: 'A question?' ({{#other}}) has no twin in content/nl/page.md"),
        ("Hello.", "Call 088 585 15 85.",
         f"{PAGE}:9: warning: '088 585 15 85' looks like a telephone number: {PUT}"),
        ("Hello.", "It costs €2.50.",
         f"{PAGE}:9: warning: '€2.50' looks like a price: {PUT}"),
        ("Hello.", "It costs 2,50 euro.",
         f"{PAGE}:9: warning: '2,50 euro' looks like a price: {PUT}"),
        ("Hello.", "Write to a.b@kvk.nl.",
         f"{PAGE}:9: warning: 'a.b@kvk.nl' looks like an e-mail address: {PUT}"),
    ],
)  # fmt: skip
def test_rule(small: Config, old: str, new: str, line: str) -> None:
    """Each rule finds what breaks it, at its line."""
    lines = spoil(small, old, new)
    assert [True] == [True for one in lines if one.startswith(line)], lines


@pytest.mark.parametrize(
    "text",
    [
        "Call {{ fact.phone.appointments }}.",
        "On 26 March 2025, in 2025 and 2026.",
        "A date such as 01-03-2026.",
        "The number has 8 digits, such as 12345678.",
        "See <https://www.example.org/2024/0612345678>.",
        "Choose 15 of 128.",
        "A name@ is no address.",
    ],
)
def test_no_false_alarm(small: Config, text: str) -> None:
    """Facts, dates, plain numbers and addresses of pages are no bare values."""
    assert [] == spoil(small, "Hello.", text)


def test_missing_twin(small: Config) -> None:
    """A page that is there in one language only is named, with the file that is missing."""
    (small.content / "nl" / "page.md").unlink()
    what = "this page is not there in each language: write content/nl/page.md, or 'status: draft' here until you have"
    assert [f"{PAGE}:1: {what}"] == [one.line_alone for one in found(small)]


def test_missing_twin_question(small: Config) -> None:
    """A question that only one language has is named there."""
    lines = spoil(small, "An answer.", "An answer.\n\n## Two? {#two}\n\nAnswer.", lang="nl")
    assert ["content/nl/page.md:15: 'Two?' ({#two}) has no twin in content/en/page.md"] == lines


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("stray.md", "content/stray.md:1: pages stand in content/en or content/nl: move it there"),
        (
            "de/page.md",
            "content/de:1: 'de' is no language of this site: add it to the languages in site.toml, or remove it",
        ),
        ("en/sub/page.md", "content/en/sub/page.md:1: pages stand in content/en or content/nl: move it there"),
    ],
)
def test_stray(small: Config, place: str, line: str) -> None:
    """A file that would silently not become a page is named."""
    (small.content / place).parent.mkdir(exist_ok=True)
    (small.content / place).write_text("Text", "utf-8")
    assert [line] == [one.line_alone for one in found(small)]


def test_file_name(small: Config) -> None:
    """A file name becomes a key, so it has no capitals and spaces."""
    for lang in ("en", "nl"):
        (small.content / lang / "page.md").rename(small.content / lang / "My Page.md")
    message = "1: a file name has only small letters, digits and dashes: rename it"
    assert [f"content/{lang}/My Page.md:{message}" for lang in ("en", "nl")] == [one.line_alone for one in found(small)]


def test_same_address(small: Config) -> None:
    """Two pages with one address would overwrite each other."""
    for lang in ("en", "nl"):
        text = (small.content / lang / "page.md").read_text("utf-8")
        (small.content / lang / "second.md").write_text(text.replace("title:", "slug: page\ntitle:"), "utf-8")
    lines = [one.line_alone for one in found(small)]
    assert [
        f"content/{lang}/second.md:2: the address /{lang}/page/ is that of content/{lang}/page.md too: "
        "choose another slug"
        for lang in ("en", "nl")
    ] == lines


def test_unused_fact(small: Config) -> None:
    """A fact that no page, form or mail uses is named at its line."""
    with (small.content / "facts.toml").open("a", encoding="utf-8") as file:
        file.write('\n[spare.part]\nkind = "count"\nvalue = 1\nsource = "nobody"\n')
    lines = (small.content / "facts.toml").read_text("utf-8").splitlines()
    problem = f"content/facts.toml:{lines.index('[spare.part]') + 1}: no page, form or mail uses the fact 'spare.part'"
    assert any(one.line_alone.startswith(problem) for one in check(new_app_unshared(small), small, TODAY))


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("facts.toml", "[visit.keep_hours]", "[visit.hours]",
         "facts.toml:1: the fact 'visit.keep_hours' is missing: accounts/anonymous_sessions.py uses it"),
        ("en/contact.md", "{#question-form}", "{#form}",
         f"site.toml:{AT}: 'question-form' in en: 'contact.md' has no question '#question-form'"),
    ],
)  # fmt: skip
def test_what_code_needs(small: Config, file: str, old: str, new: str, line: str) -> None:
    """A fact that a form uses, and a question that one leads to, must be there."""
    path = small.content / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert f"content/{line}" in [one.line_alone for one in check(new_app_unshared(small), small, TODAY)]


def test_no_page_for_a_form(small: Config) -> None:
    """A page that forms lead to must be there, in each language."""
    (small.content / "nl" / "cannot-log-in.md").unlink()
    at = line_of(CONTENT, "cannot-log-in", "pages")
    line = f"content/site.toml:{at}: 'cannot-log-in' leads nowhere: there is no content/nl/cannot-log-in.md"
    assert [line] == [one.line_alone for one in check(new_app_unshared(small), small, TODAY)]


def changed_site(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Have the checks see another site."""
    other: SiteConfig = dataclasses.replace(SITE, **changes)  # type: ignore[arg-type]
    for module in (site_checks, usage):
        monkeypatch.setattr(module, "SITE", other)


def test_no_role(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that leads to a page by a role that site.toml does not have is named; some roles may be left out."""
    roles = {key: link for key, link in SITE.pages.items() if key not in ("cannot-log-in", "own-registration")}
    app = new_app_unshared(small)
    changed_site(monkeypatch, pages=roles)
    place = "fragments/replacement_password/done.html"
    at = line_of(CONTENT, "pages")
    line = f"content/site.toml:{at}: 'cannot-log-in' is missing under [pages]: {place} leads there"
    assert [line] == [one.line_alone for one in check(app, small, TODAY)]


def test_form_that_is_off(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a form uses that is off, may be left out."""
    text = (small.content / "facts.toml").read_text("utf-8")
    parts = text.split("\n[")
    # A file with one's own data is kept as long as one of orders.
    parts = [part for part in parts if not part.startswith(("orders.", "direct_debit.")) or "file_keep" in part]
    kept = "\n[".join(parts)
    (small.content / "facts.toml").write_text(kept, "utf-8")
    facts = Facts.load(small.content / "facts.toml")
    pages = dict.fromkeys((lang, link.partition(".md")[0]) for lang in SITE.languages for link in SITE.pages.values())
    missing = {one.message.split("'")[1] for one in usage.missing_for_code(small, facts, pages)}
    forms = tuple(name for name in SITE.forms if name not in ("orders", "direct-debit"))
    changed_site(monkeypatch, forms=forms)
    assert ({"direct_debit.refund_weeks", "orders.keep_years"}, []) == (
        missing & {"direct_debit.refund_weeks", "orders.keep_years"},
        usage.missing_for_code(small, facts, pages),
    )


def test_unknown_country(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A country without known holidays is an error at its line."""
    before = list(unknown_country(small.content))
    changed_site(monkeypatch, holidays="XX")
    line = (
        "content/site.toml:17: of the holidays of 'XX' nothing is known: give the two letters of a country, such as NL"
    )
    assert ([], [line]) == (before, [one.line_alone for one in unknown_country(small.content)])


def test_contrast(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours of the owner's that cannot be read on the others are named, light or dark."""
    assert (21, 1) == (round(contrast("#000000", "#ffffff")), round(contrast("#777777", "#777777")))
    with (small.content / "site.toml").open("a", encoding="utf-8") as file:
        file.write('\n[colours]\naccent = { light = "#8899aa", dark = "#8fd6b2" }\n')
    line = (small.content / "site.toml").read_text("utf-8").splitlines().index("[colours]") + 2
    changed_site(monkeypatch, colours={"accent": ("#8899aa", "#8fd6b2")})
    found = [one.line_alone for one in low_contrast(small)]
    assert f"content/site.toml:{line}: accent on paper, light, has a contrast of 2.7; it must be 4.5 at least" in found
    assert {"light"} == {one.split(", ")[1] for one in found}
    changed_site(monkeypatch, colours={"hero": ("#aabbcc", "#12382b")})
    assert ["white on hero", "brass on hero"] == [one.message.partition(",")[0] for one in low_contrast(small)]
    changed_site(monkeypatch, colours={"accent": ("#0e4d3a", "#8fd6b2")})
    assert [] == list(low_contrast(small))


def test_order(small: Config) -> None:
    """Problems come in the order of files and lines, so an editor goes through a file once."""
    spoil(small, "Hello.", "[x](zzz.md)", lang="nl")
    spoil(small, "An answer.", "[x](yyy.md)", lang="nl")
    lines = spoil(small, "Hello.", "[x](xxx.md)")
    assert ["content/en/page.md:9", "content/nl/page.md:9", "content/nl/page.md:13"] == [
        ":".join(line.split(":")[:2]) for line in lines
    ]


def test_our_own(config: Config) -> None:
    """Our own pages have nothing to mend."""
    assert [] == [one.line_alone for one in check(new_app_unshared(config), config) if one.error]

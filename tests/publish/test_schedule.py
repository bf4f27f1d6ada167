"""Drafts, and pages that are shown from a day on or until one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import pytest

from selfservice import clock
from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import TIMEZONE, using_language
from selfservice.publish.build import build
from selfservice.publish.checks import check
from selfservice.publish.content import read_content
from selfservice.publish.reading.schedule import LONGEST, next_change
from selfservice.search.query import search
from selfservice.web.pages import read_pages
from selfservice.web.publication import Publication, in_all_languages, publication_of
from selfservice.workdays import start_of_day
from tests.conftest import new_app_unshared

DAY = dt.date(2026, 12, 10)
NOON = dt.datetime.combine(DAY, dt.time(12), TIMEZONE)
PAGE = """---
title: Winter opening
description: When our offices are open in the last weeks of the year, and where you can go in those weeks.
section: about
order: 99
updated: 2026-11-30
reviewed: 2026-11-30
{lines}---

At the end of the year the snowplough is out.

## When are you open? {{#open}}

{text}
"""


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon."""
    at(NOON, monkeypatch)


def at(moment: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the clock."""
    monkeypatch.setattr(clock, "now", lambda: moment)


def add(config: Config, key: str = "winter", *lines: str, text: str = "Always.", langs: str = "en nl") -> None:
    """A page in these languages, with lines in its front matter."""
    for lang in langs.split():
        said = PAGE.format(lines="".join(f"{line}\n" for line in lines), text=text)
        (config.content / lang / f"{key}.md").write_text(said, "utf-8")


def link(config: Config, target: str, source: str = "digid") -> None:
    """A link at the end of a page, in both languages."""
    for lang in ("en", "nl"):
        with (config.content / lang / f"{source}.md").open("a", encoding="utf-8") as file:
            file.write(f"\nSee [there]({target}).\n")


def told(config: Config, day: dt.date = DAY) -> list[str]:
    """What is said of the pages in English."""
    content = read_content(new_app_unshared(config), config, day)
    return [str(one).partition(" (docs/")[0] for one in content.all_problems() if one.file.startswith("content/en/")]


def line_of(config: Config, file: str, text: str) -> int:
    """The line of a page in English on which a text stands."""
    return (config.content / "en" / file).read_text("utf-8").partition(text)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["status: drafft"], "there is no status 'drafft': write 'status: draft', or leave it out; did you mean"),
        (["publish: soon"], "'publish:' must be a date such as "),
        (["publish: 2026-12-24 09:00:00"], "'publish:' must be a date"),
        (["until:"], "'until:' must be a date such as "),
        (
            ["publish: 2027-01-10", "until: 2026-12-24"],
            "the page would never be shown: 'until: 2026-12-24' lies before 'publish: 2027-01-10'",
        ),
        (["publish: 2062-12-24"], "warning: 'publish: 2062-12-24' is more than a year from now: is the year right?"),
        (
            ["status: draft", "publish: 2027-01-10"],
            "warning: a draft does not appear on its 'publish:' day either: take",
        ),
        (["see: orders.md"], "'see:' is for when the page has ended, and it never ends: add 'until:'"),
        (["see: [orders.md]", "until: 2026-12-24"], "'see:' must be one text"),
        (["see: winter.md", "until: 2026-12-24"], "'see:' leads to this page, which is not there then: name another"),
        (["see: ordrs.md", "until: 2026-12-24"], "the link to 'ordrs.md' leads nowhere; did you mean 'orders.md'?"),
    ],
)
def test_wrong_lines(copied: Config, lines: list[str], message: str) -> None:
    """What cannot be meant is told in one line, on its line."""
    add(copied, "winter", *lines)
    (one,) = told(copied)
    spoilt = lines[0] if len(lines) == 1 or lines[0].startswith(("status", "see")) else lines[1]
    assert one.startswith(f"content/en/winter.md:{line_of(copied, 'winter.md', spoilt)}: {message}"), one


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["status: published"],
        ["publish: 2026-12-01"],
        ["publish: 2026-12-24", "until: 2026-12-24"],
        ["until: 2026-01-01"],
    ],
)
def test_right_lines(copied: Config, lines: list[str]) -> None:
    """What can be meant is told nothing of."""
    add(copied, "winter", *lines)
    assert [] == told(copied)


@pytest.mark.parametrize(
    ("en", "nl", "message"),
    [
        (["status: draft"], [], "and content/nl/winter.md has no 'status:'"),
        (["status: draft"], ["status: published"], "and content/nl/winter.md has no 'status:'"),
        (["publish: 2026-12-24"], [], "and content/nl/winter.md has no 'publish:'"),
        (["until: 2026-12-24"], [], "and content/nl/winter.md has no 'until:'"),
        (["publish: 2026-12-01"], [], ""),
    ],
)
def test_differing_languages(copied: Config, en: list[str], nl: list[str], message: str) -> None:
    """A page is shown in all languages or in none; a day that is over does not matter."""
    add(copied, "winter", *en, langs="en")
    add(copied, "winter", *nl, langs="nl")
    start = "content/en/winter.md:8: a page is shown in all languages or in none, "
    assert ([f"{start}{message}: write the same in both"] if message else []) == told(copied)


def test_differing_days(copied: Config) -> None:
    """Different days are told where the second stands."""
    add(copied, "winter", "publish: 2026-12-24", langs="en")
    add(copied, "winter", "publish: 2026-12-25", langs="nl")
    content = read_content(new_app_unshared(copied), copied, DAY)
    (one,) = content.all_problems()
    assert ("content/nl/winter.md", "'publish: 2026-12-24'") == (one.file, re.findall("'.*?'", one.message)[0])


@pytest.mark.parametrize("line", ["status: draft", "publish: 2026-12-24", "until: 2026-12-01", "until: 2027-01-01"])
def test_always_there(copied: Config, line: str) -> None:
    """The home page and those that forms lead to are always there."""
    for key, why in (
        ("index", "it is the home page"),
        ("contact", "forms and mails lead to it ('contact' in site.toml)"),
    ):
        for lang in ("en", "nl"):
            path = copied.content / lang / f"{key}.md"
            path.write_text(path.read_text("utf-8").replace("updated:", f"{line}\nupdated:", 1), "utf-8")
        name = line.partition(":")[0]
        found = [one for one in told(copied) if f"/{key}.md" in one]
        assert [f"this page must always be there, since {why}: take '{name}:' away"] == [
            one.split(": ", 1)[1] for one in found
        ]


def test_link_to_a_draft(copied: Config) -> None:
    """A page that visitors see cannot lead to one that they do not: the line is named, and why. A draft can."""
    add(copied, "winter", "status: draft")
    add(copied, "summer", "status: draft", text="See [winter](winter.md) and [orders](orders.md).")
    assert [] == told(copied)
    link(copied, "winter.md")
    line = line_of(copied, "digid.md", "winter.md")
    message = "'winter.md' is a draft, which visitors do not see: publish it too, or take what leads there away"
    assert [f"content/en/digid.md:{line}: {message}"] == told(copied)


def test_link_to_what_comes_later(copied: Config) -> None:
    """Nor to one that comes later than it does itself, since nobody is there to mend it then."""
    add(copied, "winter", "publish: 2026-12-24")
    add(copied, "same-day", "publish: 2026-12-24", text="See [winter](winter.md).")
    add(copied, "later", "publish: 2026-12-25", text="See [winter](winter.md).")
    assert [] == told(copied)
    add(copied, "earlier", "publish: 2026-12-23", text="See [winter](winter.md).")
    link(copied, "winter.md#open")
    messages = [one.split(":", 2) for one in told(copied)]
    assert ["content/en/digid.md", "content/en/earlier.md"] == [file for file, _, _ in messages]
    start = " 'winter.md' is not there before 2026-12-24: take what leads there away until then, or write 'publish: "
    assert all(message.startswith(start) for _, _, message in messages)


def test_link_to_what_has_ended(copied: Config) -> None:
    """A link to a page that ended leads to the page to see in its place, with a warning, since it ended by itself."""
    add(copied, "winter", "until: 2026-12-24", "see: spring.md")
    add(copied, "spring", "until: 2027-03-31", "see: orders.md#see")
    add(copied, "autumn", "until: 2026-12-24")
    link(copied, "winter.md")
    link(copied, "autumn.md")
    assert [] == told(copied)
    app = new_app_unshared(copied)
    for day, winter in (("2026-12-25", "/en/spring/"), ("2027-04-01", "/en/orders/#see")):
        content = read_content(app, copied, dt.date.fromisoformat(day))
        assert [] == content.errors()
        said = [one.message for one in content.all_problems() if one.file == "content/en/digid.md"]
        assert ["'winter.md' ended on 2026-12-24: lead to another page, or take what leads there away"] == said[:1]
        html = content.pages["en", "digid"].html
        assert (True, True) == (f'href="{winter}"' in html, 'href="/en/autumn/"' in html)
        assert ("/en/winter/", winter) in content.links.ended()
        assert ("/en/autumn/", "") in content.links.ended()


def test_stand_in_that_is_not_there(copied: Config) -> None:
    """The page to see in the place of one must be there when that ends."""
    add(copied, "winter", "until: 2026-12-24", "see: spring.md")
    add(copied, "spring", "publish: 2026-12-25")
    assert [] == told(copied)
    add(copied, "spring", "publish: 2026-12-26")
    assert ["'spring.md' is not there before 2026-12-26"] == [one.split(": ")[1] for one in told(copied)]
    add(copied, "spring", "status: draft")
    assert ["'spring.md' is a draft, which visitors do not see"] == [one.split(": ")[1] for one in told(copied)]
    add(copied, "spring", "until: 2026-12-24")
    assert ["'spring.md' has ended on 2026-12-24 too"] == [one.split(": ")[2] for one in told(copied)]


def test_mistakes_in_a_draft(copied: Config) -> None:
    """What is wrong with a draft stops nobody: it is a warning. In a preview, where it is seen, it must be mended."""
    add(copied, "winter", "status: draft", text="See [it](xyz.md).", langs="en")
    line = line_of(copied, "winter.md", "xyz.md")
    message = "the link to 'xyz.md' leads nowhere"
    assert [f"content/en/winter.md:{line}: warning: {message}"] == told(copied)
    assert [f"content/en/winter.md:{line}: {message}"] == told(dataclasses.replace(copied, preview=True))
    add(copied, "winter", "publish: 2026-12-24", text="See [it](xyz.md).", langs="en")
    missing = "write content/nl/winter.md, or 'status: draft' here until you have"
    assert [
        f"content/en/winter.md:1: this page is not there in each language: {missing}",
        f"content/en/winter.md:{line}: {message}",
    ] == told(copied)


def test_advice(copied: Config) -> None:
    """What could be said better is told of a page before it comes, and not of a draft."""
    add(copied, "winter", "publish: 2026-12-24", text="Please utilise the side entrance prior to noon.")
    add(copied, "sketch", "status: draft", text="Please utilise the side entrance prior to noon.")
    files = {one.file for one in check(new_app_unshared(copied), copied, DAY) if not one.error}
    assert (True, False) == ("content/en/winter.md" in files, "content/en/sketch.md" in files)


def test_one_address(copied: Config) -> None:
    """Two pages have one address when the one ends before the other begins."""
    add(copied, "winter", "slug: open", "until: 2026-12-24")
    add(copied, "spring", "slug: open", "publish: 2026-12-25")
    assert [] == told(copied)
    add(copied, "spring", "slug: open", "publish: 2026-12-24")
    assert ["the address /en/open/ is that of content/en/spring.md too"] == [one.split(": ")[1] for one in told(copied)]


def test_page_and_twin() -> None:
    """Whatever its twin says, a page is shown when both may be."""
    draft, early = Publication(draft=True), Publication(first=DAY, last=dt.date(2027, 1, 1), see="a.md")
    late = Publication(first=dt.date(2026, 12, 12), last=dt.date(2027, 2, 1))
    found = in_all_languages({("en", "a"): draft, ("nl", "a"): early, ("en", "b"): early, ("nl", "b"): late})
    assert [True, True, False, False] == [one.draft for one in found.values()]
    assert Publication(first=late.first, last=early.last, see="a.md") == found["en", "b"]
    states = [early.state(day) for day in (DAY - dt.timedelta(1), DAY, dt.date(2027, 1, 1), dt.date(2027, 1, 2))]
    assert ["planned", "shown", "shown", "ended"] == states
    assert [True, True] == [publication_of(meta).draft for meta in ({"status": "odd"}, {"publish": "soon"})]
    assert Publication(first=DAY) == publication_of({"publish": "2026-12-10", "status": "published"})


def test_unseen(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft, a page that is not published yet and one that has ended are nowhere in the site: no address, file, link,
    menu, neighbour, sitemap, search or suggestion has them. On its day a page is everywhere.
    """
    add(copied, "sketch", "status: draft", langs="en")
    add(copied, "winter", "publish: 2026-12-24", "until: 2027-01-10", "see: orders.md")
    for moment, shown in (
        (NOON, False),
        ("2026-12-23", False),
        ("2026-12-24", True),
        ("2027-01-10", True),
        ("2027-01-11", False),
    ):
        if isinstance(moment, str):
            at(dt.datetime.combine(dt.date.fromisoformat(moment), dt.time(0, 0, 1), TIMEZONE), monkeypatch)
        app = new_app_unshared(copied)
        made = build(app, copied, compress=False).output
        names = {path.relative_to(made / "site").as_posix() for path in (made / "site").rglob("*.html")}
        written = "".join(
            path.read_text("utf-8") for path in (made / "site").rglob("*.*") if path.suffix in (".html", ".xml")
        )
        assert (shown, shown) == ("en/winter/index.html" in names, "nl/winter/index.html" in names), moment
        assert (shown, shown) == ("/en/winter/" in written, "snowplough" in written), moment
        assert (False, False) == ("sketch" in written, "en/sketch/index.html" in names)
        config = copied.at(made)
        with using_language("en"):
            hits = search(config.search_index, "en", "snowplough").hits
        assert shown == bool(hits), moment
        day = clock.now().astimezone(TIMEZONE).date()
        known = read_pages(config.content, Facts.load(config.content / "facts.toml", day))
        assert (shown, False) == (("en", "winter") in known, ("en", "sketch") in known)
        served = new_app_unshared(config).test_client()
        assert (b"/en/winter/" in served.get("/en/wintr/", base_url=config.base_url).data) == shown


def test_preview(copied: Config) -> None:
    """A preview shows them, each with a mark that says why visitors do not see it, in the visitor's language."""
    add(copied, "sketch", "status: draft", langs="en")
    add(copied, "winter", "publish: 2026-12-24")
    add(copied, "summer", "until: 2026-09-01")
    add(copied, "spring")
    config = dataclasses.replace(copied, preview=True)
    site = build(new_app_unshared(config), config, compress=False).output / "site"
    marks = {
        name: re.findall(
            r'class="preview-mark"><strong>(.*?)</strong>', (site / name / "index.html").read_text("utf-8")
        )
        for name in ("en/sketch", "en/winter", "nl/winter", "en/summer", "en/spring")
    }
    assert {
        "en/sketch": ["Draft: visitors do not see this page."],
        "en/winter": ["Visitors see this page from 24 December 2026."],
        "nl/winter": ["Bezoekers zien deze pagina vanaf 24 december 2026."],
        "en/summer": ["This page has ended: visitors saw it until 1 September 2026."],
        "en/spring": [],
    } == marks


def test_next_change() -> None:
    """A site is right until the next day on which a page or a fact changes; and is built anew once in a while."""
    facts = Facts({}, DAY)
    pages = [Publication(first=DAY), Publication(draft=True, first=dt.date(2026, 12, 11)), Publication(last=DAY)]
    assert start_of_day(dt.date(2026, 12, 11)) == next_change(pages, facts)
    later = [Publication(first=dt.date(2027, 1, 3)), Publication(last=dt.date(2027, 1, 1))]
    assert dt.datetime(2027, 1, 1, 23, tzinfo=dt.UTC) == next_change(later, facts)
    assert start_of_day(dt.date(2026, 12, 20)) == next_change(later, Facts({}, DAY, (dt.date(2026, 12, 20),)))
    assert start_of_day(DAY + LONGEST) == next_change(
        [Publication(last=dt.date.max), Publication(last=dt.date.min)], facts
    )

"""A page that changed in meaning, and its twin not: told until somebody changes the twin, or says it is the same."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selfservice.i18n.languages import using_language
from selfservice.publish.reading.markdown import Document, read
from selfservice.publish.rules import staleness
from selfservice.publish.rules.meaning import change
from tests.publish.test_markdown import FACTS

DAY = dt.date(2026, 11, 30)
TEXT = """---
title: A page
updated: 2026-11-20
related: [contact]
---
You can log in with your code in 3 steps. The code comes by letter, within a few days of your request.

## Where is my code? {#where}

It costs {{ fact.access_code.price }}. Read [about orders](orders.md#see), or write to us before 5 May 2026.

[Ask again](selfservice:request-status)
"""
Edit = tuple[str, str]


@dataclass
class Page:
    """A page as the checks see it."""

    document: Document
    file: str


@dataclass
class Site:
    """Content in two languages, or more, and its publications, each on a day of its own."""

    folder: Path
    day: dt.date = DAY
    languages: tuple[str, ...] = ("en", "nl")
    published: Path | None = None

    @property
    def content(self) -> Path:
        """What editors edit."""
        return self.folder / "content"

    def write(self, lang: str, text: str = TEXT, key: str = "page") -> None:
        """Write a page."""
        path = self.content / lang / f"{key}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def edit(self, lang: str, old: str, new: str) -> None:
        """Change a page."""
        text = (self.content / lang / "page.md").read_text("utf-8")
        assert old in text
        self.write(lang, text.replace(old, new))

    def look(self) -> staleness.Translations:
        """What the checks find."""
        pages: dict[tuple[str, str], Any] = {}
        for path in sorted(self.content.rglob("*.md")):
            lang, file = path.parent.name, f"content/{path.parent.name}/{path.name}"
            with using_language("en"):
                pages[lang, path.stem] = Page(read(path.read_text("utf-8"), file, FACTS), file)
        return staleness.compare(self.published, self.content, pages, self.day)

    def told(self) -> list[str]:
        """What is said, without the name of the guide."""
        return [str(problem).removesuffix(" (docs/editing.md#translations)") for problem in self.look().problems]

    def publish(self, days: int = 1) -> list[str]:
        """Publish, so many days after the last time; returns what was said."""
        self.day += dt.timedelta(days)
        found, told = self.look(), self.told()
        build = self.folder / f"{self.day:%Y%m%d}T120000"
        for path in self.content.rglob("*.md"):
            copy = build / path.relative_to(self.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        staleness.write_record(found.record, build)
        self.published = build
        return told


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A page in two languages, published."""
    made = Site(tmp_path)
    made.write("en")
    made.write("nl", TEXT.replace("May", "mei"))
    assert [] == made.publish(0)
    return made


MORE = ("\n[Ask", "\n## I want it again {#resend}\n\nAsk for another one below, and we send it at once.\n\n[Ask")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(MORE, "a question more: 'resend'; 15 words", id="a question"),
        pytest.param(("access_code.price", "access_code.link_hours"),
                     "a fact more: 'access_code.link_hours'; a fact less: 'access_code.price'", id="a fact"),
        pytest.param(("orders.md#see", "orders.md#place"),
                     "a link more: 'orders.md#place'; a link less: 'orders.md#see'", id="a link"),
        pytest.param(("[Ask again](selfservice:request-status)", ""),
                     "a form less: 'request-status'; 2 words", id="a form"),
        pytest.param(("3 steps", "4 steps"), "'3' became '4'; 1 word", id="a number"),
        pytest.param(("5 May", "5 June"), "'may' became 'june'; 1 word", id="a month"),
        pytest.param(("You can log in", "You cannot or may not log in"), "'cannot', 'not' is new; 4 words", id="a no"),
        pytest.param(("within a few days of your request", "when we have looked at what you sent"),
                     "7 words", id="words"),
        pytest.param(("related: [contact]", "related: [contact, orders]"), "a link more: 'orders.md'", id="related"),
    ],
)  # fmt: skip
def test_told(site: Site, edit: Edit, said: str) -> None:
    """What changed in meaning in one language is told at the page in the other, with what it is."""
    site.day += dt.timedelta(1)
    site.edit("en", *edit)
    message = f"the English page changed on 1 December ({said}): look whether this page must change too"
    assert [f"content/nl/page.md:1: warning: {message}, or write same-as: 2026-12-01"] == site.told()


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(("letter", "leter"), id="a typing error"),
        pytest.param(("You can log in with your code in 3 steps. ", "You can log in\nwith your code in 3\nsteps.\n"),
                     id="reflowed"),
        pytest.param(("updated: 2026-11-20", "updated: 2026-11-30\nreviewed: 2026-11-30"), id="days"),
        pytest.param(("The code comes", "Your code comes"), id="a word"),
        pytest.param(("title: A page", "title: A page\nslug: other\nformerly: [page]"), id="an address"),
        pytest.param(("before 5 May", "may be before 5 May"), id="may is no month here"),
        pytest.param(("{{ fact.access_code.price }}", "{{fact.access_code.price}}"), id="the same fact"),
    ],
)  # fmt: skip
def test_not_told(site: Site, edit: Edit) -> None:
    """A typing error, other line ends, days and a word or two make no other page."""
    site.edit("en", *edit)
    assert [] == site.told()
    assert [] == site.publish()


def test_first_publication(tmp_path: Path) -> None:
    """Before the first publication all are alike; so is a page that is new, in one language or in all."""
    site = Site(tmp_path)
    site.write("en", TEXT + "\nMuch more is said here than in the other language: 99 things.\n")
    assert [] == site.told() == site.publish()
    site.write("nl")
    assert [] == site.told() == site.publish() == site.publish()


def test_until_the_twin_changes(site: Site) -> None:
    """It is told over publications, with the day on which it was seen, until the twin changes as well."""
    site.edit("en", *MORE)
    first = site.publish()
    assert ["the English page changed on 1 December"] == [line.split(": ")[2].partition(" (")[0] for line in first]
    assert [line.replace("same-as: 2026-12-01", "same-as: 2026-12-04") for line in first] == site.publish(3)
    site.edit("nl", *MORE)
    assert [] == site.told() == site.publish()
    assert site.published is not None
    assert {} == json.loads((site.published / staleness.FILE).read_bytes())
    site.edit("nl", "3 steps", "4 steps")
    assert ["content/en/page.md:1: warning: the Dutch page changed"] == [
        line.partition(" on ")[0] for line in site.told()
    ]


def test_fewer_words_are_an_answer(site: Site) -> None:
    """A translation may take fewer words; a mended typing error is none."""
    site.edit("en", "within a few days of your request", "when we have looked at what you sent")
    site.edit("nl", "letter", "leter")
    assert 1 == len(site.publish())
    site.edit("nl", "within a few days", "once we looked at it")
    assert [] == site.told()


def test_both_in_one_publication(site: Site) -> None:
    """Pages that changed together are alike."""
    for lang in site.languages:
        site.edit(lang, *MORE)
    assert [] == site.told() == site.publish() == site.publish()


def test_little_by_little(site: Site) -> None:
    """Words that change one at a time add up, since the pages were last alike: of this short page three are enough."""
    said = []
    for old, new in (("log", "sign"), ("comes", "travels"), ("letter", "post"), ("request", "form"), ("Read", "Look")):
        site.edit("en", old, new)
        said.append(len(site.publish()))
    assert [0, 0, 1, 1, 1] == said


@pytest.mark.parametrize(
    ("same_as", "is_told"),
    [("2026-12-01", False), ("2026-12-02", False), ("2026-11-29", True), ("2027-01-01", True)],
    ids=["the day", "a later day", "before the change", "in the future"],
)
def test_same_as(site: Site, same_as: str, is_told: bool) -> None:
    """Who looked at it, and found the same, writes the day; it counts when it is not before the change, nor to come."""
    site.edit("en", *MORE)
    site.publish()
    site.day = dt.date(2026, 12, 2)
    site.edit("nl", "title:", f"same-as: {same_as}\ntitle:")
    told = site.told()
    assert is_told == any(line.startswith("content/nl/page.md:2: warning: the English page") for line in told)
    assert (same_as == "2027-01-01") == any("'same-as:' lies in the future" in line for line in told)
    if not is_told:
        assert [] == site.publish() == site.publish()
        site.day += dt.timedelta(9)
        site.edit("en", "3 steps", "4 steps")
        assert 1 == len(site.told())


def test_same_as_written_before_it_is_published(site: Site) -> None:
    """What was written on the day of the change holds when both are published later."""
    site.edit("en", *MORE)
    site.edit("nl", "title:", "same-as: 2026-12-01\ntitle:")
    site.day = dt.date(2026, 12, 1)
    assert [] == site.told()
    assert [] == site.publish(5) == site.publish()


def test_undone(site: Site) -> None:
    """After going back it is that publication which counts."""
    first = site.published
    site.edit("en", *MORE)
    site.publish()
    site.edit("nl", *MORE)
    site.publish()
    site.published = first
    assert [] == site.told()
    for lang in site.languages:
        site.write(lang, TEXT if lang == "en" else TEXT.replace("May", "mei"))
    assert [] == site.told() == site.publish()


def test_three_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each language is held to each other one, with one line a page."""
    monkeypatch.setattr(staleness, "LANGUAGES", ("en", "nl", "de"))
    site = Site(tmp_path, languages=("en", "nl", "de"))
    for lang in site.languages:
        site.write(lang)
    site.publish(0)
    site.edit("en", *MORE)
    site.edit("nl", *MORE)
    assert ["content/de/page.md:1: warning: the English page"] == [line[:47] for line in site.publish()]
    site.edit("de", *MORE)
    assert [] == site.told() == site.publish()


def test_change_says_little() -> None:
    """Of many differences a few are named."""
    facts = "\n".join(f"{{{{ fact.a.b{number} }}}}" for number in range(5))
    found = change("en", TEXT, TEXT + facts)
    assert "5 facts more: 'a.b0', 'a.b1', 'a.b2'" == str(found)

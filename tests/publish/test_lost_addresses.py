"""Addresses that a publication would lose are told, with what to write; what is kept, undone or new is not."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from selfservice.builds import Builds
from selfservice.config import Config
from tests.publish.test_addresses import edit, front_matter, publish, table, told
from tests.publish.test_checks import small as small  # noqa: PLC0414 (a fixture)

TO_TABLE = "below [gone] in content/addresses.toml"


@pytest.fixture
def published(small: Config) -> Config:
    """The little site, published; a page of it had another address before."""
    front_matter(small, "formerly: [older]")
    table(small, '[moved]\n"/en/guess" = "page.md"\n"/faq" = "page.md"\n')
    publish(small)
    assert [] == told(small)
    return small


def test_first_build(small: Config) -> None:
    """Before the first publication nothing can be lost."""
    front_matter(small, "slug: other")
    assert [] == told(small)


def test_another_slug(published: Config) -> None:
    """Another slug is told at its line, with the line to add; once that is there nothing is said."""
    edit(published, "formerly: [older]", "slug: other\nformerly: [older]")
    line = "formerly: [older, page]"
    message = f"the address was /en/page/ and is /en/other/ now: who has the old one gets there when you write '{line}'"
    assert [f"content/en/page.md:3: {message}"] == told(published)
    edit(published, "formerly: [older]", line)
    assert [] == told(published)
    moved = publish(published)["moved"]
    assert {"en": "/en/other/"} == moved["/en/page"] == moved["/en/older"]
    assert [] == told(published)


def test_in_the_other_language_too(published: Config) -> None:
    """Each language has an address of its own to keep."""
    for lang in ("en", "nl"):
        front_matter(published, "slug: other", f"{lang}/page.md")
    assert ["content/en/page.md:4: ", "content/nl/page.md:3: "] == [line[:22] for line in told(published)]


def test_gone(published: Config) -> None:
    """A page that is taken away is told in each language, with both ways to answer for it."""
    table(published, "")
    edit(published, "formerly: [older]\n", "")
    for lang in ("en", "nl"):
        (published.content / lang / "facts.md").unlink()
    both = [
        f"content/{lang}/facts.md:1: the page /{lang}/facts/ is not there any more: write 'formerly: [facts]' in the "
        f'page that took its place, or "/{lang}/facts/" = "" {TO_TABLE}'
        for lang in ("en", "nl")
    ]
    assert both == [line for line in told(published) if "/facts.md" in line]
    front_matter(published, "formerly: [facts, older]")
    table(published, '[moved]\n"/en/guess" = "page.md"\n"/faq" = "page.md"\n[gone]\n"/nl/facts/" = "page.md"\n')
    assert [] == told(published)


def test_another_file(published: Config) -> None:
    """A file with another name and the same slug is no loss."""
    for lang in ("en", "nl"):
        (published.content / lang / "page.md").rename(published.content / lang / "renamed.md")
        front_matter(published, "slug: page", f"{lang}/renamed.md")
    table(published, (published.content / "addresses.toml").read_text("utf-8").replace("page.md", "renamed.md"))
    assert [] == told(published)


def test_old_addresses_that_are_dropped(published: Config) -> None:
    """An old address that leads nowhere any more is told, with what to put back."""
    edit(published, "formerly: [older]\n", "")
    table(published, "")
    back = 'write "{}" = "…" below [moved] in content/addresses.toml, with the page that it leads to'
    leads = 'the old address {} led to /en/page/, and leads nowhere now: {}; or "{}" = "" below [gone]'
    formerly = [f"write 'formerly: [{slug}]' in content/en/page.md" for slug in ("guess", "older")]
    assert [
        "content/addresses.toml:1: " + leads.format("/faq/", back.format("/faq/"), "/faq/"),
        *(f"content/en/page.md:1: {leads.format(path, mend, path)}"
          for path, mend in zip(("/en/guess/", "/en/older/"), formerly, strict=True)),
    ] == sorted(told(published))  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("## A question? {#asked}", "if 'A question?' is that question now, write {#asked .was-question}"),
        ("## Other? {#asked}", "if 'Other?' is that question now, write {#asked .was-question}"),
        ("## Other? {#asked}\n\n## More? {#more}",
         "if another question took its place, write .was-question behind the id of that one"),
        ("", "if another question took its place, write .was-question behind the id of that one"),
    ],
)  # fmt: skip
def test_questions(published: Config, heading: str, message: str) -> None:
    """A question that is not there any more is a warning, which stops no publication, and says what to write."""
    for lang in ("en", "nl"):
        edit(published, "## A question? {#question}", heading, f"{lang}/page.md")
    lines = told(published)
    start = "warning: the question 'A question?' {#question} is not there any more: "
    assert [(True, message)] * 2 == [(start in line, line.partition(start)[2]) for line in lines]
    if heading.count("##") == 1:
        for lang in ("en", "nl"):
            edit(published, "{#asked}", "{#asked .was-question}", f"{lang}/page.md")
        assert [] == told(published)
    publish(published)
    assert [] == told(published)


def test_undone(published: Config) -> None:
    """After going back, the addresses of that build count; what came after it was never there."""
    builds = Builds(published.output)
    first = builds.current()
    assert first is not None
    for lang in ("en", "nl"):
        shutil.copy(published.content / lang / "page.md", published.content / lang / "more.md")
    edit(published, "formerly: [older]\n", "", "en/more.md")
    publish(published)
    builds.switch(first)
    for lang in ("en", "nl"):
        (published.content / lang / "more.md").unlink()
    assert [] == told(published)


def test_a_preview_goes_by_what_is_published(published: Config) -> None:
    """What a preview showed for a moment has no address to keep; what visitors see has."""
    preview = dataclasses.replace(
        published, output=published.output.with_name("preview"), live=published.output, preview=True
    )
    front_matter(preview, "slug: first")
    assert ["content/en/page.md:4"] == [line.partition(": ")[0] for line in told(preview)]
    edit(preview, "formerly: [older]", "formerly: [older, page]")
    publish(preview)
    edit(preview, "slug: first", "slug: second")
    assert [] == told(preview)


def test_causes_first(published: Config) -> None:
    """What cannot be read says nothing of addresses."""
    (published.content / "en" / "page.md").write_text("---\ntitle: A: b\n---\n", "utf-8")
    table(published, "")
    assert [] == [line for line in told(published) if "en/page.md" in line and "the old address" not in line]


def test_another_site(small: Config) -> None:
    """Where few of the pages are left it is another site, which may be built; one warning says so."""
    more = [small.content / lang / f"more-{number}.md" for lang in ("en", "nl") for number in range(12)]
    for file in more:
        shutil.copy(small.content / file.parent.name / "page.md", file)
    publish(small)
    for file in more:
        file.unlink()
    lines = told(small)
    assert [True] == [line.startswith("content:1: warning: 24 of the 42 pages that were published") for line in lines]
    publish(small)
    assert [] == told(small)

"""What pages say of themselves, in their front matter, and the menus made of it."""

from __future__ import annotations

import pytest
import yaml

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.reading import markdown
from selfservice.web.pages import (
    SECTIONS,
    PageInfo,
    fill_facts,
    menu,
    page_info,
    path_of,
    read_pages,
    section_title,
    split_front_matter,
)

FACTS = Facts.load(ROOT / "content" / "facts.toml")


def test_split() -> None:
    """Front matter, body, and the body's first line in the file."""
    assert ({"title": "T", "order": "3"}, "Text\n", 5) == split_front_matter("---\ntitle: T\norder: 3\n---\nText\n")


def test_split_without() -> None:
    """A file without front matter is all body."""
    assert ({}, "Text\n", 1) == split_front_matter("Text\n")


@pytest.mark.parametrize("text", ["---\n- a\n---\n", "---\na: b: c\n---\n", "---\n!!python/name:x\n---\n"])
def test_split_malformed(text: str) -> None:
    """Front matter that cannot be read, or is no lines of names and values, is an error."""
    with pytest.raises(yaml.YAMLError):
        split_front_matter(text)


@pytest.mark.parametrize(("slug", "path"), [("digid", "/en/digid/"), ("", "/en/")])
def test_path(slug: str, path: str) -> None:
    """Addresses end in a slash; the home page has no slug."""
    assert path == path_of("en", slug)


def test_info() -> None:
    """Title and description are written in the page's language, facts included."""
    with using_language("nl"):
        page = page_info("nl", "x", {"title": "Binnen {{ fact.password_link.hours }}", "slug": "y", "order": 5}, FACTS)
    assert PageInfo("nl", "x", "Binnen 1 uur", "", "/nl/y/", "", 5) == page


def test_forms() -> None:
    """A page has the forms whose links stand alone in a paragraph; a link in a sentence only leads to one."""
    source = "See [a](selfservice:orders) first.\n\n[Ask](selfservice:access-code)\n"
    with using_language("en"):
        assert ("access-code",) == page_info("en", "x", {}, FACTS, source).forms


@pytest.mark.parametrize(
    ("source", "forms", "links"),
    [
        ('[Ask](selfservice:access-code "A title")\n', ("access-code",), ("access-code",)),
        ("[Ask [now]](selfservice:access-code)  \n", ("access-code",), ("access-code",)),
        ("[a](page.md) or [b](selfservice:access-code)\n", (), ("access-code",)),
        ("x\n\n<!--\n[Ask](selfservice:access-code)\n-->\n", (), ()),
        ("```\n[Ask](selfservice:access-code)\n```\n", (), ()),
    ],
)
def test_forms_as_shown(source: str, forms: tuple[str, ...], links: tuple[str, ...]) -> None:
    """The forms of a page are those that it shows."""
    with using_language("en"):
        page = page_info("en", "x", {}, FACTS, source)
    assert (forms, links) == (page.forms, page.links)


@pytest.mark.parametrize("heading", ["## Where? {#a}", "## Where? {#a .b}", "## Where? {.b #a}", "## Where?{#a}"])
def test_question(heading: str) -> None:
    """A question is in the contents list, the search and the page with its id, whatever else stands beside that."""
    source = f"{heading}\n\nHere.\n\n[Ask](selfservice:access-code)\n"
    with using_language("en"):
        page, document = page_info("en", "x", {}, FACTS, source), markdown.read(source, "content/en/x.md", FACTS)
    assert [("a", "Where?", ("access-code",))] == [(one.id, one.title, one.forms) for one in page.questions]
    assert [("a", "Where?")] == [(one.id, one.title) for one in document.questions[1:]]
    assert [(2, "a", "Where?")] == list(markdown.headings(document.html))


def test_fill_plain_is_text() -> None:
    """In a title a telephone number is no link."""
    with using_language("en"):
        assert "Call 088 585 15 85" == fill_facts("Call {{fact.phone.appointments}}", FACTS)


def test_scan() -> None:
    """The app finds the pages that the build finds, twins under one key; in a preview drafts too."""
    pages = read_pages(ROOT / "content", FACTS, preview=True)
    keys = {lang: {key for code, key in pages if code == lang} for lang in LANGUAGES}
    files = {file.stem for file in (ROOT / "content" / "en").glob("*.md")}
    assert (files, files) == (keys["en"], keys["nl"])


def test_paths_are_unique() -> None:
    """No two pages have one address."""
    paths = [page.path for page in read_pages(ROOT / "content", FACTS).values()]
    assert len(paths) == len(set(paths))


def test_menu() -> None:
    """Sections in their order, pages in theirs, the home page in none."""
    pages = [
        PageInfo("en", key, key, "", f"/en/{key}/", section, order)
        for key, section, order in [("a", "about", 20), ("b", "about", 10), ("c", "log-in", 5), ("index", "about", 0)]
    ]
    found = {section["key"]: [page.key for page in section["pages"]] for section in menu(pages, "en")}
    assert {"log-in": ["c"], "register": [], "account": [], "about": ["b", "a"]} == found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sections_have_names(lang: str) -> None:
    """Each section has a name of its own in each language."""
    with using_language(lang):
        names = {section_title(section) for section in SECTIONS}
    assert len(SECTIONS) == len(names)

"""The documentation hangs together: every page is in its index, every link leads somewhere, the README is short."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import CONSOLE, DOCS, PAGES, ROOT, SHELL, anchors, blocks, links, name
from tests.test_imports import FLOORS

# Where somebody new may begin.
README = ROOT / "README.md"
MORE_PAGES = [ROOT / "bench" / "README.md"]
LANGUAGES = {SHELL, CONSOLE, "html", "ini", "json", "markdown", "python", "text", "toml"}


@pytest.mark.parametrize("page", [*PAGES, *MORE_PAGES], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there, and a heading of it."""
    wrong = []
    for link in links(page):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert [] == wrong


def test_what_the_program_names_is_there() -> None:
    """A page or section of docs/ that a message, comment or example names exists."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    places = (
        "selfservice/",
        "deploy/",
        "bench/",
        "content/",
        "examples/",
        "site/",
        "tests/",
        "Makefile",
        "CHANGELOG.md",
    )
    named = {
        found[0]
        for file in listed.split("\0")
        if file.startswith(places) and file.endswith((".py", ".md", ".toml", ".example", ".service", ".j2", "file"))
        for found in re.finditer(r"\bdocs/[\w-]+\.md(?:#[a-z][\w-]*)?", (ROOT / file).read_text("utf-8"))
    }
    wrong = []
    for each in sorted(named):
        page, _, anchor = each.partition("#")
        if not (ROOT / page).is_file() or (anchor and anchor not in anchors(ROOT / page)):
            wrong.append(each)
    assert ([], True) == (wrong, len(named) > 10)


def test_index_has_every_file() -> None:
    """Each file of docs/ is named in its index, or shown by a page that is."""
    index = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    files = {file for file in DOCS.rglob("*") if file.is_file()} - {DOCS / "README.md"}
    pictures = {file for file in files if file.parent.name == "img"}
    assert (set(), set()) == (files - pictures - index, pictures - shown)


def test_index_is_reached_from_the_readme() -> None:
    """The README leads to the index, and to each page for a kind of reader."""
    assert {"docs/README.md", "docs/editing.md", "docs/site.md", "docs/orders.md", "CONTRIBUTING.md"} <= set(
        links(README)
    )


def test_readme_is_two_screens() -> None:
    """At most 80 lines and 5 KB."""
    text = README.read_bytes()
    assert (True, True) == (len(text.splitlines()) <= 80, len(text) <= 5120), len(text)


def test_blocks_say_what_they_are() -> None:
    """A block of code names its language; an indented one is taken for shell."""
    found = [str(block) for page in PAGES for block in blocks(page) if block.language not in LANGUAGES | {""}]
    fenced = [
        f"{name(page)}: a fence without a language"
        for page in PAGES
        if len(re.findall(r"^ *```$", page.read_text("utf-8"), re.MULTILINE))
        != len(re.findall(r"^ *```\w", page.read_text("utf-8"), re.MULTILINE))
    ]
    assert [] == found + fenced


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_toml_can_be_read(page: Path) -> None:
    """An example of TOML is TOML."""
    for block in blocks(page):
        if block.language == "toml":
            tomllib.loads(block.text)


def test_drawing_has_the_floors() -> None:
    """The drawing of the architecture has each row of FLOORS (tests/test_imports.py), in order, as text, and says what
    it shows to who cannot see it.
    """
    svg = ET.parse(DOCS / "img" / "architecture.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    rows = [tuple((text.text or "").split()) for text in svg.iter(f"{space}text") if text.get("class") == "floor"]
    assert list(FLOORS) == rows
    assert [True, True] == [bool(svg.findtext(f"{space}{each}")) for each in ("title", "desc")]
    assert [] == [each.tag for each in svg.iter() if each.tag in (f"{space}image", f"{space}script")]

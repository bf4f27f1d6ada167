"""Each mistake of an editor is one line with its place, the same in check, build and preview; none ends in a traceback,
and the site before stays as it was.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.app import create_app
from selfservice.builds import Builds
from selfservice.commands.watch import STATUS, Preview
from selfservice.config import PACKAGE, ROOT, Config
from selfservice.facts.facts import Facts
from selfservice.problems import GUIDE, Problem, ProblemError
from selfservice.publish.build import BuildError, build
from selfservice.publish.checks import check
from selfservice.publish.reading import front_matter
from selfservice.site_config import SITE
from tests.conftest import new_config
from tests.domain_helpers import CONTENT

PAGE = """---
title: A page
description: Page to spoil. Description just long enough, search engines say.
section: about
updated: 2026-11-20
reviewed: 2026-11-20
---
Hello to all.

## A question? {#question}

An answer.
"""
EN, NL = "content/en/page.md", "content/nl/page.md"
# Whatever is changed in one language only, its twin is to be looked at; that is another matter (test_staleness.py).
OF_TWIN = "look whether this page must change too"
# A change to the content folder.
Spoil = Callable[[Path], object]


def text(old: str, new: str, file: str = "en/page.md") -> Spoil:
    """One text of a file for another."""

    def spoil(content: Path) -> None:
        path = content / file
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")

    return spoil


def both(old: str, new: str) -> Spoil:
    """The same in each language."""
    return lambda content: [text(old, new, f"{lang}/page.md")(content) for lang in ("en", "nl")]


def raw(old: bytes, new: bytes, file: str = "en/page.md") -> Spoil:
    """Bytes of a file for others."""
    return lambda content: (content / file).write_bytes((content / file).read_bytes().replace(old, new, 1))


def front(line: str) -> Spoil:
    """A line more in the front matter, the fourth of the file."""
    return text("section:", f"{line}\nsection:")


def body(new: str) -> Spoil:
    """Another first paragraph, on the eighth line."""
    return text("Hello to all.", new)


def also(name: str, what: str = PAGE) -> Spoil:
    """A file more."""
    return lambda content: (content / name).write_text(what, "utf-8")


def gone(name: str) -> Spoil:
    """A file less."""
    return lambda content: (content / name).unlink()


def link(target: str) -> Spoil:
    """A link in the place of the page."""

    def spoil(content: Path) -> None:
        (content / "en/page.md").unlink()
        (content / "en/page.md").symlink_to(target)

    return spoil


class Editor:
    """One who edits a small site, with the app and the preview that read it."""

    def __init__(self, folder: Path) -> None:
        self.config = dataclasses.replace(new_config(folder), content=folder / "content", cache=folder / ".cache")
        self.kept = folder / "kept"
        _write_site(self.kept, new_config(folder))
        shutil.copytree(self.kept, self.config.content)
        self.app: Flask = create_app(self.config)
        build(self.app, self.config, compress=False)
        preview = dataclasses.replace(self.config, output=folder / "preview", preview=True)
        self.preview = Preview(preview)
        assert [] == self.preview.rebuild()

    def restore(self) -> None:
        """The content as it was."""
        shutil.rmtree(self.config.content)
        shutil.copytree(self.kept, self.config.content)

    def check(self, *, anew: bool = False) -> list[Problem]:
        """What `loket check` says; `anew` with an app of its own, as after a change to a file for the whole site."""
        try:
            found = check(create_app(self.config) if anew else self.app, self.config)
            return [one for one in found if OF_TWIN not in one.message]
        except ProblemError as error:
            return [error.problem]

    def build(self, *, anew: bool = False) -> list[Problem]:
        """What stops `loket build`."""
        try:
            build(create_app(self.config) if anew else self.app, self.config, compress=False)
        except BuildError as error:
            return error.problems
        except ProblemError as error:
            return [error.problem]
        return []

    def see(self, *, anew: bool = False) -> tuple[list[Problem], list[str]]:
        """What stops the preview, and all that it shows."""
        stopped = self.preview.rebuild([Path("x.toml" if anew else "x.md")])
        shown = json.loads((self.preview.config.site / STATUS).read_text("utf-8"))
        return stopped, [one["text"] for one in shown["problems"] if OF_TWIN not in one["text"]]


def _write_site(content: Path, config: Config) -> None:
    """A page in two languages, those that forms lead to, and one that uses each fact."""
    facts = "\n".join(f"- {{{{ fact.{fact.name} }}}}" for fact in Facts.load(CONTENT / "facts.toml"))
    for lang in ("en", "nl"):
        (content / lang).mkdir(parents=True)
        (content / lang / "page.md").write_text(PAGE, "utf-8")
        (content / lang / "facts.md").write_text(PAGE.replace("A page", "All facts") + f"\n{facts}\n", "utf-8")
        for link in SITE.pages.values():
            key, _, question = link.partition(".md#")
            path = content / lang / f"{key.removesuffix('.md')}.md"
            whole = path.read_text("utf-8") if path.exists() else PAGE.replace("A page", path.stem.capitalize())
            path.write_text(
                whole + (f"\n## Question {question}? {{#{question}}}\n\nYes.\n" if question else ""), "utf-8"
            )
    for name in ("site.toml", "facts.toml", "rights.toml"):
        shutil.copy(CONTENT / name, content / name)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Editor:
    """A small site with its editor."""
    return Editor(tmp_path_factory.mktemp("small"))


@pytest.fixture
def editor(small: Editor) -> Iterator[Editor]:
    """The same; its content is put back after the test."""
    yield small
    small.restore()


def test_nothing_to_mend(editor: Editor) -> None:
    """The small site has no mistakes."""
    assert ([], [], ([], [])) == (editor.check(), editor.build(), editor.see())


# What is spoilt; the place that is told; words of the message.
MISTAKES: dict[str, tuple[Spoil, str, str]] = {
    # Of the list of 29 November: with a traceback.
    "page in one language": (gone("nl/page.md"), f"{EN}:1", "not there in each language: write content/nl/page.md"),
    "day first": (text("updated: 2026-11-20", "updated: 29-11-2026"), f"{EN}:5", "write 2026-11-29"),
    "one digit": (text("updated: 2026-11-20", "updated: 2026-9-1"), f"{EN}:5", "write 2026-09-01"),
    "no such day": (text("updated: 2026-11-20", "updated: 2026-02-30"), f"{EN}:5", "there is no day 2026-02-30"),
    "unknown section": (text("section: about", "section: abuot"), f"{EN}:4", "did you mean 'about'?"),
    "latin-1": (raw(b"Hello", b"Caf\xe9"), f"{EN}:8", "'é' is not written in UTF-8 here: save the file as UTF-8"),
    "tasks of strings": (front("tasks: [page.md]"), f"{EN}:4", "each of 'tasks:' is written as '- title: …'"),
    "no template": (front("template: pagina"), f"{EN}:4", "there is no template 'pagina'"),
    "tasks of another shape": (front("tasks: {title: x}"), f"{EN}:4", "'tasks:' must be a list"),
    # Told only by the check.
    "question without id": (text(" {#question}", ""), f"{EN}:10", "has no id: add {#a-short-name}"),
    "first-level heading": (body("# First"), f"{EN}:8", "'First' is a first-level heading"),
    "skipped level": (text("An answer.", "#### Deep"), f"{EN}:12", "'Deep' skips a heading level: use ###"),
    "slug with capitals": (front("slug: A page"), f"{EN}:4", "use small letters, digits and dashes"),
    "not closed": (text("---\nHello", "Hello"), f"{EN}:7", "write --- on a line of its own above 'Hello to all.'"),
    "bare phone": (body("Call 088 585 15 85."), f"{EN}:8", "looks like a telephone number"),
    "price": (body("It costs €2.50."), f"{EN}:8", "looks like a price"),
    "a day in the future": (text("updated: 2026-11-20", "updated: 2027-11-20"), f"{EN}:5", "lies in the future"),
    # Poorly told.
    "colon in the title": (text("A page", "A: page"), f"{EN}:2", 'between double quotes, title: "A: page"'),
    "quoted words in the title": (
        text("title: A page", 'title: "A" page'), f"{EN}:2", "write title: \"'A' page\""),
    "four dashes": (text("---\ntitle", "----\ntitle"), f"{EN}:1", "the first line of a page is ---"),
    "name of a group of facts": (body("{{ fact.phone }}"), f"{EN}:8", "there is no fact 'phone'; did you mean 'phone."),
    "a fact without the word": (
        body("{{ phone.appointments }}"), f"{EN}:8", "write {{ fact.phone.appointments }}"),
    "a misspelt form": (body("[Do](selfservice:ordrs)"), f"{EN}:8", "'selfservice:ordrs'; did you mean 'orders'?"),
    "a link to a picture": (body("[What is seen](../img/a.png)"), f"{EN}:8", "to show it put ! before the ["),
    "a picture with backslashes": (body("![What is seen](..\\img\\a.png)"), f"{EN}:8", "write / for \\"),
    "a picture among the pages": (
        lambda content: (content / "en/photo.png").write_bytes(b"x"), "content/en/photo.png:1", "move it there"),
    "tab": (text("title:", "\ttitle:"), f"{EN}:2", "a tab stands in this line: write spaces"),
    "related without brackets": (front("related: facts"), f"{EN}:4", "write 'related: [facts]'"),
    "empty file": (lambda content: (content / "en/page.md").write_text(""), f"{EN}:1", "the file is empty"),
    # Not told at all.
    "unknown name": (front("colour: red"), f"{EN}:4", "there is no 'colour:' in front matter: take it away"),
    "misspelt name": (front("statsu: draft"), f"{EN}:4", "did you mean 'status'?"),
    "a name twice": (front("title: B"), f"{EN}:4", "'title:' stands here twice, also on line 2"),
    "misspelt marker": (body("[Do it](self-service:orders)"), f"{EN}:8", "selfservice:orders"),
    "the same form twice": (
        body("[A](selfservice:orders)\n\n[B](selfservice:orders)"), f"{EN}:10", "'orders' is on line 8 already"),
    "no such address": (body("See [it](/en/nothing-here/)."), f"{EN}:8", "there is no page '/en/nothing-here/'"),
    "link without .md": (body("See [it](facts)."), f"{EN}:8", "write 'facts.md'"),
    "misspelt scheme": (body("See [it](htps://example.org)."), f"{EN}:8", "https"),
    "fact not closed": (body("Call {{ fact.phone.appointments now."), f"{EN}:8", "}}"),
    "no such picture": (body("![A form](img/none.png)"), f"{EN}:8", "none.png"),
    "script": (body("<script>alert(1)</script>"), f"{EN}:8", "script"),
    "style": (body('<div style="color: red">Hello.</div>'), f"{EN}:8", "div"),
    "unclosed tag": (body("Hello <b>to all."), f"{EN}:8", "<b>"),
    "ragged table": (body("| a | b |\n|---|---|\n| 1 | 2 | 3 |"), f"{EN}:10", "cells"),
    "formal": (text("Hello to all.", "Je kunt je code en je wachtwoord gebruiken als u wilt.", "nl/page.md"),
               f"{NL}:8", "address the reader in one way"),
    "a sentence of 40 words": (body("It is " + "old and blue " * 13 + "too."), f"{EN}:8", "42 words"),
    # Our own.
    "no front matter": (lambda content: (content / "en/page.md").write_text("Hello.\n\n## A question? {#question}\n"),
                        f"{EN}:1", "the page has no front matter: begin it with ---"),
    "first fence missing": (text("---\ntitle", "title"), f"{EN}:1", "the first line of a page is ---"),
    "empty line above": (text("---\ntitle", "\n---\ntitle"), f"{EN}:1", "take away what stands above it"),
    "capital name": (text("title:", "Title:"), f"{EN}:2", "write 'title:'"),
    "quotes not closed": (text("A page", '"A page'), f"{EN}:2", "the quotes of 'title:' do not match"),
    "no space behind the colon": (text("title: A", "title:A"), f"{EN}:2", "write a space behind 'title:'"),
    "number sign": (text("A page", "Our page #1"), f"{EN}:2", "what stands behind # is no part of 'title:'"),
    "star": (text("A page", "*A page*"), f"{EN}:2", "begins with *: write it between double quotes"),
    "fact without quotes": (text("A page", "{{ fact.organisation.name }}"), f"{EN}:2", "between double quotes"),
    "unknown fact in the title": (text("A page", '"{{ fact.a.b }}"'), f"{EN}:2", "there is no fact 'a.b'"),
    "fact not closed in the title": (text("A page", '"A {{ fact.a.b page"'), f"{EN}:2", "is not a fact"),
    "no title": (text("title: A page\n", ""), f"{EN}:1", "the page has no title: add 'title: …'"),
    "no section": (text("section: about\n", ""), f"{EN}:1", "the page has no section: add 'section: …' with one of"),
    "a very long title": (text("A page", "A page " * 20), f"{EN}:2", "the title has 139 characters"),
    "order in words": (front("order: third"), f"{EN}:4", "must be a whole number such as 30"),
    "unknown kind": (front("kind: forest"), f"{EN}:4", "there is no kind of page 'forest'"),
    "unknown related": (front("related: [nobody]"), f"{EN}:4", "there is no page 'nobody' to relate to"),
    "git conflict": (body("<<<<<<< HEAD\nHello.\n=======\nBye.\n>>>>>>> other"), f"{EN}:8", "git left two versions"),
    "utf-16": (lambda content: (content / "en/page.md").write_text(PAGE, "utf-16"), f"{EN}:1", "save it as UTF-8"),
    "nul": (body("Hello\0."), f"{EN}:8", "cannot be seen (U+0000): type this line again"),
    "5 MB": (body("Hello. " * 800_000), f"{EN}:1", "the file has 5.6 MB: a page is text, of 1 MB at most"),
    "a link out": (link("/etc/hostname"),
                   f"{EN}:1", "this is a link to a file elsewhere"),
    "a link to nothing": (link("none.md"), f"{NL}:1", "not there in each language: write content/en/page.md"),
    "a folder": (lambda content: (content / "en/folder.md").mkdir(), "content/en/folder.md:1", "this is a folder"),
    "capital file": (lambda content: [also(f"{lang}/Page2.md")(content) for lang in ("en",)],
                     "content/en/Page2.md:1", "a file name has only small letters"),
    "txt file": (also("en/new-page.txt"), "content/en/new-page.txt:1", "ends in .md, such as new-page.md"),
    "markdown file": (also("en/other.markdown"), "content/en/other.markdown:1", "ends in .md, such as other.md"),
    "page beside the languages": (also("page.md"), "content/page.md:1", "pages stand in content/en or content/nl"),
    "unknown language": (lambda content: (content / "de").mkdir(), "content/de:1", "is no language of this site"),
    "same address": (
        lambda content: [
            also("en/page2.md", PAGE.replace("section", "slug: page\nsection"))(content),
            also("nl/page2.md")(content),
        ],
        "content/en/page2.md:4",
        "the address /en/page/ is that of content/en/page.md too",
    ),
    "facts: quote": (text('kind = "', "kind = ", "facts.toml"), "content/facts.toml:", "a text needs quotes"),
    "facts: kind": (text('kind = "', 'kind = "x', "facts.toml"), "content/facts.toml:", "is not a kind of fact"),
    "facts: encoding": (raw(b"#", b"# caf\xe9", "facts.toml"), "content/facts.toml:1", "save the file as UTF-8"),
    "rights: bracket": (text("kinds = [", "kinds = ", "rights.toml"), "content/rights.toml:", "not well-formed TOML"),
    "site: setting": (text("name =", "nmae =", "site.toml"), "content/site.toml:", "did you mean 'name'?"),
    "site: quote": (text('time_zone = "', "time_zone = ", "site.toml"), "content/site.toml:", "not well-formed TOML"),
    "searches: TOML": (also("searches.toml", "[en.searches]\nlogin = [\n"), "content/searches.toml:2", "TOML"),
    "words: TOML": (also("plain_words.toml", "[nl.better]\nals = indien\n"), "content/plain_words.toml:2", "quotes"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_told_once(editor: Editor, name: str) -> None:
    """One line, with its place and what to do; the same in the three; and what is served stays."""
    spoil, place, words = MISTAKES[name]
    before = Builds(editor.config.output).current()
    spoil(editor.config.content)
    anew = place.startswith("content/") and ".toml" in place
    told = editor.check(anew=anew)
    lines = [str(one) for one in told]
    assert 1 == len(lines), lines
    assert lines[0].startswith(place), lines
    assert words in lines[0], lines
    assert re.search(r" \(docs/editing\.md#[a-z-]+\)$", lines[0]), lines
    errors = [str(one) for one in told if one.error]
    stopped, shown = editor.see(anew=anew)
    assert (errors, errors) == ([str(one) for one in editor.build(anew=anew)], [str(one) for one in stopped])
    assert lines == shown
    assert (before == Builds(editor.config.output).current()) == bool(errors)


# Written in another way than we do, and right.
RIGHT: dict[str, Spoil] = {
    "byte order mark": raw(b"---", b"\xef\xbb\xbf---"),
    "windows line ends": lambda content: (content / "en/page.md").write_bytes(PAGE.replace("\n", "\r\n").encode()),
    "old mac line ends": lambda content: (content / "en/page.md").write_bytes(PAGE.replace("\n", "\r").encode()),
    "tabs before list items": body("- one\n\t- two"),
    "list without an empty line": body("Hello:\n- one\n- two"),
    "smart quotes": body("“Hello” and ‘bye’ – it’s all."),
    "reference link": body("See [the page][1].\n\n[1]: facts.md"),
    "note among editors": body("<!-- to do -->\n\nHello."),
    "form with a title": body('[Do it](selfservice:orders "title")'),
    "class behind the id": text("{#question}", "{#question .wide}"),
    "title: No": text("A page", "No"),
    "quoted day": text("updated: 2026-11-20", 'updated: "2026-11-20"'),
    "backup files": lambda content: [also(f"en/{name}")(content) for name in ("page.md~", "page.md.orig", ".#page.md")],
    "note in the front matter": front("# ask Ann first"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_rightly_silent(editor: Editor, name: str) -> None:
    """It works, and nothing is said of it."""
    RIGHT[name](editor.config.content)
    assert ([], [], ([], [])) == (editor.check(), editor.build(), editor.see())
    question = (editor.config.site / "en").glob("*/index.html")
    assert any('<h2 id="question">A question?' in path.read_text("utf-8") for path in question)


def test_as_written(editor: Editor) -> None:
    """What YAML would make a truth of is published as it was written."""
    text("A page", "No")(editor.config.content)
    assert [] == editor.build()
    assert "<title>No – " in (editor.config.site / "en" / "page" / "index.html").read_text("utf-8")


def test_mended(editor: Editor) -> None:
    """The preview goes on when the mistake is mended, in a page and in a file for the whole site."""
    for spoil, anew in ((body("See [it](nothing.md)."), False), (text('kind = "', "kind = ", "facts.toml"), True)):
        spoil(editor.config.content)
        assert [1, 1] == [len(found) for found in editor.see(anew=anew)]
        editor.restore()
        assert ([], []) == editor.see(anew=anew)


PIECES = (
    "{{",
    "}}",
    "[",
    "](",
    "---\n",
    "\t",
    "\0",
    "😀",
    "<div>",
    "<!--",
    "## ",
    "{#a .b}",
    "|",
    "`",
    "é",
    "\n",
    ": ",
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_never_raises(editor: Editor, data: st.DataObject) -> None:
    """Whatever is cut, doubled or put in anywhere, the check has something to say of it, or nothing."""
    page = PAGE
    for _ in range(data.draw(st.integers(1, 4))):
        one, two = sorted(data.draw(st.tuples(*[st.integers(0, len(page))] * 2)))
        new = data.draw(st.sampled_from([*PIECES, "", page[one:two] * 2]))
        page = page[:one] + new + page[two if data.draw(st.booleans()) else one :]
    (editor.config.content / "en" / "page.md").write_text(page, "utf-8")
    assert all(one.message for one in editor.check())


def test_guide() -> None:
    """Every message names a section of docs/editing.md that is there."""
    used = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem":
                given = [*node.args[4:], *(each.value for each in node.keywords if each.arg == "see")]
                assert given, f"{path.name}:{node.lineno}: see=… names no section of {GUIDE}"
                used |= {each.value for each in given if isinstance(each, ast.Constant)}
    used |= {key.see for key in front_matter.KEYS.values()}
    headings = re.findall(r"^## (.+)$", (ROOT / GUIDE).read_text("utf-8"), re.MULTILINE)
    assert used <= {heading.lower().replace(" ", "-") for heading in headings}

"""Old addresses in a build: what editors write, what is made of it, and what is told when an address would be lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from selfservice.config import Config
from selfservice.publish.build import BuildError, build
from selfservice.publish.checks import check
from selfservice.site_config import SITE
from selfservice.static_files import MOVED_SUFFIX
from selfservice.web import moved
from tests import house
from tests.conftest import new_app_unshared
from tests.publish.test_checks import small as small  # noqa: PLC0414 (a fixture)

PAGE = "en/page.md"


def edit(config: Config, old: str, new: str, file: str = PAGE) -> None:
    """Change a file of the content in one place."""
    path = config.content / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def front_matter(config: Config, line: str, file: str = PAGE) -> None:
    """Add a line to a page's front matter, as its third."""
    edit(config, "\ndescription:", f"\n{line}\ndescription:", file)


def table(config: Config, text: str) -> None:
    """The whole of addresses.toml."""
    (config.content / "addresses.toml").write_text(text, "utf-8")


def told(config: Config) -> list[str]:
    """What is said of addresses, without the name of the guide; a build says the same."""
    found = [problem for problem in check(new_app_unshared(config), config) if problem.see == "old-addresses"]
    if any(problem.error for problem in found):
        with pytest.raises(BuildError) as caught:
            build(new_app_unshared(config), config, compress=False)
        errors = [problem for problem in caught.value.problems if problem.see == "old-addresses"]
        assert [problem for problem in found if problem.error] == [problem for problem in errors if problem.error]
    return [str(problem).removesuffix(" (docs/editing.md#old-addresses)") for problem in found]


def publish(config: Config) -> dict[str, Any]:
    """Build; returns the list of old addresses. Facts that these few pages do not use are no matter here."""
    if used := "\n".join(f"{{{{ fact.{fact} }}}}" for fact in _unused(config)):
        for lang in ("en", "nl"):
            (config.content / lang / "facts.md").write_text(FACTS + used, "utf-8")
    result = build(new_app_unshared(config), config, compress=False)
    found: dict[str, Any] = json.loads((result.output / moved.FILE).read_bytes())
    return found


FACTS = """---
title: Facts
description: All facts that no other page of this little site has any use for.
section: about
updated: 2026-11-20
reviewed: 2026-11-20
---
"""


def _unused(config: Config) -> list[str]:
    found = check(new_app_unshared(config), config)
    return [
        one.message.split("'")[1]
        for one in found
        if one.file == "content/facts.toml" and "uses the fact" in one.message
    ]


def test_list(small: Config) -> None:
    """What pages and the file say becomes a list for the app."""
    front_matter(small, "formerly: [old-page, /en/Été/x/, /faq]")
    front_matter(small, "formerly: [/faq]", "nl/page.md")
    edit(small, "{#question}", "{#question .was-asked}")
    table(
        small,
        '[moved]\n"/help" = "page.md#question"\n"/nl/form/" = "selfservice:sign-in"\n"/en/a.html" = "https://a.example/b?c=d"\n'
        '[gone]\n"/nl/fax/" = "page.md"\n"/fax" = ""\n',
    )
    assert [] == told(small)
    found = publish(small)
    assert {
        "/en/old-page": {"en": "/en/page/"},
        "/en/été/x": {"en": "/en/page/"},
        "/faq": {"en": "/en/page/", "nl": "/nl/page/"},
        "/help": {"en": "/en/page/#question", "nl": "/nl/page/#question"},
        "/nl/form": {"nl": "/nl/self-service/sign-in"},
        "/en/a.html": {"en": "https://a.example/b?c=d"},
    } == found["moved"]
    assert {"/nl/fax": {"nl": ["/nl/page/", "A page"]}, "/fax": {}} == found["gone"]


def test_pages_for_hosts_of_files(small: Config) -> None:
    """At each old address stands a small page, which no sitemap and no search names."""
    front_matter(small, "formerly: [old-page]")
    table(
        small, '[moved]\n"/faq" = "page.md"\n"/nl/a.html" = "https://a.example/?b=c&d=e"\n"/nl/a.html/b" = "page.md"\n'
    )
    publish(small)
    texts = {
        path: (small.site / path).read_text("utf-8")
        for path in ("en/old-page/index.html", "faq/index.html", "nl/a.html")
    }
    languages = {"en/old-page/index.html": "en", "faq/index.html": SITE.default_language, "nl/a.html": "nl"}
    assert [] == [line for path, text in texts.items() for line in house.broken_html(text, lang=languages[path])]
    one, both, outside = texts.values()
    assert '<link rel="canonical" href="http://127.0.0.1:8000/en/page/">' in one
    assert '<meta http-equiv="refresh" content="0; url=/en/page/">' in one
    assert '<meta name="robots" content="noindex">' in one
    assert "<script" not in one + both + outside
    assert ["/nl/page/", "/en/page/"] == [link.get("href") for link in house.elements(house.parse(both), "a")]
    assert "refresh" not in both
    assert "url=https://a.example/?b=c&amp;d=e" in outside
    assert all((small.site / f"{path}{MOVED_SUFFIX}").is_file() for path in texts)
    sitemap = (small.site / "sitemap.xml").read_text("utf-8")
    assert (True, []) == ("/en/page/" in sitemap, [old for old in ("old-page", "faq", "a.html") if old in sitemap])


TREE = """---
title: Choose
description: A question tree of a question and two outcomes, to be moved about.
section: about
updated: 2026-11-20
reviewed: 2026-11-20
kind: tree
slug: choose
formerly: [pick]
---
## What? {#what}

- [This](#this)
- [That](#that)

## This {#this .was-one}

[A page](page.md)

## That {#that}

[A page](page.md)
"""


def test_trees(small: Config) -> None:
    """Questions of a tree have pages: the old addresses of these lead on too, under old names and below an old one."""
    for lang in ("en", "nl"):
        (small.content / lang / "choose.md").write_text(TREE, "utf-8")
    assert [] == told(small)
    found = publish(small)["moved"]
    steps = {
        old.removeprefix("/nl/"): by["nl"].removeprefix("/nl/choose/") for old, by in found.items() if old[:3] == "/nl"
    }
    assert {
        "pick": "", "pick/what": "what/", "pick/this": "this/", "pick/that": "that/", "pick/all": "all/",
        "pick/one": "this/", "choose/one": "this/",
    } == steps  # fmt: skip


UNCLOSED = "Expected ']' at the end of a table declaration; a table is written as [group.name]"
PAGES = "an old address cannot be that of a page"
PROGRAM = "is an address of the program: it cannot be an old one"
SHAPE = "is no address of this site: write it from its first slash, such as /en/orders/"
PARTS = "cannot be an address: no part of it begins with a dot or a space, or is very long"
LINK = "is no page (orders.md), form (selfservice:orders) or address (https://…)"
BY_FILE = "write the page by its file, 'page.md', not by its address '/en/page/'"
F = "content/en/page.md:3: "
T = "content/addresses.toml:2: "
Q = "content/en/page.md:11: "


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("formerly: old", "'formerly:' must be a list, also of one: write 'formerly: [old]'"),
        ("formerly: [page]", "'page' is the address that this page has: take it out of 'formerly:'"),
        ("formerly: [Contact]", f"'Contact' is the address of content/en/contact.md: {PAGES}"),
        ("formerly: [a, A]", "the old address '/en/A/' stands here twice: keep it in one place"),
        ("formerly: [/en/self-service/orders]", f"'/en/self-service/orders' {PROGRAM}"),
        ("formerly: [/robots.txt]", f"'/robots.txt' {PROGRAM}"),
        ("formerly: [/]", f"'/' {PROGRAM}"),
        ("formerly: ['a?b=c']",
         "an old address has no ? and no #, so not 'a?b=c'; a question's old id is {#new .was-old}"),
        ("formerly: [/../x]", f"'/../x' {PARTS}"),
        ("formerly: [//evil.example]", f"'//evil.example' {SHAPE}"),
        ("formerly: ['%2F%2Fevil.example']", None),
        ("formerly: ['a%0d%0ab']", None),
    ],
)  # fmt: skip
def test_wrong_in_a_page(small: Config, line: str, message: str | None) -> None:
    """Each mistake in a page is one line."""
    front_matter(small, line)
    found = told(small)
    assert 1 == len(found), found
    assert found[0] == f"{F}{message}" or (message is None and "write it from its first slash" in found[0])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('"/a" = ""', "'/a' must lead to a page, such as \"orders.md\""),
        ('"/a" = 1', "'/a' must lead to a page, such as \"orders.md\""),
        ('"/a" = "/a/"', "'/a' leads round in a circle: write the page that it leads to, such as 'orders.md'"),
        ('"/a" = "nothing.md"', "the link to 'nothing.md' leads nowhere; did you mean 'cannot-log-in.md'?"),
        ('"/a" = "page.md#nothing"', "'page.md' has no question '#nothing'"),
        ('"/a" = "selfservice:nothing"', None),
        ('"/a" = "page"', f"'page' {LINK}"),
        ('"/a" = "http://a.example/"', f"'http://a.example/' {LINK}"),
        ('"/a" = "/en/page/"', BY_FILE),
        ('"/a" = "http://127.0.0.1:8000/en/page/"', BY_FILE),
        ('"/a" = "/nowhere"', "there is nothing at '/nowhere': write the file of a page, such as 'orders.md'"),
        ('"/en/page/" = "contact.md"', f"'/en/page/' is the address of content/en/page.md: {PAGES}"),
        ('"a" = "page.md"', f"'a' {SHAPE}"),
        ('"/live" = "page.md"', f"'/live' {PROGRAM}"),
    ],
)  # fmt: skip
def test_wrong_in_the_file(small: Config, entry: str, message: str | None) -> None:
    """Each mistake in the file is one line."""
    table(small, f"[moved]\n{entry}\n")
    found = told(small)
    assert 1 == len(found), found
    assert found[0] == f"{T}{message}" or (
        message is None and found[0].startswith(f"{T}there is no form 'selfservice:")
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[moved]\n"/a" = "/b"\n"/b" = "/c/"\n"/c" = "page.md"\n',
         ["2: '/b' is an old address itself: write where that leads, 'page.md'",
          "3: '/c/' is an old address itself: write where that leads, 'page.md'"]),
        ('[moved]\n"/a" = "/b"\n"/b" = "/A"\n',
         [f"{n}: '{a}' leads round in a circle: write the page that it leads to, such as 'orders.md'"
          for n, a in ((2, "/a"), (3, "/b"))]),
        ('[moved]\n"/a" = "/b"\n"/b" = "/c"\n',
         ["2: '/b' is an old address itself, and '/c' leads nowhere",
          "3: there is nothing at '/c': write the file of a page, such as 'orders.md'"]),
        ('[moved]\n"/a" = "page.md"\n[gone]\n"/A/" = ""\n',
         ["4: the old address '/A/' stands here twice: keep it in one place"]),
        ("[moved\n", ["1: not well-formed TOML: " + UNCLOSED]),
        ('[movd]\n"/a" = "page.md"\n', ["1: 'movd' stands outside [moved] and [gone]; did you mean 'moved'?"]),
        ('"/a" = "page.md"\n', ["1: '/a' stands outside [moved] and [gone]"]),
        ('[gone]\n"/a" = "nothing.md"\n',
         ["2: the link to 'nothing.md' leads nowhere; did you mean 'cannot-log-in.md'?"]),
    ],
)  # fmt: skip
def test_wrong_file(small: Config, text: str, lines: list[str]) -> None:
    """A chain, a circle, an address that stands twice, and a file of another shape."""
    table(small, text)
    assert [f"content/addresses.toml:{line}" for line in lines] == told(small)


def test_two_claims(small: Config) -> None:
    """Two pages cannot both have had an address; twins can, when it names no language."""
    front_matter(small, "formerly: [old]")
    front_matter(small, "formerly: [/en/old]", "en/contact.md")
    assert [f"{F}the old address '/en/old/' stands in content/en/contact.md too: keep it in one place"] == told(small)


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("{#question .was-question}", "'question' is the id of another question too: take .was-question away"),
        ("{#question .was-b}\n\n## B? {#c .was-b}", "'b' is the id of another question too: take .was-b away"),
    ],
)
def test_former_id_of_another(small: Config, heading: str, message: str) -> None:
    """An old id that another question has, or had, says nothing."""
    edit(small, "{#question}", heading)
    assert [line for line in told(small) if line == f"{Q}{message}"]

"""docs/editing.md, as an editor follows it: each example is built, and gives what the guide says that it gives."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
import yaml

from selfservice.config import ROOT, Config
from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.build import build
from selfservice.publish.checks import check
from selfservice.publish.reading.front_matter import KEYS
from tests.conftest import new_app_unshared

GUIDE = (ROOT / "docs" / "editing.md").read_text("utf-8")
DECAP = ROOT / "docs" / "editors" / "decap.yml"
FENCED = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```\n(?:\ngives\n\n```html\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
PAGE = """---
title: Example {number}
description: "One of the examples of the guide for editors, built by a test on a page of its own."
slug: example-{number}
section: about
order: {order}
updated: 2026-11-30
reviewed: 2026-11-30
---
{text}"""


class Example(NamedTuple):
    """A block of the guide: the file it is, if it is one, and what comes of it."""

    kind: str
    file: str
    text: str
    gives: str


EXAMPLES = [Example(*match) for match in FENCED.findall(GUIDE)]
SNIPPETS = [example for example in EXAMPLES if example.kind == "markdown" and not example.file]


@pytest.fixture
def written(copied: Config) -> Config:
    """The content with all examples of the guide in it."""
    for example in EXAMPLES:
        if example.file:
            path = copied.content.parent / example.file
            path.write_text(example.text, "utf-8")
    for number, example in enumerate(SNIPPETS):
        for lang in LANGUAGES:
            path = copied.content / lang / f"example-{number}.md"
            path.write_text(PAGE.format(number=number, order=90 + number, text=example.text), "utf-8")
    return copied


def squeezed(text: str) -> str:
    """HTML without the spaces and line ends that mean nothing here."""
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", " ".join(text.split()))


def test_each_example_is_right_and_gives_what_the_guide_says(written: Config) -> None:
    """An editor may copy any of them."""
    app = new_app_unshared(written)
    told = [str(problem) for problem in check(app, written) if problem.error]
    assert not told, "\n".join(told)
    build(app, written, compress=False)
    missing = [
        (number, line)
        for number, example in enumerate(SNIPPETS)
        for line in example.gives.splitlines()
        if squeezed(line) not in squeezed((written.site / "en" / f"example-{number}" / "index.html").read_text("utf-8"))
    ]
    assert ([], True) == (missing, all(example.gives for example in SNIPPETS))


def test_pages_of_the_guide_are_where_it_says(written: Config) -> None:
    """Addresses by slug, a tree with a page for each question, an old address and an old question; no draft."""
    build(new_app_unshared(written), written, compress=False)
    there = ("en/opening-hours", "nl/openingstijden", "en/which-desk/letter", "nl/welke-balie/all", "en/where-to-park")
    assert [] == [path for path in there if not (written.site / path / "index.html").is_file()]
    parking = (written.site / "nl" / "parkeren" / "index.html").read_text("utf-8")
    assert ('<a id="place"></a>' in parking, (written.site / "en" / "summer").exists()) == (True, False)


def test_guide_names_each_name_of_the_front_matter_and_no_other() -> None:
    """So does the file for Decap, which is for an editor's own machine."""
    table = GUIDE.split("\n## Front matter\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in first for name in re.findall(r"`([\w-]+)`", cell)}
    fields = {field["name"] for field in yaml.safe_load(DECAP.read_text("utf-8"))["collections"][0]["fields"]}
    assert (set(KEYS), set(KEYS) | {"body"}) == (named, fields)


def test_decap_keeps_to_this_machine_and_to_plain_text() -> None:
    """Its server listens on all interfaces when it is not told otherwise, and its rich text rewrites our marks."""
    settings = yaml.safe_load(DECAP.read_text("utf-8"))
    (pages,) = settings["collections"]
    body = next(field for field in pages["fields"] if field["name"] == "body")
    assert (["raw"], True, "multiple_folders") == (
        body["modes"],
        settings["local_backend"],
        settings["i18n"]["structure"],
    )
    assert (pages["folder"], set(settings["i18n"]["locales"])) == ("content", set(LANGUAGES))
    started = [line for line in GUIDE.splitlines() if "npx decap-server" in line or "http.server" in line]
    assert [True, True] == ["127.0.0.1" in line for line in started]

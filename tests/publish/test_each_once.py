"""The whole of `loket check`, with each mistake in the text of a page on a page of its own: one line each, not two."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.publish.checks import check
from selfservice.site_config import SITE
from tests.conftest import new_app_unshared
from tests.publish.test_body_advice import ADVISED
from tests.publish.test_body_checks import BAD
from tests.publish.test_checks import FRONT, TODAY
from tests.publish.test_checks import small as small_site

small = small_site
FIRST = FRONT.count("\n") + 1  # line of the text
# A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def write(content: Path, mistakes: list[tuple[str, str]]) -> dict[str, str]:
    """Write a page for each mistake, with a twin that has what was meant; returns by file what must be said of it."""
    wanted = {}
    for number, (body, line) in enumerate(mistakes):
        title = FRONT.format(title=f"Page {number}")
        # The page itself is 'x' in the examples.
        name = "x" if "x.md" in body else f"m{number}"
        at, _, message = line.partition(": ")
        wanted[f"content/en/{name}.md"] = f"{int(at) - 4 + FIRST}: {message}".replace(" on line 4", f" on line {FIRST}")
        (content / "en" / f"{name}.md").write_text(title + body, "utf-8")
        ids = dict.fromkeys(re.findall(r"[{ ]#([a-z0-9-]+)[ }]", body))
        ids |= dict.fromkeys(["meant"] if "has no id" in message or "is no heading" in message else [])
        twin = "".join(f"\n## Vraag over {id_} {{#{id_}}}\n\nJa.\n" for id_ in ids)
        (content / "nl" / f"{name}.md").write_text(title + "Goed.\n" + twin, "utf-8")
    return wanted


@pytest.mark.parametrize("mistakes", [BAD, ADVISED], ids=["errors", "advice"])
def test_once(small: Config, mistakes: list[tuple[str, str]]) -> None:
    """A mistake is told once, at its line, and nothing that follows from it."""
    for lang in SITE.languages:
        for name in ("a", "b"):
            text = FRONT.format(title=f"Page {name}") + "## A question? {#a}\n\nHello.\n"
            (small.content / lang / f"{name}.md").write_text(text, "utf-8")
    (small.content / "img").mkdir()
    for name in ("a.png", "form.png"):
        (small.content / "img" / name).write_bytes(PNG)
    wanted = write(small.content, mistakes)
    found = defaultdict(list)
    for one in check(new_app_unshared(small), small, TODAY):
        found[one.file].append(f"{one.line}: {one.message}")
    found.pop("content/facts.toml", None)
    for name in ("a.png", "form.png"):
        found.pop(f"content/img/{name}", None)
    assert [] == [(wanted.get(file), lines) for file, lines in found.items() if lines != [wanted.get(file)]]
    assert set(wanted) == set(found)


TREE = "## What? {#what}\n\n- [One](#one)\n- [Two](#two)\n\n## One {#one}\n\n[x](a.md)\n\n## Two {#two}\n\n[x](a.md)\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("## A question? {#a}", "## A question?",
         "page.md:8: the question 'A question?' has no id: add {#a-short-name}, the same in every language"),
        ("## A question? {#a}", "##A question? {#a}",
         "page.md:8: '##A question? {#a}' is no heading: put a space behind ##"),
        ("{#hi}", "{#ho}",
         "a.md:8: 'Hi' ({#ho}) has no twin in content/nl/a.md, which has {#hi}: give both the same id"),
        ("## A", "<!-- ## A",
         "page.md:8: a comment begins here and does not end, so nothing below it is shown: close it with -->"),
        ("## One {#one}", "## One",
         "tree.md:14: the question 'One' has no id: add {#a-short-name}, the same in every language"),
        ("(#two)", "(#too)", "tree.md:12: there is no question '#too' on this page; did you mean 'two'?"),
        ("- [Two](#two)\n", "", "tree.md:9: 'What?' has one answer: a question has 2 to 7"),
        ("- [Two](#two)\n", "- Two\n",
         "tree.md:12: each item of a list of answers is a link to a question of this page, and nothing else"),
    ],
)  # fmt: skip
def test_cause_alone(small: Config, old: str, new: str, line: str) -> None:
    """What follows from a mistake, in other pages and in the other language, is not told."""
    for lang in SITE.languages:
        for name, body in (
            ("page", "## A question? {#a}\n\nSee [b](b.md), [t](tree.md#one) or [a](#a).\n"),
            ("b", "[a](page.md#a)\n"),
            ("a", "## Hi {#hi}\n\nHi.\n"),
            ("tree", TREE),
        ):
            title = FRONT.format(title=f"Page {name}")
            title = title.replace("section:", "kind: tree\nsection:") if name == "tree" else title
            (small.content / lang / f"{name}.md").write_text(title + body, "utf-8")
    path = small.content / "en" / line.partition(":")[0]
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    found = [f"{one.file}:{one.line}: {one.message}" for one in check(new_app_unshared(small), small, TODAY)]
    assert [f"content/en/{line}"] == [one for one in found if not one.startswith("content/facts.toml")]

"""Front matter: what is right is read as it was written, and each mistake is one line with what to write."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.publish.reading.front_matter import KEYS, FrontMatter, read_front_matter

PAGE = """---
title: A page
description: What stands on it.
section: about
updated: 2026-11-20
reviewed: 2026-11-20
---
Hello.
"""
NEEDED = "the title, description, section and days of the page"


def spoilt(old: str, new: str) -> FrontMatter:
    """The page with one change."""
    assert old in PAGE
    return read_front_matter(PAGE.replace(old, new, 1))


def test_right() -> None:
    """Each value is of its kind; the text begins on its line."""
    found = read_front_matter(PAGE)
    day = dt.date(2026, 11, 20)
    meta = {"title": "A page", "description": "What stands on it.", "section": "about", "updated": day, "reviewed": day}
    assert (meta, "Hello.\n", 8, [], 3) == (
        found.meta,
        found.body,
        found.body_line,
        found.faults,
        found.lines["description"],
    )


@pytest.mark.parametrize("text", ["No", "yes", "007", "1e3", "2026-11-20", "null", "~", "12:30", "0x1F"])
def test_as_written(text: str) -> None:
    """A text stays what was written, also where YAML would make a truth, a number or a day of it."""
    found = spoilt("A page", text)
    assert (text, []) == (found.meta["title"], found.faults)


def test_slug_as_written() -> None:
    """A slug of digits keeps its zeros."""
    assert "007" == spoilt("section:", "slug: 007\nsection:").meta["slug"]


@pytest.mark.parametrize(("text", "line"), [("---  \n", 2), ("---\n# a note\n", 3), ("---\n\n", 3)])
def test_rightly_silent(text: str, line: int) -> None:
    """Spaces behind ---, notes and empty lines say nothing."""
    found = read_front_matter(PAGE.replace("---\n", text, 1))
    assert ([], line) == (found.faults, found.lines["title"])


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("A page", "A: page", 2,
         "the value of 'title:' has a colon: write it between double quotes, title: \"A: page\""),
        ("A page", '"A page', 2, "the quotes of 'title:' do not match: write title: \"A page\""),
        ("A page", "*A* page", 2, "'title:' begins with *: write it between double quotes, title: \"*A* page\""),
        ("A page", "& co", 2, "'title:' begins with &: write it between double quotes, title: \"& co\""),
        ("A page", "&a page", 2, "'title:' begins with &: write it between double quotes"),
        ("A page", "A #1 page", 2,
         "what stands behind # is no part of 'title:'; to keep it, write the whole between double quotes"),
        ("A page", "{{ fact.a.b }}", 2, "'title:' must be one text: write it between double quotes, title: \"…\""),
        ("title: A", "title:A", 2, "write a space behind 'title:'"),
        ("title: A", "\ttitle: A", 2, "a tab stands in this line: write spaces in its place"),
        ("title: A", " title: A", 2, "take away the spaces before 'title:'"),
        ("title: A", "title A", 2, "'title A page' is no line of 'name: value'"),
        ("title: A", "Title: A", 2, "names of the front matter have small letters: write 'title:'"),
        ("title: A", "titel: A", 2, "there is no 'titel:' in front matter; did you mean 'title'?"),
        ("title: A", "colour: red\ntitle: A", 2, "there is no 'colour:' in front matter: take it away"),
        ("section:", "title: B\nsection:", 4, "'title:' stands here twice, also on line 2: keep one of them"),
        ("section: about", "section: abuot", 4,
         "the section must be one of log-in, register, account, about; did you mean 'about'?"),
        ("section:", "slug: A b\nsection:", 4, "'slug:' is a part of an address: use small letters, digits and dashes"),
        ("section:", "order: third\nsection:", 4, "'order:' must be a whole number such as 30"),
        ("section:", "related: orders\nsection:", 4,
         "'related:' must be a list, also of one: write 'related: [orders]'"),
        ("section:", "related: [orders\nsection:", 4, "'related:' has no ] at its end: write related: [orders]"),
        ("section:", "tasks: [orders.md]\nsection:", 4,
         "each of 'tasks:' is written as '- title: …' with 'text: …' and 'link: …' below it"),
        ("section:", "wants:\n  - want: W\n    how: H\nsection:", 5,
         "one of 'wants:' has no 'link:': each is written as '- want: …' with 'how: …' and 'link: …' below it"),
        ("section:", "tasks:\n  - title: T\n    texst: H\n    link: x.md\nsection:", 6,
         "there is no 'texst:' in 'tasks:': each is written as '- title: …' with 'text: …' and 'link: …' below it"),
        ("section:", "template: pagina\nsection:", 4,
         "there is no template 'pagina': only the home page has one, 'home'"),
        ("section:", "kind: forest\nsection:", 4,
         "there is no kind of page 'forest': write 'kind: tree', or leave it out"),
        ("section:", "about_this_site: maybe\nsection:", 4, "'about_this_site:' must be true, or be left out"),
        ("section:", "status: drafty\nsection:", 4,
         "there is no status 'drafty': write 'status: draft', or leave it out; did you mean 'draft'?"),
        ("section:", "review_every: a year\nsection:", 4, "'review_every:' is a number of months, 1 to 99, such as 6"),
        ("2026-11-20", "29-11-2026", 5, "'updated:' must be a date written as year-month-day: write 2026-11-29"),
        ("2026-11-20", "2026-9-1", 5, "'updated:' must be a date written as year-month-day: write 2026-09-01"),
        ("2026-11-20", "20261120", 5, "'updated:' must be a date written as year-month-day: write 2026-11-20"),
        ("2026-11-20", "2026-02-30", 5, "there is no day 2026-02-30: look in a calendar"),
        ("2026-11-20", "3/4/2026", 5, "'updated:' must be a date such as 2026-11-21: year, month, day"),
        ("2026-11-20", "soon", 5, "'updated:' must be a date such as 2026-11-21: year, month, day"),
        ("---\nHello", "Hello", 7, "the front matter is not closed: write --- on a line of its own above 'Hello.'"),
        ("---\nHello", "----\nHello", 7, "the front matter is not closed: write --- on a line of its own above '----'"),
        ("---\ntitle", "title", 1, "the first line of a page is ---: write it above 'title:'"),
        ("---\ntitle", "\n---\ntitle", 1, "the first line of a page is ---: take away what stands above it"),
        (PAGE, "", 1, "the file is empty: write the page, or remove the file"),
        (PAGE, "Hello.\n", 1, f"the page has no front matter: begin it with ---, {NEEDED}, and ---"),
        (PAGE, "---\n---\nHello.\n", 2, f"the front matter is empty: write {NEEDED} in it"),
        (PAGE, "---\n- a\n---\n", 2,
         "this cannot be read: write lines of 'name: value', and between double quotes a value with : # [ or {"),
    ],
)  # fmt: skip
def test_mistake(old: str, new: str, line: int, message: str) -> None:
    """One line each, and nothing of what follows from it."""
    found = spoilt(old, new)
    missing = [name for name, key in KEYS.items() if key.required and not found.meta.get(name)]
    assert ([(line, message)], []) == (
        [(fault.line, fault.message) for fault in found.faults],
        [name for name in missing if name not in found.told],
    )


@given(st.text(alphabet="-: \n\t\"'[]{}#&*!|>%@`?,abtitle0123é\x00", max_size=60))
def test_never_raises(text: str) -> None:
    """Whatever is written there, it is read, and no line of the file is lost."""
    for source in (text, f"---\n{text}", f"---\n{text}\n---\nHello.\n"):
        found = read_front_matter(source)
        assert source.split("\n")[found.body_line - 1 :] == found.body.split("\n") or not found.body

"""The list of pages in a build: what they say of themselves, for an app that serves it and need not read them then."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from selfservice.builds import PAGES
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES
from selfservice.web.pages import PageInfo, Question, read_pages

Place = tuple[str, str]  # a page's language and key
File = tuple[str, int, int]  # its place in the content folder, size and time of change (ns)


def pages_of(content: Path, facts: Facts, *, preview: bool = False) -> dict[Place, PageInfo]:
    """As `read_pages`; from the list, when the folder is that of a build and is as it was when the list was made."""
    try:
        text = (content.parent / PAGES).read_text("utf-8")
        listed = text.partition("\n")[2].removesuffix("]")
        if text != _whole(_files(content), listed, preview=preview):
            return read_pages(content, facts, preview=preview)
        found = [_page(each) for each in json.loads(listed)]
    except (OSError, ValueError, TypeError):
        return read_pages(content, facts, preview=preview)
    return {(page.lang, page.key): page for page in found}


def list_text(pages: Iterable[PageInfo], files: Iterable[File], *, preview: bool) -> str:
    """The list of these pages, which were made from these files."""
    listed = json.dumps([astuple(page) for page in pages], separators=(",", ":"))
    used = (file for file in files if is_used(file[0]))
    return _whole(used, listed, preview=preview)


def is_used(name: str) -> bool:
    """Whether this file of a content folder says something of the pages in the list."""
    folder, _, file = name.rpartition("/")
    return name == "facts.toml" or (folder in LANGUAGES and file.endswith(".md"))


def _whole(files: Iterable[File], listed: str, *, preview: bool) -> str:
    """Before the list stands what tells that it is of these files, and as it was written."""
    of = repr((preview, sorted(files), listed)).encode()
    return f'["{hashlib.blake2b(of, digest_size=12).hexdigest()}",\n{listed}]'


def _page(values: list[Any]) -> PageInfo:
    forms, questions, links = values[-3:]
    asked = tuple(Question(id_, title, tuple(below), tuple(leads)) for id_, title, below, leads in questions)
    return PageInfo(*[*values[:-3], tuple(forms), asked, tuple(links)])


def _files(content: Path) -> list[File]:
    found = []
    for folder in ("", *LANGUAGES):
        with os.scandir(content / folder) as entries:
            for entry in entries:
                if is_used(name := f"{folder}/{entry.name}".lstrip("/")):
                    stat = entry.stat()
                    found.append((name, stat.st_size, stat.st_mtime_ns))
    return found

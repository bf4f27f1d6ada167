"""An app of a build takes its pages from the list in it, unless that is not the list of these very files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from selfservice.builds import CONTENT, PAGES
from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.web.page_list import is_used, list_text, pages_of
from selfservice.web.pages import read_pages

FACTS = Facts.load(ROOT / "content" / "facts.toml")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The content in a build, with its list."""
    folder = shutil.copytree(ROOT / "content", tmp_path / CONTENT)
    stats = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    files = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()]
    text = list_text(read_pages(folder, FACTS).values(), files, preview=False)
    (tmp_path / PAGES).write_text(text, "utf-8")
    assert json.loads(text)
    return folder


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page is read."""
    monkeypatch.setattr("selfservice.web.page_list.read_pages", lambda *_, **__: {})


@pytest.mark.usefixtures("unread")
def test_same_as_read(content: Path) -> None:
    """The list says what the pages say."""
    assert list(read_pages(content, FACTS).items()) == list(pages_of(content, FACTS).items())


def spoil(path: Path) -> None:
    """Another title, in as many bytes."""
    path.write_text(path.read_text("utf-8").replace("order", "ordre"), "utf-8")


def touch(path: Path) -> None:
    """Another time of change."""
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (PAGES, spoil),
        (PAGES, Path.unlink),
        (PAGES, lambda path: path.write_text("[]")),
        (PAGES, lambda path: path.write_bytes(path.read_bytes()[:-2])),
        (f"{CONTENT}/en/orders.md", touch),
        (f"{CONTENT}/nl/orders.md", Path.unlink),
        (f"{CONTENT}/facts.toml", touch),
        (f"{CONTENT}/en/orders.md", lambda path: shutil.copy(path, path.with_name("new.md"))),
    ],
)
def test_another_list(
    content: Path, monkeypatch: pytest.MonkeyPatch, name: str, harm: Callable[[Path], object]
) -> None:
    """Whatever is wrong with it, or with the files, the pages are read."""
    harm(content.parent / name)
    monkeypatch.setattr("selfservice.web.page_list.read_pages", lambda *_, **__: {("en", "read"): None})
    assert [("en", "read")] == list(pages_of(content, FACTS))


@pytest.mark.usefixtures("unread")
def test_of_visitors(content: Path) -> None:
    """A preview shows drafts too, which the list of what visitors see has not."""
    assert {} == pages_of(content, FACTS, preview=True)


def test_what_it_is_of() -> None:
    """Pages, and the facts in their titles."""
    names = ["en/x.md", "facts.toml", "en/sub/x.md", "img/x.md", "en/x.txt", "site.toml"]
    assert ["en/x.md", "facts.toml"] == [name for name in names if is_used(name)]

"""The same corpus written for three builders. The peers get links and facts as plain text, so they have less to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from bench.corpus import LANGUAGES, SECTIONS, Page

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
DATE = "2026-11-21"
IN_FOOTER = 12  # pages of a section that every page's footer names, in all three

Shorten = Callable[[str], str]


def write_ours(folder: Path, pages: Sequence[Page]) -> None:
    """Our content folder."""
    _fresh(folder)
    for name in ("facts.toml", "rights.toml"):
        shutil.copy(ROOT / "content" / name, folder / name)
    # Where searches and wordings lead the corpus has no pages.
    searches = (ROOT / "content" / "searches.toml").read_text("utf-8")
    _save(folder / "searches.toml", re.sub(r"(?ms)^\[\w+\.(?:searches|wordings)].*?(?=^\[|\Z)", "", searches))
    # Of the pages that forms lead to the corpus has one.
    text = (ROOT / "content" / "site.toml").read_text("utf-8")
    _save(folder / "site.toml", re.sub(r'= "[a-z-]+\.md(#[a-z-]+)?"', '= "contact.md"', text))
    for page in pages:
        head = _front_matter(page, related=list(page.related))
        if page.key == "index":
            head += "template: home\nlead: The first page.\n"
        body = page.body(
            lambda key, anchor: f"{key}.md" + (f"#{anchor}" if anchor else ""), lambda name: f"{{{{ fact.{name} }}}}"
        )
        _save(folder / page.lang / f"{page.key}.md", f"---\n{head}---\n{body}")


def write_pelican(folder: Path, pages: Sequence[Page], facts: dict[str, str]) -> None:
    """A stock Pelican site: its own Markdown reader, with tables, heading ids, contents list and heading links."""
    _fresh(folder)
    shutil.copytree(PEERS / "pelican", folder, dirs_exist_ok=True)
    menus = {lang: _menu(pages, lang) for lang in LANGUAGES}
    conf = folder / "pelicanconf.py"
    conf.write_text(conf.read_text("utf-8") + f"\nMENUS = {menus!r}\n", "utf-8")
    addresses = {(page.lang, page.key): page for page in pages}
    for page in pages:
        head = {
            "Title": page.title, "Description": page.description, "Slug": page.slug or "index", "Lang": page.lang,
            "Key": page.key, "Section": page.section, "Date": DATE, "URL": page.path.lstrip("/"),
            "Save_as": page.path.lstrip("/") + "index.html",
        }  # fmt: skip
        related = "".join(
            f"- [{addresses[page.lang, key].title}]({addresses[page.lang, key].path})\n" for key in page.related
        )
        text = "".join(f"{name}: {value}\n" for name, value in head.items())
        body = _resolved(page, addresses, facts)
        _save(folder / "content" / page.lang / f"{page.key}.md", f"{text}\n[TOC]\n\n{body}\n\n---\n\n{related}")


def write_hugo(folder: Path, pages: Sequence[Page], facts: dict[str, str]) -> None:
    """A Hugo site: front matter and markdown in its own form, heading and table render hooks as we have them."""
    _fresh(folder)
    shutil.copytree(PEERS / "hugo", folder, dirs_exist_ok=True)
    addresses = {(page.lang, page.key): page for page in pages}
    for page in pages:
        name = "_index" if page.key == "index" else page.key
        head = _front_matter(page, related=list(page.related), weight=page.order + 1, section_name=page.section)
        if page.key != "index":
            head += f"url: {page.path}\n"
        _save(folder / "content" / page.lang / f"{name}.md", f"---\n{head}---\n{_resolved(page, addresses, facts)}")


def _front_matter(page: Page, **more: object) -> str:
    fields: dict[str, object] = {
        "title": page.title,
        "description": page.description,
        "slug": page.slug,
        "section": page.section,
    }
    fields |= {"order": page.order, "updated": DATE, "reviewed": DATE} | more
    # JSON is YAML too; the dates must stand without quotes.
    written = {name: value if name in ("updated", "reviewed") else json.dumps(value) for name, value in fields.items()}
    return "".join(f"{name}: {value}\n" for name, value in written.items())


def _resolved(page: Page, addresses: dict[tuple[str, str], Page], facts: dict[str, str]) -> str:
    return page.body(
        lambda key, anchor: addresses[page.lang, key].path + (f"#{anchor}" if anchor else ""), lambda name: facts[name]
    )


def _menu(pages: Sequence[Page], lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    theirs = sorted(
        (page for page in pages if page.lang == lang and page.slug), key=lambda page: SECTIONS.index(page.section)
    )
    grouped = groupby(theirs, key=lambda page: page.section)
    return [(section, [(one.path, one.title) for one in list(group)[:IN_FOOTER]]) for section, group in grouped]


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _save(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")

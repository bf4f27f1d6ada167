"""A build takes over what did not change, and is nevertheless, byte for byte, what a build from nothing would be."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pickle
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.builds import CONTENT, PAGES, SEARCH, SITE, notes_of
from selfservice.config import ROOT, Config
from selfservice.fragments.devices.form import EndForm
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.build import Builder, build
from selfservice.publish.page_cache import FILE, PageCache
from tests.conftest import new_app_unshared

# Pages without a role, that others may lead to, by what may be done with them.
PLAIN = ("digid", "orders", "maintenance", "privacy", "register", "annual-accounts")


@pytest.fixture
def own(copied: Config, tmp_path: Path) -> Config:
    """Settings whose content and templates may be changed."""
    root = tmp_path / "root"
    shutil.copytree(ROOT / "site", root / "site")
    (root / "translations").symlink_to(ROOT / "translations")
    shutil.copy(ROOT / "pelicanconf.py", root)
    return dataclasses.replace(copied, root=root)


def files_of(build: Path) -> dict[str, bytes]:
    """What visitors can get, and what the app reads."""
    found: dict[str, bytes] = {}
    for part in (SITE, SEARCH, CONTENT, PAGES):
        places = [build / part] if (build / part).is_file() else (build / part).rglob("*")
        found |= {path.relative_to(build).as_posix(): path.read_bytes() for path in places if path.is_file()}
    # Those of pages that are open somewhere (former_files.py), which a build from nothing does not know.
    kept = [f"{SITE}/{name}{ending}" for name in notes_of(build).former for ending in ("", ".br", ".gz")]
    return {path: content for path, content in found.items() if path not in kept}


def clean(config: Config, folder: Path) -> dict[str, bytes]:
    """What a build from nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    alone = dataclasses.replace(config, output=folder)
    return files_of(build(new_app_unshared(alone), alone).output)


def edited(path: Path, change: Callable[[str], str]) -> None:
    """Change a text, in another moment than it was last read in."""
    text = path.read_text("utf-8")
    path.write_text(change(text), "utf-8")


def pages_of(config: Config, pick: random.Random) -> tuple[str, list[Path]]:
    """One of the plain pages, in all languages."""
    there = [key for key in PLAIN if (config.content / LANGUAGES[0] / f"{key}.md").is_file()]
    key = pick.choice(there)
    return key, [config.content / lang / f"{key}.md" for lang in LANGUAGES]


# Edits that leave a site without mistakes.


def text(config: Config, pick: random.Random) -> None:
    """One sentence more, in one language."""
    edited(pick.choice(pages_of(config, pick)[1]), lambda one: f"{one}\nOne more sentence {pick.random()}.\n")


def title(config: Config, pick: random.Random) -> None:
    """Another title: menus, neighbours and related pages show it."""
    edited(
        pick.choice(pages_of(config, pick)[1]),
        lambda one: re.sub(r"(?m)^title: .*$", "title: Now called so", one, count=1),
    )


def slug(config: Config, pick: random.Random) -> None:
    """Another address, to which the old one leads."""
    new = f"other-{pick.randrange(1000)}"

    def change(one: str) -> str:
        old = re.search(r"(?m)^slug: (.*)$", one)
        assert old
        return one if "\nformerly:" in one else one.replace(old[0], f"slug: {new}\nformerly: [{old[1]}]", 1)

    edited(pick.choice(pages_of(config, pick)[1]), change)


def order(config: Config, pick: random.Random) -> None:
    """Another place among its neighbours."""
    for path in pages_of(config, pick)[1]:
        edited(path, lambda one: re.sub(r"(?m)^order: .*$", f"order: {pick.randrange(200)}", one, count=1))


def day(config: Config, pick: random.Random) -> None:
    """Found to be true on another day."""
    edited(
        pick.choice(pages_of(config, pick)[1]),
        lambda one: re.sub(r"(?m)^reviewed: .*$", "reviewed: 2026-11-01", one, count=1),
    )


def fact(config: Config, pick: random.Random) -> None:
    """Another value of a fact that pages, forms and the layout show."""
    group = pick.choice(["bedrijvencheck.per_year", "password_link.hours", "invoices.link_hours"])
    number = pick.randrange(2, 40)
    edited(
        config.content / "facts.toml",
        lambda one: re.sub(rf"(\[{re.escape(group)}]\nkind = \"\w+\"\nvalue = )\d+", rf"\g<1>{number}", one),
    )


def template(config: Config, pick: random.Random) -> None:
    """Another template, also of what is around all pages."""
    name = pick.choice(["page.html", "layout.html", "macros/chrome.html"])
    edited(config.root / "site" / "templates" / name, lambda one: one.replace("</nav>", "<!-- x --></nav>", 1))


def style(config: Config, pick: random.Random) -> None:
    """Another style sheet, whose name all pages hold."""
    edited(
        config.root / "site" / "static" / "css" / "loket.css", lambda one: f"{one}\n.x{pick.randrange(99)}{{top:0}}\n"
    )


def deleted(config: Config, pick: random.Random) -> None:
    """A file of the site is gone."""
    pick.choice(sorted(config.site.rglob("*.html"))).unlink()


def altered(config: Config, pick: random.Random) -> None:
    """A file of the site, or a copy of one, is no longer what it was."""
    path = pick.choice(sorted(path for path in config.site.rglob("*") if path.suffix in (".html", ".br", ".css")))
    path.write_bytes(path.read_bytes()[:-1])


def added(config: Config, pick: random.Random) -> None:
    """A new page, in all languages."""
    key = f"new-{pick.randrange(1000)}"
    for lang in LANGUAGES:
        path = config.content / lang / "digid.md"
        page = re.sub(r"(?m)^slug: .*$", f"slug: {key}", path.read_text("utf-8"), count=1)
        page = re.sub(r"(?m)^formerly: .*\n", "", page)
        path.with_name(f"{key}.md").write_text(page, "utf-8")


def renamed(config: Config, pick: random.Random) -> None:
    """A page under another name; nothing leads there."""
    added(config, pick)
    old, new = newest(config), f"new-{pick.randrange(1000, 2000)}.md"
    for lang in LANGUAGES:
        (config.content / lang / old).rename(config.content / lang / new)


def newest(config: Config) -> str:
    """The file of the last of the pages that were added, by its name."""
    return max((config.content / LANGUAGES[0]).glob("new-*.md")).name


def removed(config: Config, pick: random.Random) -> None:
    """The pages that were added are gone again, which is said."""
    list_ = config.content / "addresses.toml"
    lines = [list_.read_text("utf-8")] if list_.exists() else ["[gone]\n"]
    for path in config.content.glob("*/new-*.md"):
        found = re.search(r"(?m)^slug: (.*)$", path.read_text("utf-8"))
        assert found
        lines.append(f'"/{path.parent.name}/{found[1]}/" = ""\n')
        path.unlink()
    list_.write_text("".join(lines), "utf-8")


def question(config: Config, pick: random.Random) -> None:
    """A question has another id, in all languages."""
    added(config, pick)
    new = newest(config)
    for lang in LANGUAGES:
        edited(config.content / lang / new, lambda one: re.sub(r"(?m)^(## .*\{#)", r"\1x-", one, count=1))


def form(config: Config, pick: random.Random) -> None:
    """A form stands in one more page."""
    added(config, pick)
    new = newest(config)
    for lang in LANGUAGES:
        edited(config.content / lang / new, lambda one: f"{one}\n[Do it](selfservice:replacement-password)\n")


def link(config: Config, pick: random.Random) -> None:
    """One page leads to another."""
    to = pages_of(config, pick)[0]
    edited(pick.choice(pages_of(config, pick)[1]), lambda one: f"{one}\nSee [this]({to}.md).\n")


EDITS = (
    text, title, slug, order, day, fact, template, style, deleted, altered, added, renamed, removed, question, form,
    link,
)  # fmt: skip


def next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)


class _Harm:
    """What runs something where it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_cache_from_elsewhere(tmp_path: Path) -> None:
    """Nothing of it is run."""
    (tmp_path / FILE).write_bytes(pickle.dumps(("key", {}, {"x": _Harm(tmp_path / "harm")})))
    assert ({}, False) == (PageCache(tmp_path, "key").others, (tmp_path / "harm").exists())
    (tmp_path / FILE).write_bytes(pickle.dumps(("key", {}, {"x": 1})))
    assert {"x": 1} == PageCache(tmp_path, "key").others


def test_another_text_of_the_same_length_and_time(copied: Config, tmp_path: Path) -> None:
    """As a program gives it that unpacks files with the times of others: in the file that is there, or in its place."""
    built = build(new_app_unshared(copied), copied)
    for number, name in enumerate(("en/privacy.md", "nl/orders.md", "facts.toml")):
        path = copied.content / name
        was, text = path.stat(), path.read_bytes()
        fresh = path if number else path.with_name(".fresh")
        fresh.write_bytes(text[:-9].replace(b"e ", b"o ", 1) + text[-9:])
        os.utime(fresh, ns=(was.st_atime_ns, was.st_mtime_ns))
        fresh.replace(path)
        former, built = built, build(new_app_unshared(copied), copied)
        assert built.output != former.output
        assert files_of(built.output) == clean(copied, tmp_path / "clean"), name


@pytest.mark.slow
def test_random_edits(own: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is edited, in whatever order, by one builder that stays or by builds on their own."""
    pick = random.Random(1)
    edits = list(EDITS)
    pick.shuffle(edits)
    builder = Builder(own)
    builder.build(new_app_unshared(own))
    for number, edit in enumerate(edits):
        if number % 10 == 5:
            next_day(monkeypatch)
        edit(own, pick)
        app = new_app_unshared(own)
        built = builder.build(app) if number % 2 else build(app, own)
        assert files_of(built.output) == clean(own, tmp_path / "clean"), f"{edit.__name__}, edit {number}"


def test_label_of_another_program(own: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page that did not change has the words of the form of now: they come with another program."""
    page = own.content / "en" / "digid.md"
    edited(page, lambda one: f"{one}\nChoose ‘{{{{ label.devices.end.submit }}}}’.\n")
    build(new_app_unshared(own), own)
    monkeypatch.setattr(EndForm, "submit", lazy_gettext("Throw it out"))
    template(own, random.Random(1))
    again = build(new_app_unshared(own), own)
    assert "‘Throw it out’" in (again.output / SITE / "en" / "digid" / "index.html").read_text("utf-8")
    assert clean(own, tmp_path / "fresh") == files_of(again.output)

"""Old addresses: those that pages name (`formerly:`, `.was-…`) and those of content/addresses.toml, where each leads,
and what is wrong with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException, NotFound

from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading.embed import FormStarts
from selfservice.publish.reading.links import Links
from selfservice.publish.reading.markdown import Document
from selfservice.site_config import did_you_mean, toml_problem
from selfservice.web.moved import SeeInstead, canonical
from selfservice.web.pages import WHOLE_TREE, PageInfo, question_address
from selfservice.web.publication import State

FILE = "addresses.toml"
SECTION = "old-addresses"  # of docs/editing.md
MAX_NAME = 200  # bytes of a part of an address, which becomes the name of a folder
_TABLES = ("moved", "gone")
# What the site has beside its pages (publish/writing/files.py), and no route of the app.
_RESERVED = re.compile(r"/(?:theme(?:/.*)?|sitemap\.xml|robots\.txt|[a-z]{2,3}/\d{3}\.(?:fragment\.html|html|json))")


class Page(Protocol):
    """What must be known of a page."""

    info: PageInfo
    document: Document
    state: State

    @property
    def file(self) -> str:
        """Its file, as problems name it."""


@dataclass
class Addresses:
    """Where old addresses lead, and what may be seen in the place of those that are gone: by `canonical` address and
    language. `written` is each as it was written.
    """

    moved: dict[str, dict[str, SeeInstead]] = field(default_factory=dict)
    gone: dict[str, dict[str, SeeInstead]] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def knows(self, path: str) -> bool:
        """Whether something is answered at this old address."""
        return canonical(path) in self.moved or canonical(path) in self.gone


def read_addresses(
    app: Flask, content: Path, pages: Mapping[tuple[str, str], Page], links: Links, starts: FormStarts
) -> Addresses:
    """All old addresses. Never raises for what an editor wrote: that becomes problems."""
    reader = _Reader(pages, links, starts.title, app)
    for page in pages.values():
        reader.take_formerly(page)
    reader.take_table(content / FILE)
    reader.take_ended()
    return reader.found


def addresses_of(info: PageInfo) -> Iterator[str]:
    """The addresses of a page: its own, and those of its questions when it is a tree."""
    yield info.path
    if info.is_tree:
        yield from (question_address(info.path, name, tree=True) for name in _names(info))


def _names(info: PageInfo) -> list[str]:
    return [*(question.id for question in info.questions), WHOLE_TREE]


def language_of_address(path: str) -> str | None:
    """The language that an address names."""
    first = path.lstrip("/").partition("/")[0].lower()
    return first if first in LANGUAGES else None


class _Reader:
    """Takes in one old address after another."""

    def __init__(
        self,
        pages: Mapping[tuple[str, str], Page],
        links: Links,
        form_title: Callable[[str, str], str],
        app: Flask,
    ) -> None:
        self.found = Addresses()
        self._pages = pages
        self._links = links
        self._form_title = form_title
        self._routes = app.url_map.bind("")
        self._base_url: str = app.config["BASE_URL"]
        self._taken = {canonical(path): page.file for page in pages.values() for path in addresses_of(page.info)}
        self._claimed: dict[tuple[str, str], str] = {}  # by address and language: the file that names it

    def _add_problem(self, file: str, line: int, message: str) -> None:
        self.found.problems.append(Problem(file, line, message, see=SECTION))

    def take_formerly(self, page: Page) -> None:
        """The old addresses of a page, and the old ids of its questions."""
        info, document = page.info, page.document
        line = document.lines.get("formerly", 1)
        here = SeeInstead(info.path, info.title)
        former_paths = []
        for entry in document.meta.get("formerly", ()):
            whole = entry if entry.startswith("/") else f"/{info.lang}/{entry}/"
            path = self._checked(entry, whole, page.file, line, own=info.path)
            if path and self._claim(path, (info.lang,), page.file, line):
                self.found.moved.setdefault(canonical(path), {})[info.lang] = here
                former_paths.append(path)
        if info.is_tree:
            for path in former_paths:
                for name in _names(info):
                    self._claim_step(path, name, page, name)
        self._take_former_ids(page, former_paths)

    def _take_former_ids(self, page: Page, former_paths: list[str]) -> None:
        document = page.document
        ids = {id_ for _, id_, _ in document.headings}
        for former, now in document.former_ids.items():
            if former in ids or document.html.count(f'<a id="{former}"></a>') > 1:
                line = document.line_of(f".was-{former}")
                self._add_problem(
                    page.file, line, f"'{former}' is the id of another question too: take .was-{former} away"
                )
            elif page.info.is_tree:
                for path in (page.info.path, *former_paths):
                    self._claim_step(path, former, page, now)

    def _claim_step(self, path: str, former: str, page: Page, now: str) -> None:
        """The address that a question of a tree had below that of the tree. What is taken is another's."""
        written = question_address(f"{path.rstrip('/')}/", former, tree=True)
        if canonical(written) not in self._taken:
            see = SeeInstead(question_address(page.info.path, now, tree=True), _title_of(page, now))
            self.found.moved.setdefault(canonical(written), {page.info.lang: see})
            self.found.written.setdefault(canonical(written), written)

    def take_table(self, path: Path) -> None:
        """The addresses of the file."""
        if not path.is_file():
            return
        file = f"content/{FILE}"
        try:
            text = path.read_text("utf-8-sig")
            tables = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._add_problem(file, line, "a character that is not UTF-8: save the file as UTF-8")
            return
        except tomllib.TOMLDecodeError as error:
            self._add_problem(file, *toml_problem(error, text))
            return
        moved = tables.get("moved")
        for name, entries in tables.items():
            if name not in _TABLES or not isinstance(entries, dict):
                line = _line_of(text, name)
                message = f"'{name}' stands outside [moved] and [gone]{did_you_mean(name, _TABLES)}"
                self._add_problem(file, line, message)
                continue
            for old, link in entries.items():
                self._take_entry(name, old, link, _line_of(text, old), moved if isinstance(moved, dict) else {})

    def _take_entry(self, table: str, old: str, link: Any, line: int, moved: Mapping[str, Any]) -> None:
        file = f"content/{FILE}"
        if not isinstance(link, str) or (table == "moved" and not link):
            self._add_problem(file, line, f"'{old}' must lead to a page, such as \"orders.md\"")
            return
        if not (path := self._checked(old, old, file, line)):
            return
        own = language_of_address(path)
        languages = (own,) if own else LANGUAGES
        try:
            seen = {lang: self._target(lang, old, link, moved) for lang in languages if link}
        except KeyError as error:
            self._add_problem(file, line, str(error.args[0]))
            return
        if self._claim(path, languages, file, line):
            here, there = (
                (self.found.moved, self.found.gone) if table == "moved" else (self.found.gone, self.found.moved)
            )
            here[canonical(path)] = seen
            there.pop(canonical(path), None)

    def take_ended(self) -> None:
        """The addresses of pages that have ended, unless others took them over."""
        for path, url in self._links.ended():
            if (
                not self.found.knows(path)
                and canonical(path) not in self._taken
                and (lang := language_of_address(path))
            ):
                see = {lang: SeeInstead(url, self._title(url))} if url else {}
                self.found.gone[canonical(path)] = see

    def _title(self, url: str) -> str:
        path, _, question = url.partition("#")
        page = next((page for page in self._pages.values() if page.info.path == path), None)
        return _title_of(page, question) if page else url

    def _checked(self, written: str, whole: str, file: str, line: int, own: str = "") -> str:
        """A whole address, decoded; empty when it cannot be an old one, which is told as it was written. `own` is that
        of the page itself.
        """
        path = unquote(whole).removesuffix("index.html")
        if message := self._fault(written, path, own):
            self._add_problem(file, line, message)
            return ""
        return path

    def _fault(self, written: str, path: str, own: str) -> str:
        key = canonical(path)
        if fault := _malformed(written, path):
            return fault
        if own and key == canonical(own):
            return f"'{written}' is the address that this page has: take it out of 'formerly:'"
        if key in self._taken:
            return f"'{written}' is the address of {self._taken[key]}: an old address cannot be that of a page"
        if not key or _RESERVED.fullmatch(key) or self._is_route(key):
            return f"'{written}' is an address of the program: it cannot be an old one"
        return ""

    def _is_route(self, path: str) -> bool:
        try:
            self._routes.match(path, "GET")
        except NotFound:
            return False
        except HTTPException:  # another method has it, or another way to write it
            return True
        return True

    def _claim(self, path: str, languages: Iterable[str], file: str, line: int) -> bool:
        """Take an address; that of another is told. One without a language in it twins may share."""
        own, key = language_of_address(path), canonical(path)
        claims = [(key, lang) for lang in ((own,) if own else languages)]
        if there := next((self._claimed[claim] for claim in claims if claim in self._claimed), ""):
            where = "here twice" if there == file else f"in {there} too"
            self._add_problem(file, line, f"the old address '{path}' stands {where}: keep it in one place")
            return False
        self._claimed.update(dict.fromkeys(claims, file))
        self.found.written.setdefault(key, path)
        return True

    def _target(self, lang: str, old: str, link: str, moved: Mapping[str, Any]) -> SeeInstead:
        """Where a link leads. Raises KeyError with plain words."""
        if link.startswith(("/", f"{self._base_url}/")):
            raise KeyError(self._chained(old, link.removeprefix(self._base_url), moved))
        if link.startswith("https://") and link.isprintable() and " " not in link:
            return SeeInstead(link, urlsplit(link).hostname or link)
        file, _, question = link.partition("#")
        if not (link.startswith("selfservice:") or file.endswith(".md")):
            raise KeyError(f"'{link}' is no page (orders.md), form (selfservice:orders) or address (https://…)")
        url = self._links.target(lang, link)
        if link.startswith("selfservice:"):
            return SeeInstead(url, self._form_title(lang, link.removeprefix("selfservice:")))
        # That of a page that has ended is the one to see instead.
        page = self._pages.get((lang, file.removesuffix(".md")))
        return SeeInstead(url, _title_of(page, question) if page else self._title(url))

    def _chained(self, old: str, link: str, moved: Mapping[str, Any]) -> str:
        """What to say of an address that leads to an address of this site."""
        by_key = {canonical(unquote(path)): target for path, target in moved.items()}
        way, at = [canonical(unquote(old))], canonical(unquote(link))
        while at in by_key and at not in way:
            way.append(at)
            end = str(by_key[at])
            at = canonical(unquote(end.removeprefix(self._base_url))) if end.startswith(("/", self._base_url)) else ""
        if at in way:
            return f"'{old}' leads round in a circle: write the page that it leads to, such as 'orders.md'"
        if len(way) > 1:
            where = f": write where that leads, '{end}'" if not at else f", and '{end}' leads nowhere"
            return f"'{link}' is an old address itself{where}"
        if at in self._taken:
            return f"write the page by its file, '{self._taken[at].rpartition('/')[2]}', not by its address '{link}'"
        return f"there is nothing at '{link}': write the file of a page, such as 'orders.md'"


def _title_of(page: Page, question: str) -> str:
    return next((one.title for one in page.document.questions if one.id == question), page.info.title)


def _malformed(written: str, path: str) -> str:
    """Why this is no address; empty when it is one."""
    if "?" in path or "#" in path:
        return f"an old address has no ? and no #, so not '{written}'; a question's old id is {{#new .was-old}}"
    if not path.startswith("/") or not path.isprintable() or "\\" in path or "//" in path or "\ufffd" in path:
        return f"'{written}' is no address of this site: write it from its first slash, such as /en/orders/"
    parts = path.strip("/").split("/")
    if any(part.startswith(".") or part != part.strip() or len(part.encode()) > MAX_NAME for part in parts):
        return f"'{written}' cannot be an address: no part of it begins with a dot or a space, or is very long"
    return ""


def _line_of(text: str, name: str) -> int:
    """The line of a TOML file on which a name is given a value, or a table begins."""
    pattern = re.compile(rf"""\s*(?:["']?{re.escape(name)}["']?\s*=|\[+\s*["']?{re.escape(name)}["']?\s*\])""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)

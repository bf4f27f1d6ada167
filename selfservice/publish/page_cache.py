"""Pages as they were read, kept from build to build: a page that did not change, and whose facts did not, is not read
again.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from selfservice.facts.facts import Facts
from selfservice.publish.garbage import not_collected
from selfservice.publish.inputs import TICK, Stamp, digest
from selfservice.publish.reading.markdown import Document
from selfservice.web.pages import PageInfo

FILE = ".pages"  # in the folder of builds
_VALUES = {("datetime", "date"), ("builtins", "set"), ("builtins", "frozenset")}


@dataclass(frozen=True)
class ParsedPage:
    """A page by itself. `key` says what it was read from: its text, and the facts in it as they were."""

    stamp: Stamp | None  # None when it may change without that showing
    text_key: str
    key: str
    facts: tuple[str, ...]  # that it shows
    facts_named: frozenset[str]  # that its source mentions
    info: PageInfo
    document: Document
    ids: frozenset[str]  # of its questions
    links: tuple[str, ...]  # to other pages and to forms, as they stand in it
    forms: tuple[str, ...]  # those that stand in it
    has_other_links: bool  # besides those to files of others, and pictures


class FactValues:
    """What the facts are, as a part of keys."""

    def __init__(self, facts: Facts) -> None:
        self._values = {fact.name: repr((fact.name, fact.kind, fact.raw, fact.by_group)) for fact in facts}

    def key(self, names: Iterable[str]) -> str:
        """The values of these facts."""
        return "".join([self._values.get(name, f"no {name}") for name in names])

    def all(self) -> str:
        """The values of all."""
        return "".join(self._values.values())


class _Unpickler(pickle.Unpickler):
    """Takes values and our dataclasses, and nothing that could be run: anything may lie in the folder of a site that
    came from elsewhere, such as in a change that somebody proposes.
    """

    def find_class(self, module: str, name: str) -> Any:
        """A class of ours that was imported already. Raises pickle.UnpicklingError for any other."""
        found = getattr(sys.modules.get(module), name, None)
        is_ours = module.startswith("selfservice.") and isinstance(found, type) and is_dataclass(found)
        if is_ours or (module, name) in _VALUES:
            return found
        raise pickle.UnpicklingError(f"{module}.{name}")


class PageCache:
    """The pages of one content folder, by their place in it, and what else was found out for these settings (`key`).

    Whatever is wrong with its file, it is as if there were none. Several builds may use it at once.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / FILE
        self._key = key
        self.pages: dict[str, ParsedPage] = {}
        self.others: dict[str, Any] = {}
        self._saved: tuple[dict[str, ParsedPage], dict[str, Any]] | None = None
        with suppress(Exception):  # it may be damaged in any way
            self._load()

    def _load(self) -> None:
        data = self._path.read_bytes()
        with not_collected():
            key, pages, others = _Unpickler(io.BytesIO(data)).load()
        if key == self._key:
            self.pages, self.others = pages, others
            self._saved = dict(pages), dict(others)

    def set_key(self, key: str) -> None:
        """Go on with other settings: nothing that was kept holds then."""
        if key != self._key:
            self._key, self.pages, self.others = key, {}, {}

    def find(self, place: str, stamp: Stamp, values: FactValues) -> ParsedPage | None:
        """The page of a file that did not change."""
        page = self.pages.get(place)
        return page if page and page.stamp == stamp and self._holds(page, values) else None

    def find_text(self, place: str, text_key: str, values: FactValues) -> ParsedPage | None:
        """The page of a file whose text did not change."""
        page = self.pages.get(place)
        return page if page and page.text_key == text_key and self._holds(page, values) else None

    def _holds(self, page: ParsedPage, values: FactValues) -> bool:
        return page.key == page_key(page.text_key, page.facts, values)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """What is found out once for these settings."""
        if name not in self.others:
            self.others[name] = find()
        return self.others[name]

    def keep(self, pages: dict[str, ParsedPage]) -> None:
        """These are all the pages there are now."""
        self.pages = pages

    def save(self) -> None:
        """Write what is new."""
        if self._saved and _same(self._saved[0], self.pages) and self._saved[1] == self.others:
            return
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=FILE, dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    pickle.dump((self._key, self.pages, self.others), file, pickle.HIGHEST_PROTOCOL)
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._saved = dict(self.pages), dict(self.others)


def _same(one: dict[str, ParsedPage], other: dict[str, ParsedPage]) -> bool:
    return one.keys() == other.keys() and all(one[place] is other[place] for place in one)


def page_key(text_key: str, facts: Iterable[str], values: FactValues) -> str:
    """What a page is read from."""
    named = values.key(facts)
    return digest(text_key, named) if named else text_key


def sure_stamp(stamp: Stamp) -> Stamp | None:
    """The stamp of a file that is about to be read, when it will show any later change."""
    return stamp if time.time_ns() - max(stamp[1], stamp[3]) > TICK else None

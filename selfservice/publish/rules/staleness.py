"""Whether a page still says what its twin in another language says: told when one of them changed in meaning and the
other did not, since they were last alike.

What two pages said when they were last alike stands in the last publication: in its copy of the content or, of pages
that are not quite alike any more, in a list that each publication hands on to the next.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

from babel import Locale

from selfservice.builds import CONTENT
from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading.front_matter import read_front_matter
from selfservice.publish.reading.markdown import Document
from selfservice.publish.rules.meaning import change

FILE = "translations.json"  # in a build
SECTION = "translations"  # of docs/editing.md
KEY = "same-as"  # in the front matter: the day on which somebody looked, and found that it need not change
Record = dict[str, dict[str, Any]]  # by `page/language/language`


class Page(Protocol):
    """What must be known of a page."""

    document: Document

    @property
    def file(self) -> str:
        """Its file, as problems name it."""


@dataclass(frozen=True)
class Translations:
    """What is to be looked at, and what the next publication must know."""

    problems: list[Problem]
    record: Record


def compare(
    published: Path | None, content: Path, pages: Mapping[tuple[str, str], Page], today: dt.date
) -> Translations:
    """Compare each page with its twins. Before the first publication all are alike."""
    if published is None:
        return Translations([], {})
    former = _Former(published, content)
    found: dict[str, Problem] = {}
    record: Record = {}
    for key in dict.fromkeys(key for _, key in pages):
        for pair in combinations([lang for lang in LANGUAGES if (lang, key) in pages], 2):
            twins = {lang: pages[lang, key] for lang in pair}
            if entry := former.entry(key, twins):
                stale = _look(entry, twins, former.day, today)
                if entry:
                    record["/".join((key, *pair))] = entry
                if stale:
                    found.setdefault(stale.file, stale)  # one line a page, however many twins have changed
    future = (problem for page in pages.values() for problem in _in_the_future(page, today))
    return Translations([*found.values(), *future], record)


def write_record(record: Record, build: Path) -> None:
    """Hand on to the next publication what it must know."""
    (build / FILE).write_text(json.dumps(record, ensure_ascii=False, sort_keys=True), "utf-8")


class _Former:
    """The last publication."""

    def __init__(self, published: Path, content: Path) -> None:
        self._content, self._copy = content, published / CONTENT
        try:
            read = json.loads((published / FILE).read_bytes())
        except (OSError, ValueError):  # an earlier version made it, or it was damaged
            read = None
        self._record: Record = read if isinstance(read, dict) else {}
        name = published.resolve().name[:8]
        self.day = dt.datetime.strptime(name, "%Y%m%d").date() if name.isdigit() else dt.date.min  # noqa: DTZ007

    def entry(self, key: str, twins: Mapping[str, Page]) -> dict[str, Any] | None:
        """What two pages were when they were last alike; None when they are that still, or one of them is new."""
        if entry := self._record.get("/".join((key, *twins))):
            return dict(entry)
        if all(self._is_same(f"{lang}/{key}.md") for lang in twins):
            return None
        try:
            base = {lang: (self._copy / lang / f"{key}.md").read_text("utf-8-sig") for lang in twins}
        except (OSError, UnicodeDecodeError):
            return None
        return {"base": base, "changed": {}}

    def _is_same(self, file: str) -> bool:
        """Whether a file is as it was, by its time and size, which a copy keeps: to read all would take too long."""
        try:
            one, other = (self._content / file).stat(), (self._copy / file).stat()
        except OSError:
            return False
        return (one.st_mtime_ns, one.st_size) == (other.st_mtime_ns, other.st_size)


def _look(entry: dict[str, Any], twins: Mapping[str, Page], former_day: dt.date, today: dt.date) -> Problem | None:
    """What is to be said of two pages. Empties the entry when they are alike again."""
    base, noted = entry["base"], entry["changed"]
    changes = {lang: change(lang, base[lang], page.document.source) for lang, page in twins.items()}
    meant = [lang for lang in twins if changes[lang].is_meant]
    if len(meant) != 1:
        if meant or all(base[lang] == page.document.source for lang, page in twins.items()):
            entry.clear()
        entry.update({"changed": {}} if entry else {})
        return None
    (changed,), (other,) = meant, [lang for lang in twins if lang not in meant]
    since, day = (
        dt.date.fromisoformat(each) for each in noted.get(changed, (former_day.isoformat(), today.isoformat()))
    )
    if changes[other].answers(changes[changed]) or _was_looked_at(twins[other], base[other], since, day, today):
        entry.clear()
        return None
    entry["changed"] = {changed: (since.isoformat(), day.isoformat())}
    name = Locale.parse(changed).get_display_name("en")
    when = f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")
    message = (
        f"the {name} page changed on {when} ({changes[changed]}): look whether this page must change too, "
        f"or write {KEY}: {today}"
    )
    document = twins[other].document
    return Problem(twins[other].file, document.lines.get(KEY, 1), message, error=False, see=SECTION)


def _was_looked_at(page: Page, base: str, since: dt.date, day: dt.date, today: dt.date) -> bool:
    """Whether somebody wrote, after the twin had changed, that this page may stay as it is. It changed after `since`,
    and that was seen on `day`: what was written before counts only if it says a day as late.
    """
    looked = page.document.meta.get(KEY)
    if not isinstance(looked, dt.date) or looked > today:
        return False
    return looked >= day or (looked >= since and looked != read_front_matter(base).meta.get(KEY))


def _in_the_future(page: Page, today: dt.date) -> Iterator[Problem]:
    looked = page.document.meta.get(KEY)
    if isinstance(looked, dt.date) and looked > today:
        message = f"'{KEY}:' lies in the future: write the day on which you looked, {today}"
        yield Problem(page.file, page.document.lines.get(KEY, 1), message, error=False, see=SECTION)

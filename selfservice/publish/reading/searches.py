"""`content/searches.toml`: words and wordings of visitors for ours, and where a search must lead; whether it does."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfservice.facts.file import load_toml, read_text
from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.reading.markdown import Problem
from selfservice.publish.reading.search_entries import Site, search_entries
from selfservice.search.index import IndexedQuestion, Pin, build_index
from selfservice.search.query import search
from selfservice.search.schema import FORM
from selfservice.site_config import did_you_mean

FILE = "searches.toml"
HOME = "index.md"  # below its address lie all others
FORMER_FILE = "synonyms.toml"
FORM_LINK = "selfservice:"
FIRST = 3  # among so many a right answer must stand
TABLES = ("synonyms", "wordings", "searches")
_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*=""")
_HEADER = re.compile(r"\s*\[([\w.-]+)]")


Worded = Mapping[tuple[str, bool, str], tuple[str, ...]]
"""Wordings by language, whether they are of a form, and address."""


@dataclass(frozen=True)
class Expected:
    """That what visitors type leads to one of these targets; to nothing, when there are none. As a pin, the first
    target comes first until the end of a day.
    """

    lang: str
    query: str
    targets: tuple[str, ...]
    line: int
    until: dt.date | None = None


@dataclass(frozen=True)
class Wordings:
    """Other ways in which visitors ask for what stands at a target."""

    lang: str
    target: str
    texts: tuple[str, ...]
    line: int


@dataclass
class Searches:
    """What the file says, and what is wrong with it."""

    synonyms: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    wordings: list[Wordings] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def pins(self, site: Site) -> list[Pin]:
        """The pins, by address. Adds to the problems each target that does not exist."""
        pins = []
        for one in self.expected:
            urls = list(_addresses(site, one, self.problems))
            if one.until and urls:
                pins.append(Pin(one.lang, one.query, urls[0], one.until))
        return pins

    def worded(self, site: Site) -> Worded:
        """The other wordings, by where they lead. Adds to the problems each target that does not exist."""
        found = {}
        for one in self.wordings:
            if address := _address(site, one.lang, one.target, f"'{one.target}'", one.line, self.problems):
                found[one.lang, one.target.startswith(FORM_LINK), address] = one.texts
        return found

    def words(self) -> dict[str, dict[str, list[str]]]:
        """The synonyms, with those of nothing: what the pages have nothing about."""
        found = {lang: dict(theirs) for lang, theirs in self.synonyms.items()}
        for one in self.expected:
            if not one.targets:
                found.setdefault(one.lang, {})[one.query] = []
        return found


def read_searches(content: Path) -> Searches:
    """Read the file of a content folder, which need not be there. Raises FactError when it is not TOML."""
    path, found = content / FILE, Searches()
    if (content / FORMER_FILE).exists():
        message = f"this file is called {FILE} now, with its tables as [en.synonyms], [nl.synonyms], …"
        found.problems.append(Problem(f"content/{FORMER_FILE}", 1, message, see="searches"))
    if not path.is_file():
        return found
    lines = _lines(path)
    for lang, tables in load_toml(path).items():
        if lang not in LANGUAGES or not isinstance(tables, dict):
            _fail(
                found,
                lines.get((lang, ""), 1),
                f"'{lang}' is no language of this site: write [{LANGUAGES[0]}.searches]",
            )
            continue
        for name, table in tables.items():
            line = lines.get((f"{lang}.{name}", ""), 1)
            if name not in TABLES or not isinstance(table, dict):
                known = ", ".join(f"[{lang}.{one}]" for one in TABLES)
                _fail(found, line, f"there is no table '{name}': there are {known}")
                continue
            for key, value in table.items():
                _read_line(found, lang, name, key, value, lines.get((f"{lang}.{name}", key), line))
    return found


def _read_line(found: Searches, lang: str, table: str, key: str, value: Any, line: int) -> None:
    if table != "searches" and (not _texts(value) or not value):
        wanted = "the words of our pages" if table == "synonyms" else "how visitors ask for it"
        _fail(found, line, f'\'{key}\' needs {wanted}: ["one", "another one"]')
    elif table == "synonyms":
        found.synonyms.setdefault(lang, {})[key] = value
    elif table == "wordings":
        found.wordings.append(Wordings(lang, key, tuple(value), line))
    else:
        _read_search(found, lang, key, value, line)


def _read_search(found: Searches, lang: str, key: str, value: Any, line: int) -> None:
    targets, until = value, None
    if isinstance(value, dict):
        targets, until = value.get("to"), value.get("until")
        if (
            set(value) != {"to", "pin", "until"}
            or value["pin"] is not True
            or type(until) is not dt.date
            or not targets
        ):
            _fail(found, line, f"'{key}' needs exactly to, pin = true and until, a day such as 2027-06-30")
            return
    targets = [targets] if isinstance(targets, str) else targets
    if not _texts(targets):
        _fail(found, line, f'\'{key}\' needs where it leads: "page.md#question", or several: ["page.md", "other.md"]')
        return
    found.expected.append(Expected(lang, key, tuple(targets), line, until))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _fail(found: Searches, line: int, message: str) -> None:
    found.problems.append(Problem(f"content/{FILE}", line, message, see="searches"))


def _lines(path: Path) -> dict[tuple[str, str], int]:
    """The line of each table, and of each key in one."""
    found, table = {}, ""
    for number, text in enumerate(read_text(path).splitlines(), 1):
        if match := _HEADER.match(text):
            table = match[1]
            found[table, ""] = number
            found.setdefault((table.partition(".")[0], ""), number)
        elif match := _KEY.match(text):
            found[table, next(name for name in match.groups() if name is not None)] = number
    return found


def _addresses(site: Site, one: Expected, problems: list[Problem]) -> Iterator[str]:
    """The addresses of the targets; a problem for each that does not exist."""
    for target in one.targets:
        if address := _address(site, one.lang, target, f"'{one.query}' leads to '{target}'", one.line, problems):
            yield address


def _address(site: Site, lang: str, target: str, what: str, line: int, problems: list[Problem]) -> str | None:
    """The address of a target; a problem with `what` when it does not exist."""
    form = target.removeprefix(FORM_LINK)
    try:
        address = site.address(lang, target)
    except KeyError as error:
        message = f"{what}: {error.args[0]}"
        if form != target and "did you mean" not in message:
            message += did_you_mean(form, site.forms)
        problems.append(Problem(f"content/{FILE}", line, message, see="searches"))
        return None
    return site.form_addresses.get((lang, form), address)


def entries_with_wordings(site: Site, worded: Worded) -> list[IndexedQuestion]:
    """What the search finds, each with its other wordings."""
    entries = ((worded.get((one.lang, one.kind == FORM, one.url)), one) for one in search_entries(site))
    return [dataclasses.replace(one, wordings=theirs) if theirs else one for theirs, one in entries]


def check_searches(content: Path, site: Site, today: dt.date) -> list[Problem]:
    """What is wrong with the file, and a warning for each search that does not lead where it must, or has no need of
    its pin.
    """
    found = read_searches(content)
    found.pins(site)
    worded = found.worded(site)
    if not found.expected or any(problem.error for problem in found.problems):
        return found.problems
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder)
        build_index(index, entries_with_wordings(site, worded), found.words())
        return found.problems + [problem for one in found.expected for problem in _try(index, site, one, today)]


def _try(index: Path, site: Site, one: Expected, today: dt.date) -> Iterator[Problem]:
    urls = first_addresses(index, one)
    message = ""
    if one.until and one.until < today:
        message = f"the pin of '{one.query}' ended on {one.until.isoformat()}: take it away, or give it another day"
    elif one.until:
        if urls and leads_there(site, one, urls[:1]):
            message = f"'{one.query}' leads there without a pin: take 'pin' away"
    elif not leads_there(site, one, urls):
        if not one.targets:
            message = f"'{one.query}' should find nothing, and finds {urls[0]}"
        elif urls:
            message = f"'{one.query}' leads to none of its answers in the first {FIRST}, but to {', '.join(urls)}"
        else:
            message = f"'{one.query}' finds nothing: a synonym may help"
    if message:
        yield Problem(f"content/{FILE}", one.line, message, error=False, see="searches")


def first_addresses(index: Path, one: Expected) -> list[str]:
    """What the query finds first in this index."""
    return [hit.url for hit in search(index, one.lang, one.query).hits[:FIRST]]


def leads_there(site: Site, one: Expected, urls: list[str]) -> bool:
    """Whether one of the targets is among these addresses; or nothing is, when there are no targets."""
    if not one.targets:
        return not urls
    wanted = dict(zip(_addresses(site, one, []), one.targets, strict=True))
    return any(
        url == address or ("#" not in target and target != HOME and url.startswith(address))
        for url in urls
        for address, target in wanted.items()
    )

"""What content/site.toml says of the owner's site: SITE, since one process serves one site."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from selfservice.config import ROOT, ConfigError, content_folder
from selfservice.problems import ProblemError

FILE = "site.toml"
COLOURS = ("accent", "on-accent", "press", "hero")
MAX_DIGITS = 20
LOGO_SUFFIXES = (".svg", ".png")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Texts = Mapping[str, str]  # by language code


@dataclass(frozen=True)
class OrganisationNumber:
    """How a register, named with its article, numbers organisations. `found_on` says where one finds the number."""

    name: Texts
    register: Texts
    digits: int
    example: str
    found_on: Texts


@dataclass(frozen=True)
class NoCode:
    """The choice, in the form for an access code, of who needs none; and what they are told."""

    choice: Texts
    hint: Texts
    text: Texts


@dataclass(frozen=True)
class SiteConfig:
    """The owner's site. `pages` are links as editors write them, by role; `colours` light and dark, by token.

    Without an organisation number all use is private.
    """

    name: Texts
    languages: tuple[str, ...]
    default_language: str
    time_zone: ZoneInfo
    holidays: str
    forms: tuple[str, ...]
    sections: Mapping[str, Texts]
    pages: Mapping[str, str]
    organisation_number: OrganisationNumber | None
    no_code: NoCode | None
    colours: Mapping[str, tuple[str, str]]
    logo: str

    @property
    def has_accounts(self) -> bool:
        """Whether people can have an account here, which they log in to with their e-mail address."""
        return "account" in self.forms


class SiteError(ProblemError, ConfigError):
    """The site.toml of a site is not as it must be."""


_KEYS = tuple(SiteConfig.__dataclass_fields__)


class _Reader:
    """The values of a site.toml, or of a table in it, each checked; what is wrong is a ConfigError with its line."""

    def __init__(self, lines: list[str], table: Mapping[str, Any], first: int = 1) -> None:
        self._lines = lines
        self._table = table
        self._first = first  # the line on which the table begins

    def fail(self, key: str, message: str) -> NoReturn:
        """Say what is wrong with a key, and on which line it stands."""
        raise SiteError(FILE, self.line(key), message)

    def line(self, key: str) -> int:
        """The line on which a key of this table, or the table of this name, stands."""
        own, header = re.compile(rf'\s*["\']?{re.escape(key)}["\']?\s*='), f"[{key}]"
        lines = list(enumerate(self._lines[self._first - 1 :], self._first))
        end = next((number for number, text in lines[1:] if text.startswith("[")), len(self._lines) + 1)
        found = [n for n, text in lines if (n < end and own.match(text)) or text.strip() == header]
        return found[0] if found else self._first

    def require_known(self, keys: Collection[str], what: str) -> None:
        """Fail for a key that is none of these."""
        for key in self._table:
            if key not in keys:
                self.fail(key, f"there is no {what} '{key}'{did_you_mean(key, keys)}")

    def names(self) -> tuple[str, ...]:
        """What stands in the table, in order."""
        return tuple(self._table)

    def value(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        """The value of a key that must be there, and of this type."""
        if key not in self._table:
            self.fail(key, f"'{key}' is missing: {what}")
        value = self._table[key]
        if not isinstance(value, kind) or isinstance(value, bool) or not value:
            self.fail(key, f"'{key}' must be {what}")
        return value

    def table(self, key: str, what: str = "") -> _Reader | None:
        """The table of this name. Without it, None; or a failure, when `what` says what must stand in it."""
        if key not in self._table and not what:
            return None
        return _Reader(self._lines, self.value(key, dict, what or "a table"), self.line(key))

    def texts(self, key: str, languages: tuple[str, ...]) -> Texts:
        """A text in each of the languages."""
        texts = self.value(key, (str, dict), f"a text, or one in each of {', '.join(languages)}")
        if isinstance(texts, str):
            texts = dict.fromkeys(languages, texts)
        if set(texts) != set(languages) or not all(isinstance(text, str) and text for text in texts.values()):
            self.fail(key, f"'{key}' must be a text in each of {', '.join(languages)}")
        if not all(text.strip() and not _CONTROL.search(text) for text in texts.values()):
            self.fail(key, f"'{key}' must be one line of text")
        return dict(texts)

    def words(self, key: str, pattern: str, what: str) -> tuple[str, ...]:
        """A list of different words that are all of this pattern."""
        words = self.value(key, list, what)
        if not all(isinstance(word, str) and re.fullmatch(pattern, word) for word in words):
            self.fail(key, f"'{key}' must be {what}")
        if len(set(words)) != len(words):
            self.fail(key, f"one of '{key}' stands here twice")
        return tuple(words)

    def word(self, key: str, pattern: str, what: str) -> str:
        """A text of this pattern."""
        word: str = self.value(key, str, what)
        if not re.fullmatch(pattern, word):
            self.fail(key, f"'{key}' must be {what}, not {word!r}")
        return word


_TOML_HINTS = {
    "Cannot overwrite a value": "; what stands before the = stands in this table already",
    "Cannot declare": "; a table stands in the file once",
    "Expected '=' after a key": "; what stands before the = needs quotes, unless it is one word",
    "Illegal character": "; a quote is missing on this line",
    "Unclosed array": "; a ] or a comma is missing on this line or above it",
    "Invalid date": "; there is no such day",
    "Invalid value": "; a text needs quotes before and behind it",
    "Invalid initial character": "; a name has letters, digits, - and _, or quotes around it",
    "Invalid statement": "; a line is [a table], name = value, or a note behind #",
    "Expected ']' at the end of a table": "; a table is written as [group.name]",
    "Expected newline or end": "; this line should end before what stands here, or a quote is missing",
    "Unclosed inline table": "; a } or a comma is missing on this line or above it",
    "Unterminated string": "; a quote is missing",
    "Unescaped '\\\\'": "; write \\\\ for one \\",
}
"""What the parser's words mean, by how they begin."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to an error: the nearest of what is known; nothing when none is near."""
    from difflib import get_close_matches  # not at each start

    near = get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def toml_problem(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    """The line of a mistake in the text of a TOML file, what it is, and what an editor most often did to get there."""
    message, _, place = str(error).partition(" (at line ")
    hint = next((hint for start, hint in _TOML_HINTS.items() if message.startswith(start)), "")
    # At the end of the document there is no number.
    line = int(place.partition(",")[0]) if place else text.rstrip().count("\n") + 1
    message = message.removesuffix(" (at end of document)")
    return line, f"not well-formed TOML: {message}{hint}"


def load_site(content: Path) -> SiteConfig:
    """Read the site.toml of a content folder. Whether its forms and pages are there is seen where they are used.

    Raises ConfigError, one line with the line in the file, when something is missing or not as it must be.
    """
    path = content / FILE
    if not path.is_file():
        raise ConfigError(f"there is no {path}; is LOKET_SITE or LOKET_CONTENT right?")
    try:
        # Some editors put a byte order mark first.
        text = path.read_text("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise SiteError(FILE, 1, "not in UTF-8: save it as that") from None
    except tomllib.TOMLDecodeError as error:
        raise SiteError(FILE, *toml_problem(error, text)) from None
    reader = _Reader(text.splitlines(), table)
    reader.require_known(_KEYS, "setting")
    languages = reader.words("languages", "[a-z]{2,3}", 'a list of codes of languages, such as ["en", "nl"]')
    default = reader.word("default_language", "|".join(languages), f"one of {', '.join(languages)}")
    return SiteConfig(
        name=reader.texts("name", languages),
        languages=languages,
        default_language=default,
        time_zone=_time_zone(reader),
        # Whether there is such a country is seen where it is used: reading all takes long.
        holidays=reader.word("holidays", "[A-Z]{2}", "the two letters of a country, such as NL"),
        forms=reader.words("forms", "[a-z-]+", 'a list of names, such as ["sign-in", "my"]')
        if "forms" in table
        else (),
        sections=_sections(reader, languages),
        pages=_pages(reader),
        organisation_number=_organisation_number(reader, languages),
        no_code=_no_code(reader, languages),
        colours=_colours(reader),
        logo=_logo(reader, content) if "logo" in table else "",
    )


def _time_zone(reader: _Reader) -> ZoneInfo:
    name = reader.value("time_zone", str, "the name of a time zone, such as Europe/Amsterdam")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        reader.fail("time_zone", f"there is no time zone '{name}'; its name is as in Europe/Amsterdam")


def _sections(reader: _Reader, languages: tuple[str, ...]) -> Mapping[str, Texts]:
    sections = reader.table("sections", "a table of the sections of the site, in order, with their titles")
    assert sections is not None
    if wrong := [key for key in sections.names() if not re.fullmatch("[a-z0-9-]+", key)]:
        sections.fail(wrong[0], f"the name of a section is of letters, digits and hyphens, not {wrong[0]!r}")
    return {key: sections.texts(key, languages) for key in sections.names()}


def _pages(reader: _Reader) -> Mapping[str, str]:
    pages = reader.table("pages", 'a table of the pages that forms lead to, such as contact = "contact.md"')
    assert pages is not None
    what = "a page, or a question of one, such as contact.md or contact.md#phone"
    found = {key: pages.word(key, r"[a-z0-9-]+\.md(#[a-z0-9-]+)?", what) for key in pages.names()}
    if "#" in found.get("contact", ""):
        pages.fail("contact", "'contact' must be a whole page: which page did not help stands behind its address")
    return found


def _organisation_number(reader: _Reader, languages: tuple[str, ...]) -> OrganisationNumber | None:
    table = reader.table("organisation_number")
    if table is None:
        return None
    table.require_known(tuple(OrganisationNumber.__dataclass_fields__), "setting")
    digits: int = table.value("digits", int, "how many digits the number has")
    if not 1 <= digits <= MAX_DIGITS:
        table.fail("digits", f"'digits' must be 1 to {MAX_DIGITS}")
    return OrganisationNumber(
        name=table.texts("name", languages),
        register=table.texts("register", languages),
        digits=digits,
        example=table.word("example", rf"[0-9]{{{digits}}}", f"{digits} digits"),
        found_on=table.texts("found_on", languages),
    )


def _no_code(reader: _Reader, languages: tuple[str, ...]) -> NoCode | None:
    table = reader.table("no_code")
    if table is None:
        return None
    fields = tuple(NoCode.__dataclass_fields__)
    table.require_known(fields, "setting")
    return NoCode(**{key: table.texts(key, languages) for key in fields})


def _colours(reader: _Reader) -> Mapping[str, tuple[str, str]]:
    table = reader.table("colours")
    if table is None:
        return {}
    table.require_known(COLOURS, "colour")
    found = {}
    for key in table.names():
        pair = table.value(key, dict, 'two colours, such as {light = "#0e4d3a", dark = "#8fd6b2"}')
        shades = [pair.get("light"), pair.get("dark")]
        if len(pair) != len(shades) or not all(re.fullmatch("#[0-9a-f]{6}", str(shade)) for shade in shades):
            table.fail(key, f'\'{key}\' must be two colours, such as {{light = "#0e4d3a", dark = "#8fd6b2"}}')
        found[key] = (shades[0], shades[1])
    return found


def _logo(reader: _Reader, content: Path) -> str:
    name: str = reader.value("logo", str, "the name of a picture in content/, such as logo.svg")
    file = content / name
    # A link could publish any file of this machine.
    if not name.endswith(LOGO_SUFFIXES) or "/" in name or file.is_symlink() or not file.is_file():
        reader.fail("logo", f"there is no picture content/{name}, in SVG or PNG")
    return name


def line_of(content: Path, word: str, table: str = "") -> int:
    """The line of site.toml on which a word first stands, in a table if one is named; 1 when it does not."""
    lines = (content / FILE).read_text("utf-8").splitlines()
    first = lines.index(f"[{table}]") if table and f"[{table}]" in lines else 0
    whole = re.compile(rf"^[^#]*(?<![\w-]){re.escape(word)}(?![\w-])")
    return next((number for number, text in enumerate(lines[first:], first + 1) if whole.match(text)), 1)


def require_same(content: Path) -> None:
    """Raise ConfigError when this content folder has no site.toml, a wrong one, or another than this process has."""
    if load_site(content) != SITE:
        raise SiteError(FILE, 1, "this file has changed since Loket was started: start it again")


def _here() -> SiteConfig:
    """The site of the folder where we stand; where there is none, the demonstration's, so that `loket --help` works
    anywhere (an app is refused there).
    """
    content = content_folder(os.environ)
    # Path.is_file() raises for a folder that this account may not look into, before Python 3.14.
    return load_site(content if os.path.isfile(content / FILE) else ROOT / "content")  # noqa: PTH113


SITE = _here()

"""The permissions of each kind of log-in: one table for the personal page, the help pages and the forms."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfservice.facts.file import read_text
from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import ProblemError
from selfservice.site_config import toml_problem

CODE_KINDS = ("business", "private")
# What somebody can have logged in with: one of these access codes, or an account.
KINDS = (*CODE_KINDS, "account")

FILE = "rights.toml"


class RightsError(ProblemError):
    """content/rights.toml is not well-formed; the message is for an editor."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(FILE, line, message)


@dataclass(frozen=True)
class Right:
    """A permission: to use the form named `where`, or the external address in the fact of that name. Without titles it
    stands in no list.
    """

    key: str
    kinds: tuple[str, ...]
    titles: Mapping[str, str]
    where: str

    @property
    def form(self) -> str | None:
        """The name of its form, if it has one."""
        return None if "." in self.where else self.where

    @property
    def fact(self) -> str | None:
        """The name of the fact with its external address, if it has one."""
        return self.where if "." in self.where else None

    def title(self, lang: str) -> str:
        """Its title in a language."""
        return self.titles[lang]


@dataclass(frozen=True)
class Rights:
    """The whole table, in its own order."""

    all: tuple[Right, ...]

    @property
    def listed(self) -> list[Right]:
        """The permissions that a list names, in order."""
        return [right for right in self.all if right.titles]

    def of_kind(self, kind: str) -> list[Right]:
        """The listed permissions of this kind of log-in, in order."""
        return [right for right in self.listed if kind in right.kinds]

    def kinds_of(self, form: str) -> set[str]:
        """The kinds of log-in that may open the form: none that the table does not name."""
        return {kind for right in self.all if right.form == form for kind in right.kinds}


def load_rights(path: Path) -> Rights:
    """Read the table. Raises RightsError, naming the file and the right, when something is missing or misspelt,
    and FactError when the file is not UTF-8.
    """
    if not path.is_file():
        raise RightsError(1, f"there is no {path}; is LOKET_CONTENT right?")
    text = read_text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RightsError(*toml_problem(error, text)) from None
    lines = text.splitlines()
    return Rights(tuple(_right(_line(lines, key), key, entry) for key, entry in table.items()))


def _line(lines: list[str], key: str) -> int:
    """The line on which a right begins."""
    header = re.compile(rf"\s*\[?[\"']?{re.escape(key)}[\"']?\s*[].=]")
    return next((number for number, line in enumerate(lines, 1) if header.match(line)), 1)


def _right(line: int, key: str, entry: Any) -> Right:
    if not isinstance(entry, dict) or set(entry) - {"title"} != {"kinds", "where"}:
        raise RightsError(line, f"'{key}' needs exactly kinds, title and where; a form can do without title")
    kinds, title, where = entry["kinds"], entry.get("title"), entry["where"]
    if not isinstance(kinds, list) or not kinds or not all(kind in KINDS for kind in kinds):
        raise RightsError(line, f"'{key}' has kinds other than {', '.join(KINDS)}")
    if not isinstance(where, str) or not where:
        raise RightsError(line, f"'{key}' must say where: the name of a form, or of a fact with an address")
    if title is None and "." not in where:
        return Right(key, tuple(kinds), {}, where)
    if (
        not isinstance(title, dict)
        or set(title) != set(LANGUAGES)
        or not all(isinstance(text, str) and text for text in title.values())
    ):
        raise RightsError(line, f"'{key}' needs a title in each of {', '.join(LANGUAGES)}")
    return Right(key, tuple(kinds), title, where)

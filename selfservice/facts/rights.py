"""What can be done with an access code, by kind of use: one table for `my`, the help pages and the forms."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfservice.i18n.languages import LANGUAGES

KINDS = ("business", "private")
_KEYS = {"kinds", "title", "where"}


class RightsError(Exception):
    """content/rights.toml is not well-formed; the message is for an editor."""


@dataclass(frozen=True)
class Right:
    """Something that can be done: here, in the form named `where`, or elsewhere, at the address in that fact."""

    key: str
    kinds: tuple[str, ...]
    titles: Mapping[str, str]
    where: str

    @property
    def form(self) -> str | None:
        """The form in which it is done, when that is here."""
        return None if "." in self.where else self.where

    @property
    def fact(self) -> str | None:
        """The fact with the address at which it is done, when that is elsewhere."""
        return self.where if "." in self.where else None

    def title(self, lang: str) -> str:
        """What can be done, in a language."""
        return self.titles[lang]


@dataclass(frozen=True)
class Rights:
    """The whole table, in its own order."""

    all: tuple[Right, ...]

    def listed(self, kind: str) -> list[Right]:
        """What this kind of use may do, in order."""
        return [right for right in self.all if kind in right.kinds]

    def allows(self, kind: str, form: str) -> bool:
        """Whether this kind of use may open the form; a form that no right names is for every kind."""
        kinds = {kind for right in self.all if right.form == form for kind in right.kinds}
        return not kinds or kind in kinds


def load(path: Path) -> Rights:
    """Read the table. Raises RightsError, naming the file and the right, when something is missing or misspelt."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RightsError(f"there is no {path}; is LOKET_CONTENT right?") from None
    except tomllib.TOMLDecodeError as error:
        raise RightsError(f"{path.name}: not well-formed TOML: {error}") from None
    return Rights(tuple(_right(path.name, key, entry) for key, entry in table.items()))


def _right(file: str, key: str, entry: Any) -> Right:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise RightsError(f"{file}: '{key}' needs exactly kinds, title and where")
    kinds, title, where = entry["kinds"], entry["title"], entry["where"]
    if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(KINDS):
        raise RightsError(f"{file}: '{key}' has kinds other than {', '.join(KINDS)}")
    if not isinstance(title, dict) or set(title) != set(LANGUAGES) or not all(title.values()):
        raise RightsError(f"{file}: '{key}' needs a title in each of {', '.join(LANGUAGES)}")
    if not isinstance(where, str) or not where:
        raise RightsError(f"{file}: '{key}' must say where: the name of a form, or of a fact with an address")
    return Right(key, tuple(kinds), title, where)

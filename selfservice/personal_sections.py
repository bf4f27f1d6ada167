"""What a domain says of one person: sections of records, of which `personal_data` makes a list.

The values are as exact as they are kept, with their words beside them. JSON and HTML are both made of these, so that
neither can say what the other does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from selfservice.clock import from_text


@dataclass(frozen=True)
class Choice:
    """One of a few values: the code that is kept, and what it is called in the language in force."""

    code: str
    words: str


Value = str | bool | datetime | date | Decimal | Choice | tuple[str, ...] | None


@dataclass(frozen=True)
class Section:
    """Records of one kind, the newest first. `columns` are the labels of what each has, by key; `is_table` is for many
    short ones. `more` says what is left out, if anything is, and `link` is the path to the whole.
    """

    key: str
    title: str
    columns: Mapping[str, str]
    records: Sequence[Mapping[str, Value]]
    is_table: bool = False
    more: str = ""
    link: str = ""


def moment(text: str | None) -> datetime | None:
    """The moment in a column (`clock.to_text`), if there is one."""
    return from_text(text) if text else None


def day(text: str | None) -> date | None:
    """The day in a column, if there is one."""
    return date.fromisoformat(text) if text else None


def choice(code: str | None, words: Mapping[str, str]) -> Choice | None:
    """A code with its words; without words for it, the code itself."""
    return Choice(code, words.get(code, code)) if code else None

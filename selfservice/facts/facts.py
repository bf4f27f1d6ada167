"""The facts of content/facts.toml, shared by texts and program."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from selfservice import clock
from selfservice.facts.fact import Fact
from selfservice.facts.file import read_facts
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import TIMEZONE


class FactGroup:
    """A group of facts in a template: `fact.password` in `fact.password.min_length`."""

    def __init__(self, facts: Facts, name: str) -> None:
        self._facts = facts
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._facts.get(f"{self._name}.{name}")


class Facts:
    """The facts valid on one day; records in `used` which were read."""

    def __init__(self, facts: Mapping[str, Fact], day: dt.date, changes: tuple[dt.date, ...] = ()) -> None:
        self._facts = dict(facts)
        self.day = day
        self.changes = changes
        self.used: set[str] = set()

    @classmethod
    def load(cls, path: Path, day: dt.date | None = None) -> Facts:
        """Read the facts valid on a day (by default today in Amsterdam).

        Raises FactError, naming file and line, when the file or one of its facts is not well-formed.
        """
        day = day or clock.now().astimezone(TIMEZONE).date()
        facts, changes = read_facts(path, day)
        return cls(facts, day, changes)

    def get(self, name: str) -> Fact:
        """The fact of this dotted name (`group.name`, or `group.name.business`). Raises FactError when unknown."""
        base = name
        fact = self._facts.get(name)
        if fact is None and name.count(".") == 2:
            base, _, group = name.rpartition(".")
            parent = self._facts.get(base)
            fact = getattr(parent, group, None) if parent else None
        if fact is None:
            # Of a group's name alone, one of the group.
            near = _nearest(name, self._facts) or next((one for one in self._facts if one.startswith(f"{name}.")), None)
            raise FactError(f"there is no fact '{name}'" + (f"; did you mean '{near}'?" if near else ""))
        self.used.add(base)
        return fact

    def __getattr__(self, name: str) -> FactGroup:
        if name.startswith("_"):
            raise AttributeError(name)
        return FactGroup(self, name)

    def __contains__(self, name: str) -> bool:
        return name in self._facts

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())


def _nearest(name: str, names: Mapping[str, Fact]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, 1, 0.6)), None)

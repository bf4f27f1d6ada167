"""Reading and validating content/facts.toml, and choosing the value valid on a day."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any

from selfservice.facts.fact import Fact
from selfservice.facts.kinds import FACT_EXAMPLES, FACT_GROUPS, FACT_KINDS, FactError
from selfservice.problems import ProblemError
from selfservice.site_config import toml_problem

FACT_KEYS = {"kind", "value", "values", "source"}
VALUE_KEYS = {"value", "for", "from", "until"}


class FileError(ProblemError, FactError):
    """A file with facts, or with words or searches, is not well-formed."""


def read_facts(path: Path, day: dt.date) -> tuple[dict[str, Fact], tuple[dt.date, ...]]:
    """The facts valid on the day, by dotted name, and the later days on which one of them changes.

    Raises FactError with file and line when something is missing, misspelt or of the wrong kind.
    """
    if not path.is_file():
        raise FactError(f"there is no {path}; is LOKET_CONTENT right?")
    lines = _lines(path)
    facts: dict[str, Fact] = {}
    changes: set[dt.date] = set()
    for group, members in load_toml(path).items():
        if not isinstance(members, dict):
            raise FileError(path.name, 1, f"'{group}' stands outside a fact: write [group.name] above it")
        for short, entry in members.items():
            name = f"{group}.{short}"
            try:
                facts[name] = _fact(name, entry, lines.get(name, 1), day)
            except FactError as error:
                raise FileError(path.name, lines.get(name, 1), str(error)) from None
            changes |= {_ for one in entry.get("values", ()) for _ in _days(one) if _ > day}
    return facts, tuple(sorted(changes))


def _lines(path: Path) -> dict[str, int]:
    """The line number of each `[group.name]`."""
    found = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if match := re.match(r"\[([\w.]+)]", line):
            found[match[1]] = number
    return found


def _days(entry: dict[str, Any]) -> set[dt.date]:
    """The first day on which this value is valid, and the first on which it no longer is."""
    days = {entry["from"]} if "from" in entry else set()
    return days | ({entry["until"] + dt.timedelta(1)} if "until" in entry else set())


def _fact(name: str, entry: Any, line: int, day: dt.date) -> Fact:
    if not isinstance(entry, dict) or set(entry) - FACT_KEYS or not {"kind", "source"} <= set(entry):
        raise FactError(f"'{name}' needs exactly kind, value (or values) and source")
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in FACT_KINDS:
        raise FactError(f"'{kind}' is not a kind of fact; the kinds are {', '.join(FACT_KINDS)}")
    if ("value" in entry) == ("values" in entry):
        raise FactError(f"'{name}' needs either value or values")
    values = entry.get("values", [{"value": entry.get("value")}])
    if not isinstance(values, list) or not all(isinstance(one, dict) and set(one) <= VALUE_KEYS for one in values):
        raise FactError(f"'{name}' needs values such as [{{value = …, from = 2027-01-01}}, {{value = …, for = …}}]")
    for one in values:
        if not FACT_KINDS[kind][0](one.get("value")):
            example = FACT_EXAMPLES.get(kind, "3, or [3, 5] for 3 to 5")
            raise FactError(f"{one.get('value')!r} is not a {kind}: write it as {example}")
        if one.get("for", FACT_GROUPS[0]) not in FACT_GROUPS:
            raise FactError(f"for = {one['for']!r} is not one of {', '.join(FACT_GROUPS)}")
        if wrong := [one[key] for key in ("from", "until") if key in one and type(one[key]) is not dt.date]:
            raise FactError(f"{wrong[0]!r} is not a day: write it without quotes, such as 2027-01-01")
    valid = [one for one in values if one.get("from", day) <= day <= one.get("until", day)]
    by_group = {group: one["value"] for one in valid for group in _groups(one)}
    general = [one["value"] for one in valid if "for" not in one]
    if not valid or len(general) > 1 or sum(len(_groups(one)) for one in valid) != len(by_group):
        raise FactError(f"'{name}' must have exactly one value on {day.isoformat()}")
    first = general[0] if general else valid[0]["value"]
    return Fact(name, kind, first, str(entry["source"]), line, by_group)


def _groups(entry: dict[str, Any]) -> tuple[str, ...]:
    return (entry["for"],) if "for" in entry else FACT_GROUPS


def read_text(path: Path) -> str:
    """The text of a file that somebody wrote, without the mark that some editors put before it. Raises FactError with
    file and line when it is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FileError(path.name, line, "a character that is not UTF-8: save the file as UTF-8") from None


def load_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises FactError with file and line when it is not TOML."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileError(path.name, *toml_problem(error, text)) from None

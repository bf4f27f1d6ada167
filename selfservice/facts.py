"""The facts that text and program share: read once from content/facts.toml, written per language."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.lists import format_list
from markupsafe import Markup, escape

from selfservice import clock, i18n

GROUPS = ("business", "private")


class FactError(Exception):
    """A fact is unknown, or written in a way that its kind does not allow. The message is for an editor."""


def _text(value: Any) -> str:
    return str(value[i18n.language()]) if isinstance(value, Mapping) else str(value)


def _phone(value: str) -> str:
    """As people write it: `088 585 15 85`, `0900 123 45 67`."""
    digits = "0" + value.removeprefix("+31") if value.startswith("+31") else value
    head = 4 if digits.startswith(("0900", "0800")) else 3
    rest = digits[head:]
    return " ".join([digits[:head], rest[:3], *(rest[i : i + 2] for i in range(3, len(rest), 2))])


def _counted(one: str, many: str) -> Callable[[Any], str]:
    """A formatter for a number, or a range, of something: `15 minutes`, `3 to 5 working days`."""

    def write(value: Any) -> str:
        if isinstance(value, list):
            unit = i18n.catalog(i18n.language()).ngettext(one, many, value[1])
            span = i18n.gettext("%(low)s to %(high)s", low=value[0], high=value[1])
            return unit.replace("%(num)s", span)
        return i18n.ngettext(one, many, value)

    return write


def _count(value: Any) -> str:
    return i18n.gettext("%(low)s to %(high)s", low=value[0], high=value[1]) if isinstance(value, list) else str(value)


def N_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 (the name that message extraction knows)
    """Mark a pair of texts for translation without translating it yet."""
    return one, many


KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], str]]] = {}


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) for n in value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and set(value) == set(i18n.LANGUAGES))


def _is_money(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


def _time(value: dt.time) -> str:
    """`21:00`, or `midnight`: as 00:00 nobody knows of which day it is."""
    return i18n.format_time(value) if value > dt.time() else i18n.gettext("midnight")


def _payment_methods(value: list[str]) -> str:
    """`credit or direct debit`: the ways to pay that are open."""
    names = {"credit": i18n.gettext("credit"), "direct_debit": i18n.gettext("direct debit")}
    return format_list([names[method] for method in value], style="or", locale=i18n.LOCALES[i18n.language()])


KINDS.update(
    payment_methods=(
        lambda v: isinstance(v, list) and bool(v) and set(v) <= {"credit", "direct_debit"},
        _payment_methods,
    ),
    text=(_is_text, _text),
    url=(_is_text, _text),
    email=(lambda v: isinstance(v, str) and v.count("@") == 1, _text),
    phone=(lambda v: isinstance(v, str) and v.lstrip("+").isdigit(), _phone),
    money=(_is_money, lambda v: i18n.format_money(Decimal(v))),
    percent=(_is_number, lambda v: f"{v}%"),
    date=(lambda v: type(v) is dt.date, i18n.format_date),
    time=(lambda v: isinstance(v, dt.time), _time),
    count=(_is_number, _count),
    minutes=(_is_number, _counted(*N_("%(num)s minute", "%(num)s minutes"))),
    hours=(_is_number, _counted(*N_("%(num)s hour", "%(num)s hours"))),
    days=(_is_number, _counted(*N_("%(num)s day", "%(num)s days"))),
    working_days=(_is_number, _counted(*N_("%(num)s working day", "%(num)s working days"))),
    months=(_is_number, _counted(*N_("%(num)s month", "%(num)s months"))),
    years=(_is_number, _counted(*N_("%(num)s year", "%(num)s years"))),
)


@dataclass(frozen=True)
class Fact:
    """One fact. Printed in a template or a page it is written for the language in force."""

    name: str
    kind: str
    raw: Any
    source: str
    line: int
    by_group: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """What programs compute with: an int, a (from, to) tuple, a Decimal of euros, a date, a time, a text."""
        if self.kind == "money":
            return Decimal(self.raw)
        if isinstance(self.raw, list):
            return tuple(self.raw)
        return _text(self.raw) if self.kind in ("text", "url") else self.raw

    @property
    def href(self) -> str | None:
        """The address behind a phone number, an e-mail address or a website; None for other kinds."""
        if self.kind == "phone":
            number = self.raw
            return f"tel:{number}"
        return {"email": f"mailto:{self.raw}", "url": _text(self.raw)}.get(self.kind)

    def __str__(self) -> str:
        return KINDS[self.kind][1](self.raw)

    def __html__(self) -> str:
        return escape(str(self))

    def link(self) -> Markup:
        """As it stands in running text: a phone number, an e-mail address or a website is a link."""
        if self.href is None:
            return escape(str(self))
        shown = str(self)
        if self.kind == "url":
            shown = shown.removeprefix("https://").removesuffix("/")
        return Markup('<a href="{}">{}</a>').format(self.href, shown)

    def __getattr__(self, name: str) -> Fact:
        if name in GROUPS and name in self.by_group:
            return Fact(f"{self.name}.{name}", self.kind, self.by_group[name], self.source, self.line)
        raise AttributeError(name)


class Group:
    """What stands between the dots of `fact.password.min_length`: knows only its own facts."""

    def __init__(self, facts: Facts, name: str) -> None:
        self._facts = facts
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._facts.get(f"{self._name}.{name}")


class Facts:
    """All the facts that hold on one day, and which of them were asked for."""

    def __init__(self, facts: Mapping[str, Fact], day: dt.date, changes: tuple[dt.date, ...] = ()) -> None:
        self._facts = dict(facts)
        self.day = day
        self.changes = changes
        self.used: set[str] = set()

    @classmethod
    def load(cls, path: Path, day: dt.date | None = None) -> Facts:
        """Read the file as it holds on a day (today in Amsterdam when none is given).

        Raises FactError, naming file and line, when the file or one of its facts is not well-formed.
        """
        from selfservice.facts_file import read

        day = day or clock.now().astimezone(i18n.TIMEZONE).date()
        facts, changes = read(path, day)
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
            near = _nearest(name, self._facts)
            raise FactError(f"there is no fact '{name}'" + (f"; did you mean '{near}'?" if near else ""))
        self.used.add(base)
        return fact

    def __getattr__(self, name: str) -> Group:
        if name.startswith("_"):
            raise AttributeError(name)
        return Group(self, name)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())


def _nearest(name: str, names: Mapping[str, Fact]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, 1, 0.6)), None)


def load_toml(path: Path) -> dict[str, Any]:
    """The parsed file. Raises FactError with file and line when it is not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        text, _, place = str(error).partition(" (at line ")
        # At the end of the document there is no number.
        line = place.partition(",")[0] or "1"
        raise FactError(f"{path.name}:{line}: not well-formed TOML: {text}") from None

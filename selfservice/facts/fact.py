"""A fact: its value for programs, and its text for templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from selfservice.facts.kinds import FACT_GROUPS, FACT_KINDS, _text


@dataclass(frozen=True)
class Fact:
    """A fact. As a string, in a template or a page, it is formatted in the current language."""

    name: str
    kind: str
    raw: Any
    source: str
    line: int
    by_group: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """The value for programs: an int, a (from, to) tuple, a Decimal of euros, a date, a time, a text."""
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
        return FACT_KINDS[self.kind][1](self.raw)

    def __html__(self) -> str:
        return escape(str(self))

    def link(self) -> Markup:
        """The text in HTML: a phone number, an e-mail address or a website is a link."""
        if self.href is None:
            return escape(str(self))
        shown = str(self)
        if self.kind == "url":
            shown = shown.removeprefix("https://").removesuffix("/")
        return Markup('<a href="{}">{}</a>').format(self.href, shown)

    def __getattr__(self, name: str) -> Fact:
        if name in FACT_GROUPS and name in self.by_group:
            return Fact(f"{self.name}.{name}", self.kind, self.by_group[name], self.source, self.line)
        raise AttributeError(name)

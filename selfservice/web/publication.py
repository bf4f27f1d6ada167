"""Whether a page is shown on a day: what `status:`, `publish:` and `until:` in its front matter say.

A page is shown in all languages or in none, so that nobody who changes the language finds an empty place.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

DRAFT = "draft"
STATUSES = (DRAFT, "published")
State = Literal["draft", "planned", "shown", "ended"]
Place = tuple[str, str]  # a page's language and key


@dataclass(frozen=True)
class Publication:
    """When a page is shown: from the first day until and with the last, or never while it is a draft. `see` is the link
    to the page that stands in for it afterwards.
    """

    draft: bool = False
    first: dt.date | None = None
    last: dt.date | None = None
    see: str = ""

    def state(self, day: dt.date) -> State:
        """What it is on a day."""
        if self.draft:
            return "draft"
        if self.first and day < self.first:
            return "planned"
        return "ended" if self.last and day > self.last else "shown"

    def is_shown(self, day: dt.date) -> bool:
        """Whether visitors see it on a day."""
        return self.state(day) == "shown"

    def changes(self) -> Iterable[dt.date]:
        """The days that begin with another state."""
        if self.draft:
            return ()
        end = self.last + dt.timedelta(1) if self.last and self.last < dt.date.max else None
        return tuple(day for day in (self.first, end) if day)


ALWAYS = Publication()


def publication_of(meta: Mapping[str, Any]) -> Publication:
    """What the front matter says. Never raises for what an editor wrote: what cannot be read keeps a page back."""
    status, first, last, see = (meta.get(name) for name in ("status", "publish", "until", "see"))
    unreadable = status not in (None, *STATUSES) or any(
        value is not None and not is_day(value) for value in (first, last)
    )
    return Publication(
        unreadable or status == DRAFT,
        first if is_day(first) else None,
        last if is_day(last) else None,
        see if isinstance(see, str) else "",
    )


def is_day(value: object) -> TypeGuard[dt.date]:
    """Whether it is a day, and no moment of one."""
    return type(value) is dt.date


def in_all_languages(pages: Mapping[Place, Publication]) -> dict[Place, Publication]:
    """The same, each shown only when all of its languages are."""
    twins: dict[str, list[Publication]] = defaultdict(list)
    for (_, key), one in pages.items():
        twins[key].append(one)
    return {place: _together(one, twins[place[1]]) for place, one in pages.items()}


def _together(one: Publication, twins: list[Publication]) -> Publication:
    firsts, lasts = [twin.first for twin in twins if twin.first], [twin.last for twin in twins if twin.last]
    return Publication(any(twin.draft for twin in twins), max(firsts, default=None), min(lasts, default=None), one.see)

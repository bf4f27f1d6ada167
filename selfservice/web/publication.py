"""Whether a page is shown on a day: what `status:`, `publish:` and `until:` in its front matter say.

A page is shown in all languages or in none, so that nobody who changes the language finds an empty place.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

STATUSES = ("draft", "published")  # the last is that of a page that names none
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
    """What the front matter says, in days or in texts. Never raises for what an editor wrote: what cannot be read keeps
    a page back.
    """
    try:
        first, last = _day(meta.get("publish")), _day(meta.get("until"))
    except ValueError:
        return Publication(draft=True)
    return Publication(meta.get("status", STATUSES[-1]) != STATUSES[-1], first, last, str(meta.get("see", "")))


def _day(value: object) -> dt.date | None:
    return value if value is None or isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def in_all_languages(pages: Mapping[Place, Publication]) -> dict[Place, Publication]:
    """The same, each shown only when all of its languages are."""
    twins: dict[str, list[Publication]] = defaultdict(list)
    for (_, key), one in pages.items():
        twins[key].append(one)
    return {place: _together(one, twins[place[1]]) for place, one in pages.items()}


def _together(one: Publication, twins: list[Publication]) -> Publication:
    firsts, lasts = [twin.first for twin in twins if twin.first], [twin.last for twin in twins if twin.last]
    return Publication(any(twin.draft for twin in twins), max(firsts, default=None), min(lasts, default=None), one.see)

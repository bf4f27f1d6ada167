"""Who has to look at which page by when: `owner:`, `reviewed:` and `review_every:` (months) in its front matter."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfservice.facts.file import read_text
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading.front_matter import read_front_matter
from selfservice.publish.reading.markdown import Document
from selfservice.web.publication import publication_of

SECTION = "owner-and-review"  # of docs/editing.md
DEFAULT_MONTHS = 12
AHEAD = dt.timedelta(days=30)  # a page is due so long before its day


@dataclass(frozen=True)
class Review:
    """A page in one language that is to be looked at: its file, who does so, and by when."""

    file: str
    owner: str
    reviewed: dt.date
    due: dt.date

    def is_due(self, day: dt.date) -> bool:
        """Whether its day comes within 30 days, or is over."""
        return self.due - day <= AHEAD

    def is_overdue(self, day: dt.date) -> bool:
        """Whether its day is over."""
        return day > self.due


def due_day(reviewed: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month."""
    years, month = divmod(reviewed.month - 1 + months, 12)
    year, month = reviewed.year + years, month + 1
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month, min(reviewed.day, monthrange(year, month)[1]))


def review_of(meta: Mapping[str, Any], file: str) -> Review | None:
    """When a page is to be looked at; None when its front matter, as it was read, does not say."""
    reviewed = meta.get("reviewed")
    if reviewed is None:
        return None
    due = due_day(reviewed, meta.get("review_every", DEFAULT_MONTHS))
    return Review(file, meta.get("owner", ""), reviewed, due)


def reviews(content: Path, day: dt.date) -> list[Review]:
    """When each page of a content folder is to be looked at, by owner and day; those of nobody last. Drafts, and pages
    that have ended, are nobody's to look at; what cannot be read is `loket check`'s to tell.
    """
    found = []
    for lang in LANGUAGES:
        for path in (content / lang).glob("*.md"):
            try:
                meta = read_front_matter(read_text(path)).meta
            except FactError:
                continue
            review = review_of(meta, f"content/{lang}/{path.name}")
            if review and publication_of(meta).state(day) in ("planned", "shown"):
                found.append(review)
    return sorted(found, key=lambda one: (not one.owner, one.owner, one.due, one.file))


def by_owner(found: list[Review]) -> dict[str, list[Review]]:
    """The same by owner, in the same order; those of nobody under an empty name."""
    return {owner: [one for one in found if one.owner == owner] for owner in dict.fromkeys(one.owner for one in found)}


def overdue(document: Document, file: str, day: dt.date) -> Iterator[Problem]:
    """A warning for a page that visitors see and nobody has looked at for too long."""
    review = review_of(document.meta, file)
    if review and publication_of(document.meta).is_shown(day) and review.is_overdue(day):
        message = f"not reviewed since {review.reviewed}: read it again and set 'reviewed:' to that day"
        yield Problem(file, document.lines["reviewed"], message, error=False, see=SECTION)

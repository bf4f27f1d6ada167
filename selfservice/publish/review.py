"""Who has to look at which page by when: `owner:`, `reviewed:` and `review_every:` (months) in its front matter."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from selfservice.facts.file import read_text
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.markdown import Document
from selfservice.web.pages import split_front_matter
from selfservice.web.publication import is_day, publication_of

SECTION = "owner-and-review"  # of docs/editing.md
DEFAULT_MONTHS = 12
MOST_MONTHS = 60
AHEAD = dt.timedelta(days=30)  # a page is due so long before its day
_OWNER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


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
    """When a page is to be looked at; None when its front matter does not say."""
    reviewed, months = meta.get("reviewed"), meta.get("review_every", DEFAULT_MONTHS)
    if not is_day(reviewed):
        return None
    months = months if _is_months(months) else DEFAULT_MONTHS
    owner = meta.get("owner")
    owner = owner if isinstance(owner, str) else ""
    return Review(file, owner, reviewed, due_day(reviewed, months))


def _is_months(value: object) -> bool:
    return type(value) is int and 1 <= value <= MOST_MONTHS


def reviews(content: Path, day: dt.date) -> list[Review]:
    """When each page of a content folder is to be looked at, by owner and day; those of nobody last. Drafts, and pages
    that have ended, are nobody's to look at; what cannot be read is `loket check`'s to tell.
    """
    found = []
    for lang in LANGUAGES:
        for path in (content / lang).glob("*.md"):
            try:
                meta = split_front_matter(read_text(path))[0]
            except (FactError, yaml.YAMLError):
                continue
            review = review_of(meta, f"content/{lang}/{path.name}")
            if review and publication_of(meta).state(day) in ("planned", "shown"):
                found.append(review)
    return sorted(found, key=lambda one: (not one.owner, one.owner, one.due, one.file))


def by_owner(found: list[Review]) -> dict[str, list[Review]]:
    """The same by owner, in the same order; those of nobody under an empty name."""
    return {owner: [one for one in found if one.owner == owner] for owner in dict.fromkeys(one.owner for one in found)}


def values(document: Document, file: str) -> Iterator[Problem]:
    """What is wrong with who looks at a page, and how often."""
    meta = document.meta
    owner = meta.get("owner")
    if owner is not None and not (isinstance(owner, str) and _OWNER.fullmatch(owner)):
        message = "'owner:' is a name in small letters, digits and dashes, such as team-register"
        yield Problem(file, document.line_of("\nowner:") + 1, message, see=SECTION)
    if "review_every" in meta and not _is_months(meta["review_every"]):
        message = f"'review_every:' must be a number of months, 1 to {MOST_MONTHS}, such as 6"
        yield Problem(file, document.line_of("\nreview_every:") + 1, message, see=SECTION)


def overdue(document: Document, file: str, day: dt.date) -> Iterator[Problem]:
    """A warning for a page that nobody has looked at for too long."""
    review = review_of(document.meta, file)
    if review and review.is_overdue(day):
        message = f"not reviewed since {review.reviewed}: read it again and set 'reviewed:' to that day"
        yield Problem(file, document.line_of("reviewed:"), message, error=False, see=SECTION)

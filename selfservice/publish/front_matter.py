"""What may stand in the front matter of a page, between its --- lines, and what is wrong with what does."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from selfservice.publish.markdown import Document, Problem
from selfservice.web.pages import SECTIONS

DESCRIPTION_LENGTH = (50, 170)  # characters; what search engines show
REVIEW_DAYS = 366


def values(document: Document, file: str) -> Iterator[Problem]:
    """Titles, sections, addresses: what is missing, or not of its kind."""
    meta = document.meta
    for name in ("title", "description"):
        if not str(meta.get(name) or "").strip():
            yield Problem(file, 1, f"the page has no {name}: add '{name}: …' between the --- lines")
        elif not isinstance(meta[name], str):
            yield Problem(
                file, document.line_of(f"{name}:"), f"'{name}:' must be a text: write it between double quotes"
            )
    description = str(meta.get("description") or "")
    low, high = DESCRIPTION_LENGTH
    if description and not low <= len(description) <= high:
        message = f"the description has {len(description)} characters; search engines show {low} to {high}"
        yield Problem(file, document.line_of("description:"), message, error=False)
    if str(meta.get("section")) not in SECTIONS:
        line = document.line_of("section:")
        yield Problem(file, line, f"the section must be one of {', '.join(SECTIONS)}")
    if not isinstance(meta.get("order", 0), int):
        yield Problem(file, document.line_of("order:"), "'order:' must be a whole number such as 30")
    if not re.fullmatch(r"[a-z0-9-]*", str(meta.get("slug") or "")):
        message = "'slug:' is a part of an address: use small letters, digits and dashes"
        yield Problem(file, document.line_of("slug:"), message)
    if meta.get("slug") == "self-service":
        yield Problem(file, document.line_of("slug:"), "the forms stand at 'self-service': choose another slug")
    if not isinstance(meta.get("about_this_site", False), bool):
        yield Problem(file, document.line_of("about_this_site:"), "'about_this_site:' must be true, or be left out")


def dates(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    """The days on which the page was changed and looked at, seen from today."""
    meta = document.meta
    for name in ("updated", "reviewed"):
        value = meta.get(name)
        if type(value) is not dt.date:
            yield Problem(file, document.line_of(f"{name}:"), f"'{name}:' must be a date such as {today.isoformat()}")
        elif value > today:
            yield Problem(file, document.line_of(f"{name}:"), f"'{name}:' lies in the future", error=False)
    reviewed = meta.get("reviewed")
    if type(reviewed) is dt.date and (today - reviewed).days > REVIEW_DAYS:
        message = f"not reviewed since {reviewed.isoformat()}: read it again and set 'reviewed:' to that day"
        yield Problem(file, document.line_of("reviewed:"), message, error=False)

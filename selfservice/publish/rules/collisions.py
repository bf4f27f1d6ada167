"""Two pages with one address: the second would take the place of the first, without a word."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from selfservice.publish.reading.markdown import Problem
from selfservice.web.pages import PageInfo


def duplicate_addresses(content: Path, pages: Iterable[PageInfo]) -> list[Problem]:
    """A problem for each page whose address is that of another before it."""
    found: list[Problem] = []
    first: dict[str, str] = {}
    for page in pages:
        place = f"{page.lang}/{page.key}.md"
        taken = first.setdefault(page.path, place)
        if taken != place:
            head = (content / place).read_text("utf-8", "replace").partition("\nslug:")
            line = head[0].count("\n") + 2 if head[1] else 1
            message = f"the address {page.path} is that of content/{taken} too: choose another slug"
            found.append(Problem(f"content/{place}", line, message, see="front-matter"))
    return found

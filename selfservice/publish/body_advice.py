"""What had better be looked at in the text of a page, by itself. It may be right: nothing is stopped by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selfservice.problems import Problem
from selfservice.publish.markdown import Document
from selfservice.web.pages import FACT_REFERENCE

_FACT_LIKE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w/=.-])(?!\d\d-\d\d-\d{4}\b)(?:\+31|0)[\d ()-]{7,}\d(?!\w)"), "a telephone number"),
    (re.compile(r"(?:€|\bEUR\b)\s?\d|\b\d+(?:[.,]\d\d)? euro\b", re.IGNORECASE), "a price"),
    (re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.]+\b"), "an e-mail address"),
)


def advice(document: Document, file: str) -> Iterator[Problem]:
    """What had better be looked at in a page."""
    for line, message in _bare_values(document):
        yield Problem(file, line, message, error=False, see="facts")


def _bare_values(document: Document) -> Iterator[tuple[int, str]]:
    """Values that had better be facts."""
    for number, text in enumerate(document.source.splitlines(), 1):
        if number < document.body_line and not text.startswith(("title:", "description:", "lead:")):
            continue
        prose = FACT_REFERENCE.sub("", text)
        for pattern, what in _FACT_LIKE:
            if match := pattern.search(prose):
                yield (
                    number,
                    f"'{match[0].strip()}' looks like {what}: put it in content/facts.toml and write {{{{ fact.… }}}}",
                )

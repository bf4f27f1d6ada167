"""What is wrong with the text of a page by itself, whatever other pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selfservice.publish import markdown
from selfservice.publish.markdown import Document, Problem
from selfservice.web.pages import FACT_REFERENCE, TREE

_IMAGE = re.compile(r"<img\b[^>]*>")
_FACT_LIKE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w/=.-])(?!\d\d-\d\d-\d{4}\b)(?:\+31|0)[\d ()-]{7,}\d(?!\w)"), "a telephone number"),
    (re.compile(r"(?:€|\bEUR\b)\s?\d|\b\d+(?:[.,]\d\d)? euro\b", re.IGNORECASE), "a price"),
    (re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.]+\b"), "an e-mail address"),
)


def headings(document: Document, file: str) -> Iterator[Problem]:
    """Levels, and the ids of questions."""
    level, seen = 1, set()
    for now, id_, text in markdown.headings(document.html):
        line = document.line_of(f"{'#' * now} {text}") if text else 1
        line = line if line > 1 else document.line_of("{#" + id_ + "}") if id_ else 1
        if now == 1:
            yield Problem(file, line, f"'{text}' is a first-level heading; the title is that already: use ##")
        elif now > level + 1:
            yield Problem(file, line, f"'{text}' skips a heading level: use {'#' * (level + 1)}")
        level = max(now, 1)
        if now == 2 and not id_:
            yield Problem(
                file, line, f"the question '{text}' has no id: add {{#a-short-name}}, the same in every language"
            )
        if id_ in seen:
            at = document.source.rfind("{#" + id_ + "}")
            yield Problem(file, document.source.count("\n", 0, at) + 1, f"the id '{id_}' is used twice on this page")
        seen.add(id_)


def images(document: Document, file: str) -> Iterator[Problem]:
    """Images that cannot be heard."""
    for match in _IMAGE.finditer(document.html):
        if not re.search(r'\balt="[^"]+"', match[0]):
            source = re.search(r'src="([^"]*)"', match[0])
            line = document.line_of(source[1] if source else "![")
            yield Problem(file, line, "the image has no description: write it between the [ ] of ![…](…)")


def bare_values(document: Document, file: str) -> Iterator[Problem]:
    """Values that had better be facts."""
    for number, text in enumerate(document.source.splitlines(), 1):
        if number < document.body_line and not text.startswith(("title:", "description:", "lead:")):
            continue
        prose = FACT_REFERENCE.sub("", text)
        for pattern, what in _FACT_LIKE:
            if match := pattern.search(prose):
                message = (
                    f"'{match[0].strip()}' looks like {what}: put it in content/facts.toml and write {{{{ fact.… }}}}"
                )
                yield Problem(file, number, message, error=False)


def own_questions(document: Document, file: str) -> Iterator[Problem]:
    """Links to questions of the page itself that are not there; in a tree that is one of its own rules."""
    if document.meta.get("kind") == TREE:
        return
    ids = {id_ for _, id_, _ in markdown.headings(document.html) if id_}
    for match in re.finditer(r'href="#([^"]+)"', document.html):
        if match[1] not in ids and not match[1].startswith("fn"):
            line = document.line_of(f"](#{match[1]})")
            yield Problem(file, line, f"there is no question '#{match[1]}' on this page; check its spelling")

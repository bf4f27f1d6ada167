"""Find questions: what the search page and the search field ask."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from selfservice.search.highlighting import Parts, mark, snippet
from selfservice.search.index_reader import Found, Reader, reader
from selfservice.search.interpretation import Term, all_of, any_of, beginnings, pieces_of, understand
from selfservice.search.tokens import fold, spans

MAX_LENGTH = 200
NEAREST = 5
# Of the questions with some of the words, how many to weigh by how many of the words they have.
SOME = 200


@dataclass(frozen=True)
class Hit:
    """A question that was found. Title and snippet are pieces of plain text, each with whether it matched."""

    url: str
    title: Parts
    snippet: Parts
    page_title: str


@dataclass(frozen=True)
class Results:
    """The answer to `q` (cut, without blanks at its ends). `total` counts what lies beyond the limit too.

    `corrected` is the query with the words we took instead of unknown ones; the hits are for those. `nearest`
    holds questions that may come near, when there are no hits.
    """

    q: str
    hits: list[Hit]
    total: int
    corrected: str | None
    nearest: list[Hit]


def search(path: Path, lang: str, q: str, limit: int = 20) -> Results:
    """The questions that answer `q`, the best first. Whatever `q` holds is only words to look for.

    Questions with all words; when there are none, those with at least half of them, out of the best 200.
    Raises FileNotFoundError when the index was not built, KeyError for a language it does not know.
    """
    typed = clean(q)
    index = reader(path, lang)
    terms = understand(index, typed)
    if not terms:
        return Results(typed, [], 0, None, [])
    rows = index.find(all_of(terms), limit)
    total = len(rows) if len(rows) < limit else len(index.ids(all_of(terms)))
    near: list[Found] = []
    if not rows:
        terms = pieces_of(terms)
        rows, near = _some(index, terms)
        total, rows = len(rows), rows[:limit]
    if not rows and not near:
        terms = beginnings(index, terms)
        near = index.find(any_of(terms), NEAREST) if terms else []
    words = frozenset().union(*(term.words for term in terms))
    nearest = [] if rows else _hits(near[:NEAREST], words)
    return Results(typed, _hits(rows, words), total, _corrected(typed, terms), nearest)


def clean(q: str) -> str:
    """The query without what no reader sees, at most 200 characters long."""
    visible = "".join(char if char.isprintable() else " " for char in q[: MAX_LENGTH * 2])
    return " ".join(visible.split())[:MAX_LENGTH].strip()


def _some(index: Reader, terms: list[Term]) -> tuple[list[Found], list[Found]]:
    """Questions with at least half of the terms, most of them first; and those with fewer."""
    if len(terms) < 2:
        return [], []
    rows = index.find(any_of(terms), SOME)
    counts = Counter(found for term in terms for found in index.ids(term.match))
    rows.sort(key=lambda row: -counts[row.id])
    enough = [row for row in rows if 2 * counts[row.id] >= len(terms)]
    return enough, rows[len(enough) :]


def _hits(rows: list[Found], words: frozenset[str]) -> list[Hit]:
    return [Hit(row.url, mark(row.title, words), snippet(row.text, words), row.page_title) for row in rows]


def _corrected(typed: str, terms: list[Term]) -> str | None:
    instead = {term.typed: term.instead for term in terms if term.instead}
    if not instead:
        return None
    pieces, at = [], 0
    for start, end, form in spans(typed):
        pieces += [typed[at:start], instead.get(fold(form)) or form]
        at = end
    return "".join([*pieces, typed[at:]])

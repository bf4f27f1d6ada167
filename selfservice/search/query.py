"""Searching the questions, for the search page and the search field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from selfservice.search.highlighting import HighlightedText, highlight, snippet
from selfservice.search.index_reader import IndexReader, MatchedQuestion, open_index
from selfservice.search.interpretation import (
    Term,
    interpret,
    match_all,
    match_any,
    shorten_to_prefixes,
    with_phrase_words,
)
from selfservice.search.tokens import fold, word_spans

MAX_QUERY_LENGTH = 200
MAX_NEAREST = 5
# How many questions with some of the words are ranked by how many of them they have.
MAX_PARTIAL_MATCHES = 200


@dataclass(frozen=True)
class SearchHit:
    """A question that was found. Title and snippet are pieces of plain text, each with whether it matched."""

    url: str
    title: HighlightedText
    snippet: HighlightedText
    page_title: str


@dataclass(frozen=True)
class SearchResults:
    """The results for `q` (normalised). `total` also counts the hits beyond the limit.

    `corrected` is the query with the words we took instead of unknown ones; the hits are for those. `nearest`
    holds questions that may come near, when there are no hits.
    """

    q: str
    hits: list[SearchHit]
    total: int
    corrected: str | None
    nearest: list[SearchHit]


def search(path: Path, lang: str, q: str, limit: int = 20) -> SearchResults:
    """The questions that match `q`, the best first. `q` is plain text: it has no query syntax.

    Questions with all words; when there are none, those with at least half of them, out of the best 200.
    Raises FileNotFoundError when the index was not built, KeyError for a language it does not know.
    """
    typed = normalise_query(q)
    index = open_index(path, lang)
    terms = interpret(index, typed)
    if not terms:
        return SearchResults(typed, [], 0, None, [])
    rows = index.find(match_all(terms), limit)
    total = len(rows) if len(rows) < limit else len(index.ids(match_all(terms)))
    near: list[MatchedQuestion] = []
    if not rows:
        terms = with_phrase_words(terms)
        rows, near = _partial_matches(index, terms)
        total, rows = len(rows), rows[:limit]
    if not rows and not near:
        terms = shorten_to_prefixes(index, terms)
        near = index.find(match_any(terms), MAX_NEAREST) if terms else []
    words = frozenset().union(*(term.words for term in terms))
    nearest = [] if rows else _hits(near[:MAX_NEAREST], words)
    return SearchResults(typed, _hits(rows, words), total, _corrected_query(typed, terms), nearest)


def normalise_query(q: str) -> str:
    """The query without invisible characters, at most 200 characters long."""
    visible = "".join(char if char.isprintable() else " " for char in q[: MAX_QUERY_LENGTH * 2])
    return " ".join(visible.split())[:MAX_QUERY_LENGTH].strip()


def _partial_matches(index: IndexReader, terms: list[Term]) -> tuple[list[MatchedQuestion], list[MatchedQuestion]]:
    """Questions with at least half of the terms, most of them first; and those with fewer."""
    if len(terms) < 2:
        return [], []
    rows = index.find(match_any(terms), MAX_PARTIAL_MATCHES)
    counts = Counter(found for term in terms for found in index.ids(term.match))
    rows.sort(key=lambda row: -counts[row.id])
    enough = [row for row in rows if 2 * counts[row.id] >= len(terms)]
    return enough, rows[len(enough) :]


def _hits(rows: list[MatchedQuestion], words: frozenset[str]) -> list[SearchHit]:
    return [SearchHit(row.url, highlight(row.title, words), snippet(row.text, words), row.page_title) for row in rows]


def _corrected_query(typed: str, terms: list[Term]) -> str | None:
    instead = {term.typed: term.corrected_to for term in terms if term.corrected_to}
    if not instead:
        return None
    pieces, at = [], 0
    for start, end, form in word_spans(typed):
        pieces += [typed[at:start], instead.get(fold(form)) or form]
        at = end
    return "".join([*pieces, typed[at:]])

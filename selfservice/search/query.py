"""Searching the questions, for the search page and the search field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selfservice import clock
from selfservice.i18n.languages import LANGUAGES, TIMEZONE
from selfservice.search.highlighting import HighlightedText, highlight, snippet
from selfservice.search.index_reader import IndexReader, MatchedQuestion, open_index
from selfservice.search.interpretation import Interpretation, Term, any_of, interpret, shorten_to_prefixes
from selfservice.search.ranking import Ranked, is_exact, is_form, rank
from selfservice.search.schema import STEP
from selfservice.search.tokens import fold, tokens, word_spans

MAX_QUERY_LENGTH = 200
MAX_NEAREST = 5
# Forms shown above the questions, and how well they must do against the best question.
MAX_FORMS = 2
FORM_SCORE = 0.85
SECOND_FORM = 0.75  # the second against the first


@dataclass(frozen=True)
class SearchHit:
    """A question or form that was found. Title and snippet are pieces of plain text, each with whether it matched."""

    url: str
    title: HighlightedText
    snippet: HighlightedText
    page_title: str
    kind: str


@dataclass(frozen=True)
class SearchResults:
    """The results for `q` (normalised). `total` also counts the hits beyond the limit.

    The first `form_count` hits are forms in which what was asked can be done. `corrected` is the query with the words
    we took instead of unknown ones; the hits are for those. `nearest` holds questions that may come near, when there
    are no hits.
    """

    q: str
    hits: list[SearchHit]
    total: int
    corrected: str | None
    nearest: list[SearchHit]
    form_count: int = 0


@dataclass(frozen=True)
class Answer:
    """What a query finds, in order, and how it was read: for `search` to show and for editors to look into."""

    query: Interpretation
    ranked: list[Ranked]
    form_count: int
    pinned: frozenset[str] = frozenset()


def search(folder: Path, lang: str, q: str, limit: int = 20) -> SearchResults:
    """What answers `q` by the index in this folder, the best first. `q` is plain text: it has no query syntax.

    Entries with enough of what was asked, and no others. Raises FileNotFoundError when the index was not built,
    KeyError for a language it does not know.
    """
    typed = normalise_query(q)
    index = open_index(folder, lang)
    found = answer(index, typed)
    near: list[MatchedQuestion] = []
    terms = list(found.query.terms)
    if not found.ranked and not any(term.ways for term in terms):
        terms = shorten_to_prefixes(index, terms)
        ways = [way for term in terms for way in term.ways]
        near = index.entries(list(index.candidates(any_of(ways), MAX_NEAREST))) if ways else []
    words = frozenset().union(*(one.words for term in terms for one in (term, *term.phrase_words)))
    rows = [one.entry for one in found.ranked]
    corrected = _corrected_query(typed, terms) if rows else None
    hits, nearest = _hits(rows[:limit], words), _hits(near, words)
    return SearchResults(typed, hits, len(rows), corrected, nearest, min(found.form_count, limit))


def answer(index: IndexReader, typed: str) -> Answer:
    """What the query finds, in order."""
    query = interpret(index, typed)
    ranked = rank(index, query) or _in_another_language(index, typed, query)
    forms = _forms_to_do_it(ranked)
    shown = {one.entry.url for one in forms}
    questions = {one.entry.url for one in ranked if not is_form(one)}
    others = []
    for one in ranked:
        # A form that stands in a page is shown once: as a form, or as the question that it stands under. Of a question
        # tree the nearest step is enough: it leads to the others.
        if is_form(one) and (one.entry.url in questions or not one.has_title):
            continue
        once = {one.entry.url, one.entry.page_title} if one.entry.kind == STEP else {one.entry.url}
        if shown.isdisjoint(once):
            shown |= once
            others.append(one)
    urls = index.pinned(" ".join(tokens(typed)), clock.now().astimezone(TIMEZONE).date())
    if not urls:
        return Answer(query, forms + others, len(forms))
    return _pinned(index, Answer(query, forms + others, len(forms)), urls)


def _in_another_language(index: IndexReader, typed: str, query: Interpretation) -> list[Ranked]:
    """What the query finds on the pages in another language, as the pages in this one: `password` on Dutch pages."""
    if any(term.is_nothing for term in query.terms):
        return []
    for lang in LANGUAGES:
        if lang == index.lang:
            continue
        other = open_index(index.folder, lang)
        theirs = interpret(other, typed)
        if any(term.corrected_to for term in theirs.terms):
            continue
        twins = [(one, index.twin(one.entry)) for one in rank(other, theirs)]
        if found := [one._replace(entry=twin) for one, twin in twins if twin]:
            return found
    return []


def _forms_to_do_it(ranked: list[Ranked]) -> list[Ranked]:
    """The forms in which what was asked can be done: all of it is in the title, and no question is nearer to it."""
    questions = [one for one in ranked if not is_form(one)]
    best = max((one.score for one in questions), default=0)
    forms = [one for one in ranked if is_form(one) and one.has_all and one.score >= FORM_SCORE * best]
    if any(one.is_verbatim for one in questions):
        forms = [one for one in forms if one.is_verbatim]
    if any(is_exact(one) for one in questions if one.entry.url not in {form.entry.url for form in forms}):
        # "Accessibility" has the stem of "access", and asks for no access code.
        forms = [one for one in forms if any(found.place != "title_stem" for found in one.found)]
    return [one for one in forms if one.score >= SECOND_FORM * forms[0].score][:MAX_FORMS]


def _pinned(index: IndexReader, found: Answer, urls: list[str]) -> Answer:
    """The answer with what is pinned before all else."""
    known = {one.entry.url: one for one in found.ranked}
    first = []
    for url in urls:
        entries = index.entries(index.at(url))
        one = known.pop(url, None) or next((Ranked(entry, 0, 0, 0, False, False, ()) for entry in entries), None)
        if one:
            first.append(one)
    forms = [one for one in found.ranked[: found.form_count] if one.entry.url in known]
    rest = [one for one in found.ranked[found.form_count :] if one.entry.url in known]
    pinned_forms = [one for one in first if is_form(one)]
    others = [one for one in first if not is_form(one)]
    in_block = (pinned_forms + ([] if others else forms))[:MAX_FORMS]
    left = [one for one in forms if one not in in_block]
    return Answer(found.query, in_block + others + left + rest, len(in_block), frozenset(urls))


def normalise_query(q: str) -> str:
    """The query without invisible characters, at most 200 characters long."""
    visible = "".join(char if char.isprintable() else " " for char in q[: MAX_QUERY_LENGTH * 2])
    return " ".join(visible.split())[:MAX_QUERY_LENGTH].strip()


def _hits(rows: list[MatchedQuestion], words: frozenset[str]) -> list[SearchHit]:
    return [
        SearchHit(row.url, highlight(row.title, words), snippet(row.text, words), row.page_title, row.kind)
        for row in rows
    ]


def _corrected_query(typed: str, terms: list[Term]) -> str | None:
    instead = {term.typed: term.corrected_to for term in terms if term.corrected_to}
    if not instead:
        return None
    pieces, at = [], 0
    for start, end, form in word_spans(typed):
        pieces += [typed[at:start], instead.get(fold(form)) or form]
        at = end
    return "".join([*pieces, typed[at:]])

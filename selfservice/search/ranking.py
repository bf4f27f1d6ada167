"""Ranking: how well each entry of the index answers what was typed, and why.

Each word counts by where it stands and how rare it is; the file of searches (content/searches.toml) holds the figures,
which are chosen so that what it expects comes first.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from selfservice.i18n.languages import language_of
from selfservice.search.index_reader import IndexReader, MatchedQuestion
from selfservice.search.interpretation import Interpretation, Term, Way
from selfservice.search.schema import FORM, QUESTION

# Where a word may stand, the best place first, with what it counts there. Each place includes those before it, as the
# words of a phrase may stand in different ones.
PLACES = (
    ("title_word", 1.0),
    ("title_stem", 0.95),
    ("name_stem", 0.9),
    ("title_part", 0.7),
    ("page_stem", 0.45),
    ("text_word", 0.29),
    ("text_stem", 0.28),
    ("text_part", 0.1),
)
_PLACE_OF = {place: at for at, (place, _) in enumerate(PLACES)}
IN_PAGE_TITLE = 0.4
IN_TITLE = 0.6  # from here on a word stands in a title
ASKING = 0.3  # what an asking word counts, against another one
PIECE = 0.7  # a word of a phrase, against the phrase
UNKNOWN = 0.5  # in so many entries is a word that none has: it is rarer than any other
WHOLE_TITLE = 0.25  # how much of the score hangs on how much of the title was asked for
SMALL_WORDS = 0.12
SMALL_WORD = 0.3  # what one counts in another wording
TOGETHER = 0.15  # words that stand together as they were typed
ALL_WORDS = 0.6  # how much of the score hangs on how much of what was asked is there
NEGATED = (0.85, 1.15)  # what a query with `not` makes of a title without, and with
ENOUGH_WORDS = 0.5  # so much of what was asked must be there, or there is no answer
ENOUGH_OF_TITLE = 0.25  # or so much, of a page whose whole title is among it
ENOUGH_SCORE = 0.4  # against the best
REACH = 2  # words that may stand between two that stand together
MAX_RANKED = 400  # the best by their words alone; only of these the titles are read


@dataclass(frozen=True)
class Found:
    """That an entry has a term: what that counts, at which place, read in which way."""

    term: Term
    weight: float
    place: str
    way: Way | None


class Ranked(NamedTuple):
    """An entry with its score, the part of the terms that it has, how much of its title was asked for, and how it came
    to that. `has_title` is whether title or names have a term, `has_all` whether they have each that is not asking.
    `wording` is the other wording of the entry that it was found by; `is_verbatim` whether that is just what was typed,
    small words and all.
    """

    entry: MatchedQuestion
    score: float
    cover: float
    title_part: float
    has_title: bool
    has_all: bool
    found: tuple[Found, ...]
    wording: str = ""
    is_verbatim: bool = False


def rank(reader: IndexReader, query: Interpretation) -> list[Ranked]:
    """The entries that answer the query, the best first."""
    terms = [term for term in query.terms if term.ways]
    if not terms:
        return []
    found = {term: _places(reader, term) for term in terms}
    weights = {term: _weight(reader, term, len(found.get(term, ()))) for term in query.terms}
    marked = frozenset().union(*(one.words for term in terms for one in (term, *term.phrase_words)))
    together = _together(reader, query.terms)
    total = sum(weights.values())
    ranked = []
    for entry in reader.entries(_best_by_words(reader, found, weights)):
        title = _read_title(reader.lang, entry.title.words, entry.names)
        here = [best for term in terms if (best := _best(found[term], entry.id, entry.wording_of))]
        score = sum(weights[one.term] * one.weight for one in here) / total
        cover = sum(weights[one.term] for one in here) / total
        part = _title_part(title, marked, query.small_words, is_wording=bool(entry.wording_of))
        score *= 1 - WHOLE_TITLE + WHOLE_TITLE * part
        score *= 1 - ALL_WORDS + ALL_WORDS * cover
        if part and query.small_words:
            score += SMALL_WORDS * len(query.small_words & title.words) / len(query.small_words)
        score += TOGETHER * together[entry.id]
        in_title = {one.term for one in here if one.weight >= IN_TITLE * (one.way.likeness if one.way else 1)}
        negated = title.is_negated
        if query.is_negated:
            score *= NEGATED[negated]
        has_all = (negated or not query.is_negated) and all(term in in_title or term.is_asking for term in query.terms)
        # Who asks for a page by its title means that page.
        lift = max(1, entry.lift) if part == 1 and entry.kind == QUESTION else entry.lift
        one = Ranked(entry, score * lift, cover, part, bool(in_title), has_all, tuple(here))
        if entry.wording_of and part == cover == 1 and query.small_words:
            one = one._replace(is_verbatim=query.small_words <= title.words)
        ranked.append(one)
    ranked = _of_entries(reader, sorted(ranked, key=lambda one: (not one.is_verbatim, -one.score, one.entry.id)))
    all_known = len(terms) == len(query.terms)
    enough = [one for one in ranked if _is_enough(one, all_known=all_known)]
    return [one for one in enough if one.cover == 1 or one.score >= ENOUGH_SCORE * enough[0].score]


def _best_by_words(
    reader: IndexReader, found: Mapping[Term, Mapping[int, Found]], weights: Mapping[Term, float]
) -> list[int]:
    """The entries whose words count most, to look at more closely."""
    counts = {}
    for entry in set().union(*found.values()):
        of = reader.wordings.get(entry)
        here = ((term, _best(theirs, entry, of)) for term, theirs in found.items())
        counts[entry] = sum(weights[term] * best.weight for term, best in here if best)
    return heapq.nsmallest(MAX_RANKED, counts, key=lambda entry: (-counts[entry], entry))


def _best(found: Mapping[int, Found], entry: int, wording_of: int | None) -> Found | None:
    """Where the entry has a term at best; a wording also has what its entry has."""
    mine, its = found.get(entry), found.get(wording_of or 0)
    return its if mine is None or (its is not None and its.weight > mine.weight) else mine


def _of_entries(reader: IndexReader, ranked: list[Ranked]) -> list[Ranked]:
    """Each entry once, by the best of its wordings or by itself, in this order."""
    best: dict[int, Ranked] = {}
    for one in ranked:
        best.setdefault(one.entry.wording_of or one.entry.id, one)
    entries = {entry.id: entry for entry in reader.entries(best)}
    return [
        one._replace(entry=entries[key], wording=one.entry.title.text) if one.entry.wording_of else one
        for key, one in best.items()
    ]


def _is_enough(one: Ranked, *, all_known: bool) -> bool:
    """Whether it has so much of what was asked that it may be the answer. When there are words that no page has, those
    that are there must stand in titles: what a text mentions is not about it.
    """
    if not all_known and all(found.weight < IN_PAGE_TITLE for found in one.found):
        return False
    is_page = one.entry.kind == QUESTION and one.entry.title.text == one.entry.page_title
    return one.cover >= (ENOUGH_OF_TITLE if is_page and is_exact(one) else ENOUGH_WORDS)


def _places(reader: IndexReader, term: Term) -> dict[int, Found]:
    """Where the term stands in each entry that has it, at best."""
    best: dict[int, Found] = {}
    for way in term.ways:
        ways = [Found(term, counts * way.likeness, place, way) for place, counts in PLACES]
        for column, one in _columns(reader, way):
            at = _PLACE_OF[column]
            if one not in best or best[one].weight < ways[at].weight:
                best[one] = ways[at]
    if term.phrase_words:
        pieces = [_places(reader, piece) for piece in term.phrase_words]
        for one in set().union(*pieces):
            here = sum(piece[one].weight for piece in pieces if one in piece) / len(pieces) * PIECE
            if one not in best or best[one].weight < here:
                best[one] = Found(term, here, "", None)
    return best


def _columns(reader: IndexReader, way: Way) -> Iterable[tuple[str, int]]:
    """The columns that what is looked for stands in, each with the entry; the last for what stands in several."""
    if way.word:
        return reader.columns(way.word, way.stems)
    found: list[tuple[str, int]] = []
    columns, left = "", set(reader.ids(way.match))
    for place, _ in PLACES:
        columns += f" {place}"
        ids = left.intersection(reader.ids(f"{{{columns}}} : ({way.match})")) if left else ()
        left.difference_update(ids)
        found += [(place, one) for one in ids]
    return found


def _together(reader: IndexReader, terms: tuple[Term, ...]) -> defaultdict[int, float]:
    """Of the words that were typed beside each other, which part stands so in each entry."""
    found: defaultdict[int, float] = defaultdict(float)
    for one, other in pairwise(terms):
        near = [
            f'{columns}:NEAR("{left}" "{right}", {REACH})'
            for columns in ("title_stem", "text_stem")
            for left in one.stems
            for right in other.stems
        ]
        for entry in reader.ids(" OR ".join(near)) if near else ():
            found[entry] += 1 / (len(terms) - 1)
    return found


def _weight(reader: IndexReader, term: Term, entries: int) -> float:
    """What a term counts: the rarer the more."""
    rare = math.log(1 + reader.size / (entries or UNKNOWN))
    return (1 + rare) * (ASKING if term.is_asking else 1)


class _Title(NamedTuple):
    """The words of an entry's title, and what they count in another wording; of it and of each other name the major
    words, or else all; whether any of these says that something is not so.
    """

    words: frozenset[str]
    counts: Mapping[str, float]
    major: tuple[tuple[str, ...], ...]
    is_negated: bool


@lru_cache(4096)
def _read_title(lang: str, title: str, names: str) -> _Title:
    language = language_of(lang)
    every = [name.split() for name in (title, *names.split("\n"))]
    return _Title(
        frozenset(every[0]),
        {word: SMALL_WORD if word in language.stop_words else 1 for word in every[0]},
        tuple(
            tuple(word for word in words if word not in language.stop_words) or tuple(words) for words in every if words
        ),
        not all(language.negations.isdisjoint(words) for words in every),
    )


def _title_part(title: _Title, marked: frozenset[str], small: frozenset[str], *, is_wording: bool) -> float:
    """How much of the title, or of one of the other names, was asked for; of another wording with its small words,
    which may be all that tells it from others.
    """
    if is_wording:
        asked = title.counts.keys() & (marked | small)
        return round(sum(title.counts[word] for word in asked) / sum(title.counts.values()), 6)
    return max((len([word for word in major if word in marked]) / len(major) for major in title.major), default=0.0)


def is_exact(one: Ranked) -> bool:
    """Whether its whole title was asked for, in its own words."""
    return one.title_part == 1 and all(found.place == "title_word" for found in one.found)


def is_form(one: Ranked) -> bool:
    """Whether it is a form, not a question."""
    return one.entry.kind == FORM

"""Interpreting a query, word by word: what each word or phrase matches in the index, and spelling corrections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from selfservice.i18n.languages import language_of
from selfservice.search.index_reader import IndexReader
from selfservice.search.tokens import MIN_PART_LENGTH, MIN_REST_LENGTH, stems, tokens

MAX_WORDS = 10
MAX_PHRASE_WORDS = 3
MAX_SPLIT = 30


@dataclass(frozen=True)
class Term:
    """A word or phrase that was typed: what it matches (FTS5), and the words of the pages it marks, if any.

    `instead` is the word it was taken for, when the pages do not have what was typed; `pieces` are the words
    of a phrase.
    """

    typed: str
    match: str
    words: frozenset[str]
    corrected_to: str | None = None
    phrase_words: tuple[Term, ...] = ()


def interpret(reader: IndexReader, typed: str) -> list[Term]:
    """The terms that matter in what was typed: of its first ten words the major ones, else the minor ones."""
    words = tokens(typed)[:MAX_WORDS]
    forms = [reader.stems(stems(reader.lang, word)) for word in words]
    terms: list[Term] = []
    minor: list[Term] = []
    at = 0
    while at < len(words):
        size, term = _longest_phrase(reader, words, forms, at)
        idle = size == 1 and (words[at] in language_of(reader.lang).stop_words or len(words[at]) == 1)
        (minor if idle else terms).append(term)
        at += size
    return terms or minor


def match_all(terms: Iterable[Term]) -> str:
    """The FTS5 expression that matches every term."""
    return " AND ".join(f"({term.match})" for term in terms)


def match_any(terms: Iterable[Term]) -> str:
    """The FTS5 expression that matches at least one term."""
    return " OR ".join(f"({term.match})" for term in terms)


def with_phrase_words(terms: Iterable[Term]) -> list[Term]:
    """The terms, and the words of every phrase, for when the whole phrase finds nothing."""
    return [piece for term in terms for piece in (*term.phrase_words, term)]


def shorten_to_prefixes(reader: IndexReader, terms: Iterable[Term]) -> list[Term]:
    """For terms that find nothing: their longest prefix, of at least four letters, that words begin with."""
    found = []
    for term in terms:
        for length in range(len(term.typed) - 1, MIN_PART_LENGTH - 1, -1):
            head = term.typed[:length]
            words = reader.words(head, [], prefix=True)
            if words:
                found.append(Term(head, _match_expression(head, [], prefix=True), frozenset(words)))
                break
    return found


def _longest_phrase(reader: IndexReader, words: list[str], forms: list[list[str]], at: int) -> tuple[int, Term]:
    """The longest run of words from here that means something together, else the one word."""
    for size in range(min(MAX_PHRASE_WORDS, len(words) - at), 0, -1):
        run, last = words[at : at + size], at + size == len(words)
        known = [
            _known_word(reader, word, forms[at + i], prefix=last and i == size - 1)
            for i, word in enumerate(run)
            if size == 1 or word not in language_of(reader.lang).stop_words
        ]
        stemmed = " ".join(form[0] for form in forms[at : at + size])
        ways = [known] if known and all(term.words for term in known) else []
        ways += _synonyms(reader, run, stemmed)
        if last and not ways:
            # Only then the start of a synonym, or each letter of it would find something else.
            ways = _synonyms(reader, run, stemmed, prefix=True)
        if len(ways) > 1 or (ways and (size == 1 or ways[0] is not known)):
            return size, replace(_alternatives(" ".join(run), ways), phrase_words=tuple(known) if size > 1 else ())
    return 1, _unknown_word(reader, words[at])


def _synonyms(reader: IndexReader, run: list[str], stemmed: str, *, prefix: bool = False) -> list[list[Term]]:
    """The synonyms of the run, and the run written as one word (toegangs code)."""
    meanings = reader.meanings(stemmed, " ".join(run), prefix=prefix)
    if len(run) == 2 and reader.words("".join(run), [], prefix=False):
        meanings.append("".join(run))
    found = [_synonym_terms(reader, meaning) for meaning in meanings]
    return [way for way in found if way and all(term.words for term in way)]


def _known_word(reader: IndexReader, word: str, forms: list[str], *, prefix: bool) -> Term:
    return Term(
        word, _match_expression(word, forms, prefix=prefix), frozenset(reader.words(word, forms, prefix=prefix))
    )


def _synonym_terms(reader: IndexReader, text: str) -> list[Term]:
    words = tokens(text)
    major = [word for word in words if word not in language_of(reader.lang).stop_words]
    return [_word(reader, word) for word in major or words]


def _word(reader: IndexReader, word: str) -> Term:
    return _known_word(reader, word, reader.stems(stems(reader.lang, word)), prefix=False)


def _unknown_word(reader: IndexReader, word: str) -> Term:
    """A word that the pages do not have: part of a compound, two words in one, or misspelt."""
    lang = reader.lang
    if language_of(lang).has_compounds and len(word) >= MIN_PART_LENGTH:
        forms = tuple({form for form in (word, *stems(lang, word)) if len(form) >= MIN_PART_LENGTH})
        holding = reader.vocabulary.compounds_with(forms, MIN_REST_LENGTH)
        if holding:
            return Term(
                word, " OR ".join(_match_expression(one, [], prefix=False) for one in holding), frozenset(holding)
            )
    for cut in range(3, min(len(word) - 2, MAX_SPLIT)):
        two = [_word(reader, word[:cut]), _word(reader, word[cut:])]
        if all(term.words for term in two):
            return _alternatives(word, [two])
    nearest = reader.vocabulary.nearest(word)
    nothing = Term(word, _match_expression(word, [], prefix=False), frozenset())
    # The nearest may be the word itself: one that only the synonyms have.
    if nearest is None or nearest == word:
        return nothing
    found = _longest_phrase(reader, [nearest], [reader.stems(stems(lang, nearest))], 0)[1]
    return replace(found, typed=word, corrected_to=reader.usual_spelling(nearest)) if found.words else nothing


def _alternatives(typed: str, ways: list[list[Term]]) -> Term:
    return Term(
        typed,
        " OR ".join(f"({match_all(way)})" for way in ways),
        frozenset().union(*(term.words for way in ways for term in way)),
    )


def _match_expression(word: str, stems: list[str], *, prefix: bool) -> str:
    """One word in FTS5's language. It holds letters and digits only, so that quotes make it harmless."""
    star = [f'{column}:"{word}"*' for column in ("title_word", "text_word")] if prefix else []
    plain = [f'{column}:"{word}"' for column in ("title_word", "text_word")]
    columns = ("title_stem", "page_stem", "text_stem", "title_part", "text_part")
    return " OR ".join(plain + star + [f'{column}:"{stem}"' for stem in stems for column in columns])

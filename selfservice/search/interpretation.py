"""Interpreting a query, word by word: what each word or phrase matches in the index, and spelling corrections."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

from selfservice.i18n.languages import language_of
from selfservice.search.index_reader import IndexReader
from selfservice.search.tokens import MIN_PART_LENGTH, MIN_REST_LENGTH, stems, tokens

MAX_WORDS = 12
MAX_WORD_LENGTH = 40  # of a longer one the beginning counts: no page has it
MAX_PHRASE_WORDS = 4
MAX_SPLIT = 30
# How far the two parts of a verb may stand from each other: "vraag ik een toegangscode aan".
VERB_REACH = 8
# What a way to read a word counts, against the word itself.
LIKENESS = {"word": 1.0, "verb": 0.95, "synonym": 0.9, "joined": 0.9, "start": 0.7, "part": 0.7}
CORRECTED = 0.9
_PHONE = re.compile(r"(?<![\w.])\+?\d(?:[ ./()-]{0,2}\d){7,}(?!\w)")


@dataclass(frozen=True, eq=False)
class Way:
    """One way to read what was typed: what it matches (FTS5), the words of the pages it marks, how it came about. One
    that is a single `word` says which, with its `stems`.
    """

    how: str
    match: str
    words: frozenset[str]
    likeness: float
    meaning: str = ""
    word: str = ""
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Term:
    """A word or phrase that was typed, and the ways to read it: none when the pages have nothing like it.

    `corrected_to` is the word it was taken for; `phrase_words` are the words of a phrase; `stems` those of one word. A
    page need not have an `is_asking` term. Of an `is_nothing` term somebody said that the pages have nothing about it.
    """

    typed: str
    ways: tuple[Way, ...] = ()
    corrected_to: str | None = None
    phrase_words: tuple[Term, ...] = ()
    is_asking: bool = False
    stems: tuple[str, ...] = ()
    is_nothing: bool = False

    @property
    def words(self) -> frozenset[str]:
        """The words of the pages that it marks."""
        return frozenset().union(*(way.words for way in self.ways))


@dataclass(frozen=True)
class Interpretation:
    """The terms that matter in what was typed, the small words beside them, and whether it says that something is not
    so.
    """

    terms: tuple[Term, ...]
    small_words: frozenset[str] = frozenset()
    is_negated: bool = False


def interpret(reader: IndexReader, typed: str) -> Interpretation:
    """What was typed, by its first twelve words: the major ones are terms; the minor ones when there are no others."""
    language = language_of(reader.lang)
    written = tokens(_with_known_phones(reader, typed))[:MAX_WORDS]
    words = join_verbs(reader, [word[:MAX_WORD_LENGTH] for word in written])
    forms = [reader.stems(stems(reader.lang, word)) for word in words]
    terms: list[Term] = []
    minor: list[Term] = []
    at = 0
    while at < len(words):
        size, term = _longest_phrase(reader, words, forms, at)
        idle = size == 1 and (words[at] in language.stop_words or (len(words[at]) == 1 and words[at].isalpha()))
        (minor if idle else terms).append(term)
        at += size
    if all(term.is_asking for term in terms) or not language.negations.isdisjoint(words):
        # "Does not work" asks for what does not work.
        terms = [replace(term, is_asking=not term.ways) if term.is_asking else term for term in terms]
    small = frozenset(term.typed for term in minor) if terms else frozenset()
    # A word that is typed twice is asked for once.
    terms = list({term.typed: term for term in terms or minor}.values())
    meant = [word for term in terms for way in term.ways for word in tokens(way.meaning)]
    return Interpretation(tuple(terms), small, not language.negations.isdisjoint([*words, *meant]))


def join_verbs(reader: IndexReader, words: list[str]) -> list[str]:
    """The words, with a verb and its particle as one where the pages know that: `hoe vraag ik digid aan`.

    Elsewhere than at the end, or beside its verb, such a word is mostly something else: `hoe kom ik aan een code`.
    """
    language = language_of(reader.lang)
    joined = list(words)
    for at in range(len(joined) - 1, -1, -1):
        if joined[at] not in language.particles:
            continue
        before = range(at - 1, -1 if at == len(joined) - 1 else max(-1, at - 2), -1)
        for verb in (*before, *range(at + 1, min(at + 3, len(joined)))):
            whole = joined[at] + joined[verb]
            if joined[verb] in language.stop_words or not reader.words(
                whole, reader.stems(stems(reader.lang, whole)), prefix=False
            ):
                continue
            joined[verb] = whole
            del joined[at]
            break
    return joined


def any_of(ways: Iterable[Way]) -> str:
    """The FTS5 expression that matches in at least one of these ways."""
    return " OR ".join(f"({way.match})" for way in ways)


def shorten_to_prefixes(reader: IndexReader, terms: Iterable[Term]) -> list[Term]:
    """For terms that find nothing: their longest prefix that words begin with, of at least six letters and nearly half
    of them.
    """
    found = []
    for term in terms:
        if term.is_nothing:
            continue
        for length in range(len(term.typed) - 1, max(5, int(len(term.typed) * 0.45) - 1), -1):
            head = term.typed[:length]
            words = reader.words(head, [], prefix=True)
            if words:
                found.append(Term(head, (_way("start", head, [], words, prefix=True),)))
                break
    return found


def _with_known_phones(reader: IndexReader, typed: str) -> str:
    """What was typed, with the telephone numbers of the pages as one word each, however they are written."""

    def known(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0].replace("(0)", "")).lstrip("0")
        return reader.phone(digits) or match[0]

    return _PHONE.sub(known, typed)


def _longest_phrase(reader: IndexReader, words: list[str], forms: list[list[str]], at: int) -> tuple[int, Term]:
    """The longest run of words from here that means something together, else the one word."""
    language = language_of(reader.lang)
    for size in range(min(MAX_PHRASE_WORDS, len(words) - at), 0, -1):
        run, last = words[at : at + size], at + size == len(words)
        stemmed = " ".join(form[0] for form in forms[at : at + size])
        meanings = reader.meanings(stemmed, " ".join(run), prefix=False)
        if "" in meanings:
            return size, Term(" ".join(run), is_nothing=True)
        ways = list(_synonyms(reader, run, meanings))
        pieces = [
            Term(word, tuple(_word_ways(reader, word, forms[at + i], prefix=last and i == size - 1)))
            for i, word in enumerate(run)
            if size == 1 or word not in language.stop_words
        ]
        is_known = bool(pieces) and all(piece.ways for piece in pieces)
        if last and not ways and not is_known:
            # Only then the start of a synonym, or each letter of it would find something else.
            ways = list(_synonyms(reader, run, reader.meanings(stemmed, " ".join(run), prefix=True)))
        if size == 1 and (is_known or ways):
            ways = [*pieces[0].ways, *ways]
            return 1, Term(run[0], tuple(ways), is_asking=_is_asking(reader.lang, run[0]), stems=tuple(forms[at]))
        if not ways:
            continue
        if is_known:
            ways.insert(0, _together("word", pieces))
        asking = all(word in language.stop_words or _is_asking(reader.lang, word) for word in run)
        asking = asking and language.negations.isdisjoint(run)
        return size, Term(" ".join(run), tuple(ways), phrase_words=tuple(pieces), is_asking=asking)
    if reader.phone(words[at]):
        return 1, Term(words[at], (Way("phone", f'text_word:"{words[at]}"', frozenset(), LIKENESS["word"]),))
    return 1, replace(
        _unknown_word(reader, words[at], is_last=at + 1 == len(words)), is_asking=_is_asking(reader.lang, words[at])
    )


@cache
def _asking_stems(lang: str) -> frozenset[str]:
    return frozenset(stem for word in language_of(lang).asking_words for stem in (word, *stems(lang, word)))


def _is_asking(lang: str, word: str) -> bool:
    """Whether the word, in any form, is how people ask."""
    return not _asking_stems(lang).isdisjoint((word, *stems(lang, word)))


def _synonyms(reader: IndexReader, run: list[str], meanings: list[str]) -> Iterator[Way]:
    """The synonyms of the run, and the run written as one word (toegangs code)."""
    language = language_of(reader.lang)
    for how, meaning in [*(("synonym", meaning) for meaning in meanings), ("joined", "".join(run))]:
        # "met een" is not "meteen".
        if how == "joined" and (
            len(run) != 2 or language.stop_words.issuperset(run) or not reader.words(meaning, [], prefix=False)
        ):
            continue
        words = tokens(meaning)
        # "krijg geen" is not "krijg".
        major = [word for word in words if word not in language.stop_words - language.negations]
        terms = [_word(reader, word) for word in major or words]
        if terms and all(term.ways for term in terms):
            yield _together(how, terms, meaning)


def _word(reader: IndexReader, word: str) -> Term:
    return Term(word, tuple(_word_ways(reader, word, reader.stems(stems(reader.lang, word)), prefix=False)))


def _half(reader: IndexReader, word: str) -> Term:
    """A part of a word that no page has as a whole: a word of the pages, or one with a synonym."""
    if len(word) <= MIN_PART_LENGTH and not reader.words(word, [], prefix=False):
        return Term(word)  # a form of a short word is a part of anything
    found = _word(reader, word)
    # A verb whose parts stand apart is no part of a word.
    if ways := tuple(way for way in found.ways if way.how == "word"):
        return replace(found, ways=ways)
    meanings = reader.meanings(reader.stems(stems(reader.lang, word))[0], word, prefix=False)
    return Term(word, tuple(_synonyms(reader, [word], meanings)))


def _word_ways(reader: IndexReader, word: str, forms: list[str], *, prefix: bool) -> Iterator[Way]:
    """A word that the pages have, what begins with it, and a verb whose particle stands apart from it."""
    whole = reader.words(word, forms, prefix=False)
    if whole:
        yield _way("word", word, forms, whole)
    if prefix and (more := reader.words(word, [], prefix=True) - whole):
        yield _way("start", word, [], more, prefix=True)
    yield from _parted_verbs(reader, word)


def _parted_verbs(reader: IndexReader, word: str) -> Iterator[Way]:
    """`aanvragen` as "vraag … aan"."""
    seen = set()
    for form in (word, *stems(reader.lang, word)):
        for particle in language_of(reader.lang).particles:
            rest = form.removeprefix(particle)
            if rest == form or len(rest) < MIN_REST_LENGTH:
                continue
            verbs = reader.stems(stems(reader.lang, rest))
            apart = reader.stems(stems(reader.lang, particle))[0]
            if (verbs[0], apart) not in seen and (words := reader.words(rest, verbs, prefix=False)):
                seen.add((verbs[0], apart))
                near = f'NEAR("{verbs[0]}" "{apart}", {VERB_REACH})'
                match = " OR ".join(f"{column}:{near}" for column in ("title_stem", "name_stem", "text_stem"))
                yield Way("verb", match, frozenset(words), LIKENESS["verb"], f"{rest} … {particle}")


def _unknown_word(reader: IndexReader, word: str, *, is_last: bool) -> Term:
    """A word that the pages do not have: part of a compound, two words in one, or misspelt. The last may be half."""
    lang = reader.lang
    if language_of(lang).has_compounds and len(word) >= MIN_PART_LENGTH:
        forms = tuple({form for form in (word, *stems(lang, word)) if len(form) >= MIN_PART_LENGTH})
        holding = reader.vocabulary.compounds_with(forms, MIN_REST_LENGTH)
        # "digd" is rather DigiD than a part of "beschadigd".
        slip = reader.vocabulary.nearest(word) if len(word) == MIN_PART_LENGTH else None
        if holding and not (slip and reader.vocabulary.is_used_more(slip, holding)):
            match = " OR ".join(_match_expression(one, [], prefix=False) for one in holding)
            return Term(word, (Way("part", match, frozenset(holding), LIKENESS["part"], ", ".join(holding)),))
    for cut in range(3, min(len(word) - 2, MAX_SPLIT)):
        # A compound may have an s between its parts.
        for left in dict.fromkeys((word[:cut], word[:cut].removesuffix("s"))):
            halves = [left, word[cut:]]
            if min(map(len, halves)) < MIN_REST_LENGTH:
                continue
            # Nearly all cuts have no first half, and then the second need not be looked for.
            two = list(takewhile(lambda term: term.ways, (_half(reader, half) for half in halves)))
            if len(two) == len(halves):
                size, phrase = _longest_phrase(reader, halves, [reader.stems(stems(lang, half)) for half in halves], 0)
                if size == len(halves):
                    return replace(phrase, typed=word)
                return Term(word, (_together("joined", two, " ".join(halves)),))
    nearest = reader.vocabulary.nearest(word) or (reader.vocabulary.nearest_start(word) if is_last else None)
    # The nearest may be the word itself: one that only the synonyms have.
    if nearest is None or nearest == word:
        return Term(word)
    found = _longest_phrase(reader, [nearest], [reader.stems(stems(lang, nearest))], 0)[1]
    ways = tuple(replace(way, likeness=way.likeness * CORRECTED) for way in found.ways)
    return replace(found, typed=word, ways=ways, corrected_to=reader.usual_spelling(nearest)) if ways else Term(word)


def _together(how: str, terms: Collection[Term], meaning: str = "") -> Way:
    """All of these terms."""
    match = " AND ".join(f"({any_of(term.ways)})" for term in terms)
    return Way(how, match, frozenset().union(*(term.words for term in terms)), LIKENESS[how], meaning)


def _way(how: str, word: str, forms: list[str], words: Iterable[str], *, prefix: bool = False) -> Way:
    way = Way(how, _match_expression(word, forms, prefix=prefix), frozenset(words), LIKENESS[how])
    return way if prefix else replace(way, word=word, stems=tuple(forms))


def _match_expression(word: str, stems: list[str], *, prefix: bool) -> str:
    """One word in FTS5's language. It holds letters and digits only, so that quotes make it harmless."""
    star = "*" if prefix else ""
    plain = [f'{column}:"{word}"{star}' for column in ("title_word", "text_word")]
    columns = ("title_stem", "name_stem", "page_stem", "text_stem", "title_part", "text_part")
    return " OR ".join(plain + [f'{column}:"{stem}"' for stem in stems for column in columns])

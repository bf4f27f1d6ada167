"""Tokens of indexed and typed texts: words, folded, stemmed and split into compound parts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

import snowballstemmer

from selfservice.i18n.languages import LANGUAGES, language_of

# Snowball does not know every language: words are then what they are.
_ALGORITHMS = set(snowballstemmer.algorithms())
_STEMMERS = {
    code: [snowballstemmer.stemmer(name) for name in language_of(code).stemmers if name in _ALGORITHMS]
    for code in LANGUAGES
}
MIN_PART_LENGTH = 4
MIN_REST_LENGTH = 3

# A run of letters and digits; a single letter before or after it belongs to it (e-mail, foto's, can't), other
# pieces of a word with a hyphen are words (BSN-nummer).
_WORD = re.compile(r"(?:[^\W_]['’‐‑-])?[^\W_]+(?:['’‐‑-][^\W_](?![^\W_]))?")


def word_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end of each word, and the word as it is written, in order."""
    return ((match.start(), match.end(), match[0]) for match in _WORD.finditer(text))


def written_words(text: str) -> list[str]:
    """The words of a text as they are written, in order."""
    return _WORD.findall(text)


def tokens(text: str) -> list[str]:
    """The folded words of a text, in order. A word of nothing but marks folds to nothing, and is left out."""
    return [word for word in map(fold, _WORD.findall(text)) if word]


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """The word without case, accents and compatibility forms: `Privé` is `prive`."""
    if word.isascii() and word.isalnum():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in plain if char.isalnum())


@lru_cache(maxsize=1 << 16)
def stems(lang: str, word: str) -> tuple[str, ...]:
    """The stems of a folded word by each of the language's stemmers, without duplicates."""
    if len(word) <= 3 or not word.isalpha():
        return (word,)
    found = [stemmer.stemWord(word) for stemmer in _STEMMERS[lang]]
    return tuple(dict.fromkeys(found)) or (word,)


def compound_parts(word: str, heads: Collection[str], tails: Collection[str]) -> list[str]:
    """The heads that a compound begins with, the tails that it ends with: `jaarrekening` has `rekening`."""
    cuts = range(MIN_PART_LENGTH, len(word) - MIN_REST_LENGTH + 1)
    first = [word[:cut] for cut in cuts if word[:cut] in heads]
    return first + [word[-cut:] for cut in cuts if word[-cut:] in tails]

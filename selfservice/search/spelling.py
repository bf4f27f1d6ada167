"""Spelling correction: the nearest word that the pages contain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

# Fewer letters with a slip in them are the start of anything.
MIN_START_LENGTH = 6


def edit_distance(a: str, b: str, limit: int, *, is_start: bool = False) -> int:
    """How many letters were added, left out, changed or swapped with their neighbour (Damerau, restricted).

    Anything over `limit` is given as limit + 1. With `is_start`, how far `a` is from the nearest start of `b`.
    """
    if is_start:
        b = b[: len(a) + limit]
    elif abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(min(row) if is_start else row[-1], limit + 1)


def letter_bits(word: str) -> int:
    """Which letters a word has, once and twice, as a set of bits. One edit changes at most two of them."""
    bits = 0
    for char in word:
        bit = 1 << (ord(char) % 37)
        bits |= bit << 37 if bits & bit else bit
    return bits


def max_edits(word: str) -> int:
    """The edits to allow in a word: none in one of three letters or a number, two from nine letters on."""
    if len(word) < 4 or not word.isalpha():
        return 0
    return 1 if len(word) < 9 else 2


class Vocabulary:
    """The words of the pages in one language, each with how often it occurs."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        self._by_length: defaultdict[int, list[tuple[str, int, int]]] = defaultdict(list)
        for word, count in words:
            if len(word) > 2 and word.isalpha():
                self._by_length[len(word)].append((word, letter_bits(word), count))

    def compounds_with(self, forms: tuple[str, ...], rest: int, limit: int = 20) -> list[str]:
        """The most used words that begin or end with one of these forms and have `rest` letters more."""
        short = min(map(len, forms)) + rest
        found = [
            (-count, word)
            for length, words in self._by_length.items()
            if length >= short
            for word, _, count in words
            if count and (word.startswith(forms) or word.endswith(forms))
        ]
        return [word for _, word in sorted(found)[:limit]]

    def nearest(self, word: str) -> str | None:
        """The known word within `max_edits`: the nearest, then of the same first letter, then most used.

        Two letters may be left out of a shorter word too: `wachtwrd`.
        """
        limit = max_edits(word)
        bits, best = letter_bits(word), None
        if not limit:
            return None
        for length in range(len(word) - limit, len(word) + max(limit, 2) + 1):
            for known, known_bits, count in self._by_length.get(length, ()):
                # The letters alone rule out nearly all words, at a fraction of what the distance costs.
                if (bits ^ known_bits).bit_count() > 2 * limit:
                    continue
                slips = edit_distance(word, known, limit)
                if slips <= limit or (len(word) >= MIN_START_LENGTH and _is_shortened(word, known)):
                    key = (slips, known[0] != word[0], -count, known)
                    best = key if best is None else min(best, key)
        return best[-1] if best else None

    def is_used_more(self, word: str, others: Collection[str]) -> bool:
        """Whether the word occurs more often than each of the others."""
        counts = {known: count for words in self._by_length.values() for known, _, count in words}
        return counts[word] > max(counts[other] for other in others)

    def nearest_start(self, word: str) -> str | None:
        """The most used word that begins with this one but for one slip, after a first letter that is right."""
        best = None
        for length, words in self._by_length.items():
            if not MIN_START_LENGTH <= len(word) < length:
                continue
            for known, _, count in words:
                if count and known[0] == word[0] and edit_distance(word, known, 1, is_start=True) <= 1:
                    best = min(best or (-count, known), (-count, known))
        return best[-1] if best else None


def _is_shortened(word: str, known: str) -> bool:
    """Whether it is the known word with letters left out, but for the first and the last."""
    rest = iter(known)
    return known[0] == word[0] and known[-1] == word[-1] and all(char in rest for char in word)

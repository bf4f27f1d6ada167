"""Which words of a text matched, as pieces that a template can escape and mark."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from selfservice.search.tokens import fold, spans

Parts = list[tuple[str, bool]]
Span = tuple[int, int, str]
LENGTH = 180
LEAD = 40


class Read(NamedTuple):
    """A text with its folded words, a space between.

    The index keeps both, since finding the words of a text anew takes longer than all the rest of a search.
    """

    text: str
    words: str

    def find(self, words: frozenset[str]) -> list[Span]:
        """Where the text has one of these words, in order, and which."""
        mine = self.words.split()
        common = words.intersection(mine)
        if not common:
            return []
        expected = len([word for word in mine if word in common])
        literal = _literal(self.text, common)
        # Accents and hyphens are not in a folded word; then every word is looked at.
        if len(literal) == expected:
            return literal
        return [(start, end, word) for start, end, form in spans(self.text) if (word := fold(form)) in common]


def _literal(text: str, words: frozenset[str]) -> list[Span]:
    found, lower = [], text.lower()
    for word in words:
        start = lower.find(word)
        while start >= 0:
            end = start + len(word)
            if not (lower[start - 1 : start].isalnum() or lower[end : end + 1].isalnum()):
                found.append((start, end, word))
            start = lower.find(word, end)
    # One capital, İ, is two characters in lower case, and moves all that follows.
    return sorted(found) if len(lower) == len(text) else []


def mark(read: Read, words: frozenset[str]) -> Parts:
    """The whole text in pieces, each with whether it is one of the (folded) words."""
    return _cut(read.text, read.find(words), 0, len(read.text))


def snippet(read: Read, words: frozenset[str], length: int = LENGTH) -> Parts:
    """About `length` characters of the text, marked, from where most of the words stand together."""
    text, found = read.text, read.find(words)
    if len(text) <= length:
        return _cut(text, found, 0, len(text))
    first = _begin(text, _densest(found, length - LEAD))
    last = len(text)
    if first + length < last:
        space = text.rfind(" ", first, first + length)
        # A word longer than the snippet has no space to end at.
        last = space if space > first else first + length
    before, after = [("… ", False)] * (first > 0), [(" …", False)] * (last < len(text))
    return before + _cut(text, found, first, last) + after


def _densest(found: list[Span], length: int) -> int:
    """The start of the (first) stretch with most different words."""
    best, most = 0, 0
    for i, (first, _, _) in enumerate(found):
        stop = bisect_left(found, (first + length,))
        different = len({word for _, _, word in found[i:stop]})
        if different > most:
            best, most = first, different
    return best


def _begin(text: str, start: int) -> int:
    """A place just before this one: where a sentence starts if one is near, else a word."""
    if start <= LEAD:
        return 0
    sentence = max(text.rfind(stop, start - LEAD, start) for stop in (". ", "? ", "! "))
    if sentence >= 0:
        return sentence + 2
    return text.find(" ", start - LEAD, start) + 1 or start


def _cut(text: str, found: list[Span], first: int, last: int) -> Parts:
    pieces: Parts = []
    at = first
    for start, end, _ in found:
        if start >= at and end <= last:
            if start > at:
                pieces.append((text[at:start], False))
            pieces.append((text[start:end], True))
            at = end
    if at < last:
        pieces.append((text[at:last], False))
    return pieces

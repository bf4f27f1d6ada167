"""Highlighting: a text split into pieces that matched and pieces that did not, for templates to escape and mark."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from selfservice.search.tokens import fold, word_spans

HighlightedText = list[tuple[str, bool]]
Span = tuple[int, int, str]
SNIPPET_LENGTH = 180
SNIPPET_LEAD = 40


class FoldedText(NamedTuple):
    """A text with its folded words, separated by spaces.

    The index stores both, since splitting and folding a text takes longer than all the rest of a search.
    """

    text: str
    words: str

    def find(self, words: frozenset[str]) -> list[Span]:
        """The spans of the text that match one of these words, in order."""
        mine = self.words.split()
        common = words.intersection(mine)
        if not common:
            return []
        expected = len([word for word in mine if word in common])
        literal = _find_literally(self.text, common)
        # Accents and hyphens are not in a folded word; then every word is looked at.
        if len(literal) == expected:
            return literal
        return [(start, end, word) for start, end, form in word_spans(self.text) if (word := fold(form)) in common]


def _find_literally(text: str, words: frozenset[str]) -> list[Span]:
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


def highlight(read: FoldedText, words: frozenset[str]) -> HighlightedText:
    """The whole text in pieces, each with whether it is one of the (folded) words."""
    return _split_at_matches(read.text, read.find(words), 0, len(read.text))


def snippet(read: FoldedText, words: frozenset[str], length: int = SNIPPET_LENGTH) -> HighlightedText:
    """About `length` characters of the text, marked, from where most of the words stand together."""
    text, found = read.text, read.find(words)
    if len(text) <= length:
        return _split_at_matches(text, found, 0, len(text))
    first = _natural_start(text, _densest_start(found, length - SNIPPET_LEAD))
    last = len(text)
    if first + length < last:
        space = text.rfind(" ", first, first + length)
        # A word longer than the snippet has no space to end at.
        last = space if space > first else first + length
    before, after = [("… ", False)] * (first > 0), [(" …", False)] * (last < len(text))
    return before + _split_at_matches(text, found, first, last) + after


def _densest_start(found: list[Span], length: int) -> int:
    """The start of the (first) stretch with most different words."""
    best, most = 0, 0
    for i, (first, _, _) in enumerate(found):
        stop = bisect_left(found, (first + length,))
        different = len({word for _, _, word in found[i:stop]})
        if different > most:
            best, most = first, different
    return best


def _natural_start(text: str, start: int) -> int:
    """A position just before `start`: the start of a sentence if one is near, else of a word."""
    if start <= SNIPPET_LEAD:
        return 0
    sentence = max(text.rfind(stop, start - SNIPPET_LEAD, start) for stop in (". ", "? ", "! "))
    if sentence >= 0:
        return sentence + 2
    return text.find(" ", start - SNIPPET_LEAD, start) + 1 or start


def _split_at_matches(text: str, found: list[Span], first: int, last: int) -> HighlightedText:
    pieces: HighlightedText = []
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

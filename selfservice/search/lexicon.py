"""The words of one language's questions: their counts, stems and compounds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain

from selfservice.i18n.languages import language_of
from selfservice.search.tokens import MIN_PART_LENGTH, compound_parts, fold, stems, written_words

PieceNumbers = tuple[int, ...]
"""A text as the numbers of what stands between its spaces: a word mostly, with a comma perhaps, or several."""


class _Numbers(dict[str, int]):
    """Numbers its keys from 0, a new one when it is asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


class Lexicon:
    """Filled with `add_text` and `add_words`, then `group_words` once; after that `indexed_words` gives what is
    indexed.

    Texts repeat themselves: each piece is taken apart once, not each time that it occurs. As no word has a space in it,
    the words of the pieces are those of the text.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.stem: dict[str, str] = {}
        self.endings: dict[str, str] = {}
        self.parts: dict[str, list[str]] = {}
        self._numbers = _Numbers()
        self._counts: Counter[int] = Counter()
        self._forms: Counter[str] = Counter()
        # By number: the folded words and their stems, each after a space; for the few that have them, the compounds, by
        # numbers of their own, in the order of the words.
        self._words: list[str] = []
        self._stems: list[str] = []
        self._compounds: dict[int, list[int]] = {}
        self._inside: list[str] = []

    def add_text(self, text: str) -> PieceNumbers:
        """Add a text; returns its pieces for `indexed_words`."""
        pieces = tuple(map(self._numbers.__getitem__, text.split()))
        self._counts.update(pieces)
        return pieces

    def add_words(self, words: list[str]) -> None:
        """Add words that visitors type, such as synonyms, which the pages need not contain."""
        for word in words:
            self._forms.setdefault(word, 0)

    def group_words(self) -> None:
        """Group the words with a common stem, and find the compounds."""
        folded: list[list[str]] = []
        for piece, number in self._numbers.items():
            forms = written_words(piece)
            for form in forms:
                self._forms[form] += self._counts[number]
            folded.append([word for word in map(fold, forms) if word])
        words = {word for word in map(fold, self._forms) if word}
        found = {word: stems(self.lang, word) for word in sorted(words)}
        self._join_stems(found)
        if language_of(self.lang).has_compounds:
            self._find_compounds(found)
        self._inside = [" ".join(inside) for inside in self.parts.values()]
        self._words = ["".join(f" {word}" for word in words) for words in folded]
        self._stems = ["".join(f" {self.stem[word]}" for word in words) for words in folded]
        known = {word: number for number, word in enumerate(self.parts)}
        compounds = ((number, [known[word] for word in words if word in known]) for number, words in enumerate(folded))
        self._compounds = {number: theirs for number, theirs in compounds if theirs}

    def _find_compounds(self, found: dict[str, tuple[str, ...]]) -> None:
        # A stem, too, may be a tail (jaarrekeningen), but a short one is the tail of anything.
        tails = self.stem | {form: stem for form, stem in self.endings.items() if len(form) > MIN_PART_LENGTH}
        minor = {self.stem[word] for word in language_of(self.lang).stop_words & found.keys()}
        for word, forms in found.items():
            inside = {tails[part] for form in forms for part in compound_parts(form, (), tails)}
            inside |= {self.stem[part] for part in compound_parts(word, self.stem, self.stem)}
            inside -= minor | {self.stem[word]}
            if inside:
                self.parts[word] = sorted(inside)

    def _join_stems(self, found: dict[str, tuple[str, ...]]) -> None:
        # Two words are one when any stemmer says so; the first form of a group stands for all of it.
        for word, forms in found.items():
            groups = sorted({self._root(form) for form in forms})
            for form in (*forms, *groups):
                self.endings[form] = groups[0]
            self.stem[word] = groups[0]
        self.endings = {form: self._root(form) for form in self.endings}
        self.stem = {word: self._root(form) for word, form in self.stem.items()}

    def _root(self, form: str) -> str:
        while self.endings.get(form, form) != form:
            form = self.endings[form]
        return form

    def indexed_words(self, pieces: PieceNumbers) -> tuple[str, str, str]:
        """The words of a text, their stems, and the stems inside its compounds, for the index."""
        words = "".join(map(self._words.__getitem__, pieces))
        theirs = "".join(map(self._stems.__getitem__, pieces))
        compounds = set(chain.from_iterable(map(self._compounds.__getitem__, self._compounds.keys() & pieces)))
        return words[1:], theirs[1:], " ".join(map(self._inside.__getitem__, sorted(compounds)))

    def word_rows(self) -> Iterator[tuple[str, str, int, str]]:
        """Rows of word, stem, count and usual spelling: the most frequent one, or the most frequent with a
        capital inside (DigiD, KVK), since visitors, whose wordings count too, type such a name without.
        """
        spellings: defaultdict[str, list[tuple[bool, int, bool, str]]] = defaultdict(list)
        for form, count in self._forms.items():
            is_name = form[1:] != form[1:].lower()
            spellings[fold(form)].append((is_name, count, form.islower(), form))
        spellings.pop("", None)
        for word, forms in sorted(spellings.items()):
            yield word, self.stem[word], sum(count for _, count, _, _ in forms), max(forms)[3]

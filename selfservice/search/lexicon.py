"""The words of one language's questions: how often they occur, which belong together, which hold another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from selfservice.search.marks import Read
from selfservice.search.stopwords import STOPWORDS
from selfservice.search.words import COMPOUNDING, PART_LENGTH, fold, parts, stems, written


class Lexicon:
    """Filled with `read`, then `settle`d once; after that `columns` says what of a text is indexed."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.stem: dict[str, str] = {}
        self.endings: dict[str, str] = {}
        self.parts: dict[str, list[str]] = {}
        self._forms: Counter[str] = Counter()

    def read(self, text: str) -> Read:
        """Take in a text, and give it with its words."""
        forms = written(text)
        self._forms.update(forms)
        return Read(text, " ".join(filter(None, map(fold, forms))))

    def know(self, words: list[str]) -> None:
        """Take in words that visitors type and the pages need not have."""
        for word in words:
            self._forms.setdefault(word, 0)

    def settle(self) -> None:
        """Put together the words with a common stem, and find the compounds."""
        words = {word for word in map(fold, self._forms) if word}
        self._join_stems(sorted(words))
        if self.lang not in COMPOUNDING:
            return
        # A stem, too, may be a tail (jaarrekeningen), but a short one is the tail of anything.
        tails = self.stem | {form: stem for form, stem in self.endings.items() if len(form) > PART_LENGTH}
        minor = {self.stem[word] for word in STOPWORDS[self.lang] & words}
        for word in words:
            inside = {tails[part] for form in stems(self.lang, word) for part in parts(form, (), tails)}
            inside |= {self.stem[part] for part in parts(word, self.stem, self.stem)}
            inside -= minor | {self.stem[word]}
            if inside:
                self.parts[word] = sorted(inside)

    def _join_stems(self, words: list[str]) -> None:
        # Two words are one when any stemmer says so; the first form of a group stands for all of it.
        for word in words:
            forms = stems(self.lang, word)
            groups = sorted({self._group(form) for form in forms})
            for form in (*forms, *groups):
                self.endings[form] = groups[0]
            self.stem[word] = groups[0]
        self.endings = {form: self._group(form) for form in self.endings}
        self.stem = {word: self._group(form) for word, form in self.stem.items()}

    def _group(self, form: str) -> str:
        while self.endings.get(form, form) != form:
            form = self.endings[form]
        return form

    def columns(self, read: Read) -> tuple[str, str, str]:
        """The words of a text, their stems, and the stems inside its compounds, for the index."""
        words = read.words.split()
        compounds = sorted(self.parts.keys() & set(words))
        inside = [stem for word in compounds for stem in self.parts[word]]
        return read.words, " ".join(map(self.stem.__getitem__, words)), " ".join(inside)

    def rows(self) -> Iterator[tuple[str, str, str, int, str]]:
        """Language, word, stem, how often, and the way it is mostly written."""
        spellings: defaultdict[str, list[tuple[int, bool, str]]] = defaultdict(list)
        for form, count in self._forms.items():
            spellings[fold(form)].append((count, form.islower(), form))
        spellings.pop("", None)
        for word, forms in spellings.items():
            yield self.lang, word, self.stem[word], sum(count for count, _, _ in forms), max(forms)[2]

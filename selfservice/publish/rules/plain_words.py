"""Plain words: which texts of the owner's are long, stiff, or call a thing by another name than the rest of the site.

All of it is advice: a warning where it is nearly always right, and nothing where it is not sure.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from babel import Locale

from selfservice.facts.facts import Facts
from selfservice.facts.file import FileError, load_toml, read_text
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES, language_of, using_language
from selfservice.problems import ProblemError
from selfservice.publish.reading.markdown import ANY_FACT, MARKDOWN, Document, Problem
from selfservice.site_config import FILE
from selfservice.web.labels import LabelError
from selfservice.web.pages import fill_facts

OWN_WORDS = "plain_words.toml"
_EXAMPLE = '"als" = ["indien"]'
# What there is of a language beside better words and names.
_LISTS = ("informal", "formal", "abbreviations", "numbers", "units", "vague", "twice")
SENTENCE_WORDS = 20
# C.H. Björnsson, Läsbarhet (1968): words a sentence, and how many in a hundred have over six letters; 40 to 50 is
# of medium difficulty. A Dutch compound is one long word. Of fewer words than these it says nothing.
LIX_MOST = 45
LIX_WORDS = 60
# Of this many words it can be told which language they are, by this many of its small words.
LANGUAGE_WORDS, SMALL_WORDS = 10, 4

# An address, a path, a telephone number or an amount is one word.
_UNIT = re.compile(
    r"https?://\S+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]*\w|\+?\d[\d ()-]{4,}\d|€\s?(?=\d)|%(?:\(\w+\))?[sd]"
)
_WORD = re.compile(r"[^\W_]+(?:[’'.,:/@+&-]+[^\W_]+)*")
_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'’”)\]]*\s+")
# As they are put between them in English and in Dutch: the words of a screen or of somebody else, or a word as such.
_QUOTED = re.compile(r"‘[^‘’]*’|“[^“”]*”|„[^„”]*”|\"[^\"]*\"")
_WHOLE_WORD = re.compile(r"(?<![\w’'./@-])[^\W\d_]+(?![\w’'/@-]|\.\w)")
_BLOCKS = {"Paragraph", "List", "Item", "Heading", "TableCell", "DefinitionListTitle", "DefinitionListDefinition"}
_UNSEEN = {"CodeBlock", "HtmlBlock", "Image", "MetadataBlock"}
_FRONT_MATTER = re.compile(r"\s*(?:- )?(?:title|description|lead|text|want|how):\s*(.*\S)")
_QUOTED_VALUE = re.compile(r"(['\"])(.*)\1")
_BY_LANGUAGE = re.compile(r"(?<![\w-])([a-z]{2,3})\s*=\s*\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True)
class Passage:
    """What is read in one breath: a paragraph, heading, item or cell, as text; `lines` says from which character on it
    stands on which line of its file.
    """

    text: str
    lines: tuple[tuple[int, int], ...]
    level: int = 0

    def line(self, at: int = 0) -> int:
        """The line of the file with this character."""
        return self.lines[max(0, bisect(self.lines, at, key=itemgetter(0)) - 1)][1]

    @property
    def is_question(self) -> bool:
        """Whether it begins a question of the page."""
        return self.level == 2


@dataclass(frozen=True)
class Words:
    """What is known of the words of a language: nothing, of most."""

    better: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    informal: frozenset[str] = frozenset()
    formal: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    vague: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()

    def replaced(self) -> re.Pattern[str] | None:
        """All that has a better word or another name, the longest first; None of a language without any."""
        return _any_of(tuple(sorted({*self.better, *self.names}, key=len, reverse=True)))


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = [re.escape(phrase).replace(r"\ …\ ", r"\s+(?:\w+\s+){0,4}?").replace(r"\ ", r"\s+") for phrase in phrases]
    # A name or an address has more of it: 'E-conform', 'conform.nl'.
    return re.compile(rf"(?<![\w@/.-])(?:{'|'.join(parts)})(?![\w@/-]|\.\w)", re.IGNORECASE) if parts else None


def read_words(content: Path) -> dict[str, Words]:
    """The words of each language that has any: ours, and those of the site. Raises FactError for a file that is not
    of the form described in ours.
    """
    tables = [load_toml(Path(__file__).with_name(OWN_WORDS))]
    if (content / OWN_WORDS).is_file():
        tables.append(load_toml(content / OWN_WORDS))
    try:
        return {lang: _words([table.get(lang, {}) for table in tables]) for lang in {*tables[0], *tables[-1]}}
    except (AttributeError, TypeError, ValueError):
        message = f"write [nl.better] or [nl.names] above lines such as {_EXAMPLE}"
        raise FileError(OWN_WORDS, 1, message) from None


def words_by_language(content: Path) -> dict[str, Words]:
    """The same, and nothing where the file is not of that form: `problems` say so."""
    try:
        return read_words(content)
    except FactError:
        return {}


def _words(tables: list[dict[str, Any]]) -> Words:
    """One of several tables; what a later one says of a word goes before what an earlier one says."""
    better: dict[str, str] = {}
    names: dict[str, str] = {}
    several: dict[str, frozenset[str]] = dict.fromkeys(_LISTS, frozenset())
    for table in tables:
        for name, value in table.items():
            if name in several:
                several[name] |= {*_words_of(value)}
                continue
            known = {"better": better, "names": names}.get(name)
            for word, others in value.items():
                if known is None:
                    raise ValueError(name)
                known.update(dict.fromkeys(_words_of(others), word))
    # A site that writes `"conform" = ["conform"]` wants the word itself.
    return Words({word: other for word, other in better.items() if other.lower() != word}, names, **several)


def _words_of(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return [word.lower() for word in value]


def passages(source: str, first_line: int = 1) -> Iterator[Passage]:
    """The passages of a markdown text in which facts are filled in; what is no text (code, addresses) is left out."""
    raw = source.encode()
    text, level, unseen, counted, line = "", 0, 0, 0, first_line
    lines: list[tuple[int, int]] = []
    value: Any
    events: Iterable[tuple[Any, Any]] = MARKDOWN.events_with_range(source)
    for event, place in events:
        kind, value = (event, "") if isinstance(event, str) else next(iter(event.items()))
        if kind in ("Start", "End"):
            name = str(value if isinstance(value, str) else next(iter(value)))
            if name in _UNSEEN:
                unseen += 1 if kind == "Start" else -1
            if name in _BLOCKS:
                if text.strip():
                    yield Passage(text, tuple(lines), level)
                text, lines = "", []
                level = int(value["Heading"]["level"][1:]) if kind == "Start" and name == "Heading" else 0
        elif (
            written := "" if unseen else {"Text": value, "Code": "0", "SoftBreak": " ", "HardBreak": " "}.get(kind, "")
        ):
            line += raw.count(b"\n", counted, place["start"])
            counted = place["start"]
            lines.append((len(text), line))
            text += written


def sentences(passage: Passage, words: Words) -> Iterator[tuple[int, str]]:
    """The sentences of a passage, each with the place of its first character."""
    start = 0
    for match in _END.finditer(passage.text):
        last = passage.text[max(start, passage.text.rfind(" ", start, match.start()) + 1) : match.end()]
        if last.strip(" (‘“\"'").lower() not in words.abbreviations:
            yield start, passage.text[start : match.end()]
            start = match.end()
    if passage.text[start:].strip():
        yield start, passage.text[start:]


def words_in(text: str) -> list[str]:
    """The words of a text; an address, a number or a code is one."""
    return _WORD.findall(_UNIT.sub("0", text))


def lix(texts: Iterable[str]) -> float:
    """The readability of sentences by Björnsson; a colon ends one too."""
    parts = [part for text in texts for part in re.split(r":\s", text) if words_in(part)]
    words = [word for part in parts for word in words_in(part)]
    long = sum(sum(map(str.isalpha, word)) > 6 for word in words)
    return len(words) / len(parts) + 100 * long / len(words) if words else 0.0


@dataclass
class Text:
    """A text to look through: passages of one file, in one language. A page is; front matter and settings too."""

    file: str
    lang: str
    passages: list[Passage]
    is_page: bool = False


def broken_words(content: Path) -> list[Problem]:
    """What is wrong with the file of words."""
    try:
        read_words(content)
    except ProblemError as error:
        return [error.problem]
    return []


def problems(pages: Mapping[tuple[str, str], Document], content: Path, facts: Facts) -> Iterator[Problem]:
    """What could be plainer in the pages, and in what site.toml and rights.toml say in each language."""
    try:
        words = read_words(content)
    except ProblemError as error:
        yield error.problem
        return
    texts = [*_page_texts(pages, facts), *_settings(content, facts)]
    yield from advice(texts, words)


def advice(texts: list[Text], words: Mapping[str, Words]) -> Iterator[Problem]:
    """The same for any texts."""
    addressed = {lang: _is_informal((text for text in texts if text.lang == lang), words[lang]) for lang in words}
    for text in texts:
        of_language = words.get(text.lang, Words())
        for passage in text.passages:
            found = [*_long_sentences(passage, of_language), *_other_words(passage, of_language)]
            if addressed.get(text.lang):
                found += _formal(passage, of_language)
            for at, message in [*found, *_other_language(passage, text.lang)]:
                yield Problem(text.file, passage.line(at), message, error=False, see="words")
        if text.is_page:
            yield from _hard_to_read(text, of_language)


def _page_texts(pages: Mapping[tuple[str, str], Document], facts: Facts) -> Iterator[Text]:
    for (lang, key), document in pages.items():
        with using_language(lang):
            source = document.source.split("\n")
            head = source[: document.body_line - 1]
            body = _filled("\n".join(source[document.body_line - 1 :]), facts)
            yield Text(f"content/{lang}/{key}.md", lang, list(passages(body, document.body_line)), is_page=True)
            yield Text(f"content/{lang}/{key}.md", lang, [*_in_lines(map(_front_matter_values, head), facts)])


def _settings(content: Path, facts: Facts) -> Iterator[Text]:
    for name in (FILE, "rights.toml"):
        lines = read_text(content / name).split("\n")
        for lang in LANGUAGES:
            with using_language(lang):
                yield Text(f"content/{name}", lang, [*_in_lines(map(_values_in(lang), lines), facts)])


def _in_lines(values: Iterable[list[str]], facts: Facts) -> Iterator[Passage]:
    """The passages of texts of one line each, by what stands on each line."""
    for number, texts in enumerate(values, 1):
        for text in texts:
            for passage in passages(_filled(text, facts)):
                yield Passage(passage.text, ((0, number),))


def _front_matter_values(line: str) -> list[str]:
    match = _FRONT_MATTER.fullmatch(line)
    if match is None:
        return []
    quoted = _QUOTED_VALUE.fullmatch(match[1])
    return [quoted[2] if quoted else match[1]]


def _values_in(lang: str) -> Callable[[str], list[str]]:
    """What takes the texts in a language from a line of TOML."""

    def values(line: str) -> list[str]:
        if line.lstrip().startswith("#"):
            return []
        return [match[2].replace('\\"', '"') for match in _BY_LANGUAGE.finditer(line) if match[1] == lang]

    return values


def _filled(source: str, facts: Facts) -> str:
    """Facts and labels as their text, on one line; a table that comes from data is looked at where its words stand."""

    def text_of(match: re.Match[str]) -> str:
        if source[: match.start()].endswith("]("):
            return "x"
        try:
            filled = fill_facts(match[0], facts)
            return "" if filled == match[0] else " ".join(filled.split())
        except (FactError, LabelError):
            return "0"  # which is said elsewhere

    return ANY_FACT.sub(text_of, source) if "{{" in source else source


def _long_sentences(passage: Passage, words: Words) -> Iterator[tuple[int, str]]:
    for at, sentence in sentences(passage, words):
        if (count := len(words_in(sentence))) > SENTENCE_WORDS:
            yield at, f"a sentence of {count} words; {SENTENCE_WORDS} at most, or make it two: ‘{_beginning(sentence)}’"


def _beginning(sentence: str) -> str:
    return " ".join(sentence.split()[:5]) + " …"


def _blanked(text: str) -> str:
    """The text with spaces in the place of what is quoted."""
    return _QUOTED.sub(lambda match: " " * len(match[0]), text)


def _other_words(passage: Passage, words: Words) -> Iterator[tuple[int, str]]:
    replaced = words.replaced()
    for match in replaced.finditer(_blanked(passage.text)) if replaced else ():
        found = " ".join(match[0].split())
        key = found.lower()
        if key not in words.names and key not in words.better:
            # Other words stand in its gap.
            key = f"{key.split()[0]} … {key.split()[-1]}"
        if name := words.names.get(key):
            yield match.start(), f"‘{found}’ is called ‘{name}’ on this site: one name for one thing"
        elif better := words.better.get(key):
            yield match.start(), f"‘{found}’ is stiff: write ‘{better}’"
        elif key in words.better:
            yield match.start(), f"‘{found}’ is stiff: say it in another way"


def _is_informal(texts: Iterable[Text], words: Words) -> bool:
    """Whether most of what addresses the reader does so informally."""
    if not words.formal:
        return False
    counted = Counter(
        word.lower() for text in texts for passage in text.passages for word in _WORD.findall(passage.text)
    )
    return sum(counted[word] for word in words.informal) > sum(counted[word] for word in words.formal)


def _formal(passage: Passage, words: Words) -> Iterator[tuple[int, str]]:
    text = _blanked(passage.text)
    for match in _WHOLE_WORD.finditer(text):
        if (word := match[0]).lower() not in words.formal:
            continue
        before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() : match.end() + 2]
        begins = re.search(r"(?:^|[.!?:]\s)\s*$", before) is not None
        # One letter may be a letter, an hour, or part of a name: "de letter u", "15 u", "U Zorg".
        is_letter = len(word) == 1 and (
            re.search(r"(?:\d|\bletters?|\bde|\been)\s*$", before)
            or after[:1] in (".", ":", ")")
            or (word.isupper() and after[1:].isupper())
        )
        if not is_letter and (word.islower() or begins):
            informal = min(sorted(words.informal), key=len)
            yield match.start(), f"‘{word}’, and elsewhere ‘{informal}’: address the reader in one way"


def _other_language(passage: Passage, lang: str) -> Iterator[tuple[int, str]]:
    own = language_of(lang).stop_words
    # What a thing is called in the other language stands between brackets.
    found = [word.lower() for word in _WORD.findall(re.sub(r"\([^()]*\)", " ", _blanked(passage.text)))]
    if not own or len(found) < LANGUAGE_WORDS:
        return
    for other in LANGUAGES:
        theirs = language_of(other).stop_words
        of_own = sum(word in own and word not in theirs for word in found)
        of_other = sum(word in theirs and word not in own for word in found)
        if other != lang and of_other >= SMALL_WORDS and of_other > 3 * of_own:
            name, page = (Locale.parse(code).get_language_name("en") for code in (other, lang))
            yield 0, f"this seems to be {name}, among {page}: ‘{_beginning(passage.text)}’"


def _hard_to_read(text: Text, words: Words) -> Iterator[Problem]:
    """The questions of a page that are hard to read; what is too short to say that of is taken together."""
    rest: list[tuple[int, str]] = []
    questions: list[list[tuple[int, str]]] = [[]]
    for passage in text.passages:
        if passage.is_question:
            questions.append([])
        if not passage.level:
            questions[-1] += [(passage.line(at), sentence) for at, sentence in sentences(passage, words)]
    for question in questions:
        if _count(question) >= LIX_WORDS:
            yield from _too_hard(text.file, question)
        else:
            rest += question
    if _count(rest) >= LIX_WORDS:
        yield from _too_hard(text.file, rest)


def _count(numbered: list[tuple[int, str]]) -> int:
    return sum(len(words_in(sentence)) for _, sentence in numbered)


def _too_hard(file: str, numbered: list[tuple[int, str]]) -> Iterator[Problem]:
    if (value := lix(sentence for _, sentence in numbered)) > LIX_MOST:
        message = f"hard to read (LIX {value:.0f}; {LIX_MOST} at most): write shorter sentences and shorter words"
        yield Problem(file, numbered[0][0], message, error=False, see="words")

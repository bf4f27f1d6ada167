"""Write the search index: beside the site a folder with one SQLite file a language."""

from __future__ import annotations

import datetime as dt
import hashlib
import marshal
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

from selfservice.db import Connection, Error, connect
from selfservice.i18n import languages
from selfservice.search import schema
from selfservice.search.lexicon import Lexicon
from selfservice.search.schema import QUESTION
from selfservice.search.tokens import tokens

Synonyms = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True)
class IndexedQuestion:
    """An entry of the index: a question of a page, or with anchor "" the page itself (title and introduction).

    Or, of kind FORM, what can be done in a form; of kind STEP, a step of a question tree. `url` holds the #anchor
    already; `text` is plain text. `names` are other titles by which it is known, `phones` the telephone numbers in its
    text, as digits. `wordings` are other ways in which visitors ask for it. By `lift` it stands higher, or lower, than
    what matches as well.
    """

    lang: str
    url: str
    page_title: str
    title: str
    text: str
    page_key: str
    anchor: str
    kind: str = QUESTION
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    lift: float = 1


@dataclass(frozen=True)
class Pin:
    """The entry at `url` comes first for `query`, until the end of a day."""

    lang: str
    query: str
    url: str
    until: dt.date


@dataclass(frozen=True)
class Source:
    """All that the index of a language is made from, as bytes for another process to read. The key is the same for the
    same index, whoever makes it: of what it is made from, and of the program that does.
    """

    lang: str
    packed: bytes
    key: str


_values = attrgetter(*(field.name for field in fields(IndexedQuestion)))


@cache
def _program() -> bytes:
    """What makes an index: this package, what it knows of languages, and the stemmers."""
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(languages.__file__)]
    return b"\0".join([version("snowballstemmer").encode(), *(path.read_bytes() for path in files)])


def sources(questions: Iterable[IndexedQuestion], synonyms: Synonyms, pins: Iterable[Pin] = ()) -> list[Source]:
    """What the index of each language of the site is made from.

    `synonyms` gives for each language, for a word or words that visitors type, the words our pages use; none for what
    the pages have nothing about.
    Raises ValueError for a question in a language that the site does not have.
    """
    by_lang: dict[str, list[IndexedQuestion]] = {lang: [] for lang in languages.LANGUAGES}
    for question in questions:
        if question.lang not in by_lang:
            raise ValueError(f"search knows no language {question.lang!r} (asked for by {question.url})")
        by_lang[question.lang].append(question)
    pinned = [(pin.lang, pin.query, pin.url, pin.until.isoformat()) for pin in pins]
    found = []
    for lang, theirs in by_lang.items():
        words = [(typed, tuple(meanings)) for typed, meanings in synonyms.get(lang, {}).items()]
        own = ([_values(one) for one in theirs], words, [pin[1:] for pin in pinned if pin[0] == lang])
        # Version 2 writes equal values equally; later ones write what is the same object once.
        packed = marshal.dumps(own, 2)
        found.append(Source(lang, packed, hashlib.sha256(_program() + packed).hexdigest()))
    return found


def build_index(
    folder: Path, questions: Iterable[IndexedQuestion], synonyms: Synonyms, pins: Iterable[Pin] = ()
) -> None:
    """Write the index of these questions, a file a language. Raises ValueError as `sources` does."""
    for source in sources(questions, synonyms, pins):
        write_index(folder, source)


def write_index(folder: Path, source: Source) -> None:
    """Write the index of one language in one step: a reader sees the old file or the new, whole."""
    questions, synonyms, pins = marshal.loads(source.packed)  # noqa: S302 (it was packed here)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".search-") as beside:
        fresh = schema.file(Path(beside), source.lang)
        with closing(connect(fresh)) as db:
            # The file is thrown away whole if anything goes wrong, so it needs no journal.
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(schema.SCHEMA)
            db.execute("BEGIN")
            lexicon, theirs = Lexicon(source.lang), [IndexedQuestion(*values) for values in questions]
            _write_questions(db, lexicon, theirs, dict(synonyms))
            _write_lexicon(db, lexicon, dict(synonyms))
            db.executemany("INSERT INTO phone VALUES (?)", sorted({(one,) for each in theirs for one in each.phones}))
            rows = [(" ".join(tokens(query)), url, until) for query, url, until in pins]
            db.executemany("INSERT OR IGNORE INTO pin VALUES (?, ?, ?)", rows)
            db.execute("INSERT INTO source VALUES (?)", [source.key])
            db.execute("COMMIT")
            db.executescript(schema.INDEXES)
            db.execute(schema.SET_VERSION)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(schema.file(folder, source.lang))


def is_index_of(path: Path, source: Source) -> bool:
    """Whether the file at `path`, which need not be there, is the index that would be made from this source."""
    try:
        with closing(connect(path, is_immutable=True)) as db:
            return bool(db.execute("SELECT 1 FROM source WHERE key = ?", [source.key]).fetchone())
    except (OSError, Error):
        return False


def _write_questions(
    db: Connection, lexicon: Lexicon, questions: list[IndexedQuestion], synonyms: Mapping[str, Iterable[str]]
) -> None:
    read = [(one, lexicon.add_text(one.title), lexicon.add_text(one.text)) for one in questions]
    others = dict.fromkeys(name for one in questions for name in (one.page_title, *one.names, *one.wordings))
    pieces = {title: lexicon.add_text(title) for title in others}
    for typed, meanings in synonyms.items():
        for words in (typed, *meanings):
            lexicon.add_words(tokens(words))
    lexicon.group_words()
    db.execute(schema.SET_RANK, [schema.RANK])
    db.execute(schema.SET_BUFFER)
    known = {title: lexicon.indexed_words(theirs) for title, theirs in pieces.items()}
    for one, title, text in read:
        in_title, in_text = lexicon.indexed_words(title), lexicon.indexed_words(text)
        texts = (one.page_title, one.title, in_title[0], " ".join(one.text.split()), in_text[0])
        names = "\n".join(known[name][0] for name in one.names)
        place = (one.kind, one.url, one.page_key, one.anchor, one.lift)
        rowid = db.execute(schema.INSERT_QUESTION, (*place, *texts, names, None)).lastrowid
        in_names = " ".join(known[name][1] for name in one.names)
        # A page's own entry has its title twice already.
        page_stem = known[one.page_title][1] if one.anchor else ""
        in_text_word = " ".join((in_text[0], *one.phones))
        db.execute(schema.INSERT_WORDS, (rowid, *in_title, in_names, page_stem, in_text_word, *in_text[1:]))
        for wording in one.wordings:
            texts = (one.page_title, wording, known[wording][0], "", "")
            its_id = db.execute(schema.INSERT_QUESTION, (*place, *texts, "", rowid)).lastrowid
            db.execute(schema.INSERT_WORDS, (its_id, *known[wording], *[""] * 5))
    db.execute(schema.OPTIMIZE)


def _write_lexicon(db: Connection, lexicon: Lexicon, synonyms: Mapping[str, Iterable[str]]) -> None:
    db.executemany("INSERT INTO word VALUES (?, ?, ?, ?)", lexicon.word_rows())
    db.executemany("INSERT INTO ending VALUES (?, ?)", lexicon.endings.items())
    inside = ((stem, word) for word, found in lexicon.parts.items() for stem in found)
    db.executemany("INSERT INTO part VALUES (?, ?)", inside)
    rows = []
    for typed, meanings in synonyms.items():
        words = tokens(typed)
        stems = " ".join(lexicon.stem[word] for word in words)
        others = [meaning for meaning in meanings or [""] if words and tokens(meaning) != words]
        rows += [(stems, " ".join(words), meaning) for meaning in others]
    db.executemany("INSERT OR IGNORE INTO synonym VALUES (?, ?, ?)", rows)

"""Write the search index: one SQLite file beside the site, with one FTS5 index a language."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from selfservice.db import Connection, connect
from selfservice.i18n.languages import LANGUAGES
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


def build_index(path: Path, questions: Iterable[IndexedQuestion], synonyms: Synonyms, pins: Iterable[Pin] = ()) -> None:
    """Write the index of these questions to `path` in one step: a reader sees the old file or the new, whole.

    `synonyms` gives for each language, for a word or words that visitors type, the words our pages use; none for what
    the pages have nothing about.
    Raises ValueError for a question in a language that the site does not have.
    """
    by_lang: dict[str, list[IndexedQuestion]] = {lang: [] for lang in LANGUAGES}
    for question in questions:
        if question.lang not in by_lang:
            raise ValueError(f"search knows no language {question.lang!r} (asked for by {question.url})")
        by_lang[question.lang].append(question)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".search-") as folder:
        fresh = Path(folder) / path.name
        with closing(connect(fresh)) as db:
            # The file is thrown away whole if anything goes wrong, so it needs no journal.
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(schema.SCHEMA)
            db.execute("BEGIN")
            for lang, theirs in by_lang.items():
                lexicon = Lexicon(lang)
                _write_questions(db, lexicon, theirs, synonyms.get(lang, {}))
                _write_lexicon(db, lexicon, synonyms.get(lang, {}))
                phones = {(lang, digits) for one in theirs for digits in one.phones}
                db.executemany("INSERT INTO phone VALUES (?, ?)", sorted(phones))
            rows = [(pin.lang, " ".join(tokens(pin.query)), pin.url, pin.until.isoformat()) for pin in pins]
            db.executemany("INSERT OR IGNORE INTO pin VALUES (?, ?, ?, ?)", rows)
            db.execute("COMMIT")
            db.executescript(schema.INDEXES)
            db.execute(schema.SET_VERSION)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)


def _write_questions(
    db: Connection, lexicon: Lexicon, questions: list[IndexedQuestion], synonyms: Mapping[str, list[str]]
) -> None:
    lang = lexicon.lang
    read = [(one, lexicon.add_text(one.title), lexicon.add_text(one.text)) for one in questions]
    others = dict.fromkeys(name for one in questions for name in (one.page_title, *one.names, *one.wordings))
    pieces = {title: lexicon.add_text(title) for title in others}
    for typed, meanings in synonyms.items():
        for words in (typed, *meanings):
            lexicon.add_words(tokens(words))
    lexicon.group_words()
    db.execute(schema.statement(schema.CREATE, lang))
    db.execute(schema.statement(schema.SET_RANK, lang), [schema.RANK])
    db.execute(schema.statement(schema.SET_BUFFER, lang))
    insert = schema.statement(schema.INSERT_WORDS, lang)
    known = {title: lexicon.indexed_words(theirs) for title, theirs in pieces.items()}
    for one, title, text in read:
        in_title, in_text = lexicon.indexed_words(title), lexicon.indexed_words(text)
        texts = (one.page_title, one.title, in_title[0], " ".join(one.text.split()), in_text[0])
        names = "\n".join(known[name][0] for name in one.names)
        place = (lang, one.kind, one.url, one.page_key, one.anchor, one.lift)
        rowid = db.execute(schema.INSERT_QUESTION, (*place, *texts, names, None)).lastrowid
        in_names = " ".join(known[name][1] for name in one.names)
        # A page's own entry has its title twice already.
        page_stem = known[one.page_title][1] if one.anchor else ""
        db.execute(insert, (rowid, *in_title, in_names, page_stem, " ".join((in_text[0], *one.phones)), *in_text[1:]))
        for wording in one.wordings:
            texts = (one.page_title, wording, known[wording][0], "", "")
            its_id = db.execute(schema.INSERT_QUESTION, (*place, *texts, "", rowid)).lastrowid
            db.execute(insert, (its_id, *known[wording], *[""] * 5))
    db.execute(schema.statement(schema.OPTIMIZE, lang))


def _write_lexicon(db: Connection, lexicon: Lexicon, synonyms: Mapping[str, list[str]]) -> None:
    lang = lexicon.lang
    db.executemany("INSERT INTO word VALUES (?, ?, ?, ?, ?)", lexicon.word_rows())
    endings = ((lang, form, stem) for form, stem in lexicon.endings.items())
    db.executemany("INSERT INTO ending VALUES (?, ?, ?)", endings)
    inside = ((lang, stem, word) for word, found in lexicon.parts.items() for stem in found)
    db.executemany("INSERT INTO part VALUES (?, ?, ?)", inside)
    rows = []
    for typed, meanings in synonyms.items():
        words = tokens(typed)
        stems = " ".join(lexicon.stem[word] for word in words)
        others = [meaning for meaning in meanings or [""] if words and tokens(meaning) != words]
        rows += [(lang, stems, " ".join(words), meaning) for meaning in others]
    db.executemany("INSERT OR IGNORE INTO synonym VALUES (?, ?, ?, ?)", rows)

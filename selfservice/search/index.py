"""Write the search index: one SQLite file beside the site, with one FTS5 index a language."""

from __future__ import annotations

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
from selfservice.search.tokens import tokens


@dataclass(frozen=True)
class IndexedQuestion:
    """An entry of the index: a question of a page, or with anchor "" the page itself (title and introduction).

    `url` holds the #anchor already; `text` is plain text.
    """

    lang: str
    url: str
    page_title: str
    title: str
    text: str
    page_key: str
    anchor: str


def build_index(
    path: Path, questions: Iterable[IndexedQuestion], synonyms: Mapping[str, Mapping[str, list[str]]]
) -> None:
    """Write the index of these questions to `path` in one step: a reader sees the old file or the new, whole.

    `synonyms` gives for each language, for a word or words that visitors type, the words our pages use.
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
            db.execute("COMMIT")
            db.executescript(schema.INDEXES)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)


def _write_questions(
    db: Connection, lexicon: Lexicon, questions: list[IndexedQuestion], synonyms: Mapping[str, list[str]]
) -> None:
    lang = lexicon.lang
    read = [(one, lexicon.add_text(one.title), lexicon.add_text(one.text)) for one in questions]
    pages = {title: lexicon.add_text(title) for title in dict.fromkeys(one.page_title for one in questions)}
    for typed, meanings in synonyms.items():
        for words in (typed, *meanings):
            lexicon.add_words(tokens(words))
    lexicon.group_words()
    db.execute(schema.statement(schema.CREATE, lang))
    db.execute(schema.statement(schema.SET_RANK, lang), [schema.RANK])
    db.execute(schema.statement(schema.SET_BUFFER, lang))
    insert = schema.statement(schema.INSERT_WORDS, lang)
    page_stems = {title: lexicon.indexed_words(pieces)[1] for title, pieces in pages.items()}
    for one, title, text in read:
        in_title, in_text = lexicon.indexed_words(title), lexicon.indexed_words(text)
        texts = (one.page_title, one.title, in_title[0], " ".join(one.text.split()), in_text[0])
        rowid = db.execute(schema.INSERT_QUESTION, (lang, one.url, one.page_key, one.anchor, *texts)).lastrowid
        # A page's own entry has its title twice already.
        page_stem = page_stems[one.page_title] if one.anchor else ""
        db.execute(insert, (rowid, *in_title, page_stem, *in_text))
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
        others = [meaning for meaning in meanings if words and tokens(meaning) != words]
        rows += [(lang, stems, " ".join(words), meaning) for meaning in others]
    db.executemany("INSERT OR IGNORE INTO synonym VALUES (?, ?, ?, ?)", rows)

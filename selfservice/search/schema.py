"""The tables of the search index."""

from __future__ import annotations

from selfservice.i18n.languages import LANGUAGES

TABLES = {lang: f"index_{lang}" for lang in LANGUAGES}

# How much a match counts: the title over the text; the word itself over its stem over a compound with it.
# They lie far apart because bm25 counts a second occurrence for much less than the first.
WEIGHTS = {
    "title_word": 40,
    "title_stem": 20,
    "title_part": 3,
    "page_stem": 1,
    "text_word": 0.3,
    "text_stem": 0.2,
    "text_part": 0.05,
}
RANK = f"bm25({', '.join(map(str, WEIGHTS.values()))})"

SCHEMA = """
CREATE TABLE question (id INTEGER PRIMARY KEY, lang TEXT NOT NULL, url TEXT NOT NULL, page_key TEXT NOT NULL,
  anchor TEXT NOT NULL, page_title TEXT NOT NULL, title TEXT NOT NULL, title_words TEXT NOT NULL,
  text TEXT NOT NULL, text_words TEXT NOT NULL) STRICT;
CREATE TABLE word (lang TEXT NOT NULL, word TEXT NOT NULL, stem TEXT NOT NULL, count INTEGER NOT NULL,
  shown TEXT NOT NULL, PRIMARY KEY (lang, word)) STRICT, WITHOUT ROWID;
CREATE TABLE ending (lang TEXT NOT NULL, form TEXT NOT NULL, stem TEXT NOT NULL,
  PRIMARY KEY (lang, form)) STRICT, WITHOUT ROWID;
CREATE TABLE part (lang TEXT NOT NULL, stem TEXT NOT NULL, word TEXT NOT NULL,
  PRIMARY KEY (lang, stem, word)) STRICT, WITHOUT ROWID;
CREATE TABLE synonym (lang TEXT NOT NULL, stems TEXT NOT NULL, words TEXT NOT NULL, meaning TEXT NOT NULL,
  PRIMARY KEY (lang, stems, words, meaning)) STRICT, WITHOUT ROWID;
"""
INDEXES = "CREATE INDEX word_stem ON word (lang, stem); CREATE INDEX synonym_words ON synonym (lang, words);"

CREATE = """CREATE VIRTUAL TABLE index_LANG USING fts5(title_word, title_stem, title_part, page_stem,
  text_word, text_stem, text_part, content='', tokenize='unicode61 remove_diacritics 2')"""
SET_RANK = "INSERT INTO index_LANG (index_LANG, rank) VALUES ('rank', ?)"
INSERT_WORDS = """INSERT INTO index_LANG
  (rowid, title_word, title_stem, title_part, page_stem, text_word, text_stem, text_part)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
# Bytes of new entries kept in memory before they are written. With FTS5's own 1 MiB a large site is written and merged
# many times over; with this mostly once, which takes half the time and leaves a file that is a quarter smaller.
SET_BUFFER = "INSERT INTO index_LANG (index_LANG, rank) VALUES ('hashsize', 67108864)"
OPTIMIZE = "INSERT INTO index_LANG (index_LANG) VALUES ('optimize')"
INSERT_QUESTION = "INSERT INTO question VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_MATCHES = """SELECT id, url, page_title, title, title_words, text, text_words
  FROM (SELECT rowid AS id, rank FROM index_LANG WHERE index_LANG MATCH ? ORDER BY rank LIMIT ?)
  JOIN question USING (id) ORDER BY rank, id"""
SELECT_IDS = "SELECT rowid FROM index_LANG WHERE index_LANG MATCH ?"


def statement(sql: str, lang: str) -> str:
    """The statement for the index of this language: each has its own, as a word's rarity depends on it.

    A table cannot be a bound parameter; only names from TABLES come here. KeyError for other languages.
    """
    return sql.replace("index_LANG", TABLES[lang])

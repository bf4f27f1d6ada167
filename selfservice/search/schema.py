"""The tables of the search index: one file a language, as a word's rarity depends on it."""

from __future__ import annotations

import zlib
from pathlib import Path

# What an entry is.
QUESTION = "question"
FORM = "form"
STEP = "step"  # of a question tree

# Columns of the index of words, and how much each counts where nothing else tells two entries apart (bm25).
COLUMNS = {
    "title_word": 40,
    "title_stem": 20,
    "title_part": 3,
    "name_stem": 15,
    "page_stem": 1,
    "text_word": 0.3,
    "text_stem": 0.2,
    "text_part": 0.05,
}
RANK = f"bm25({', '.join(map(str, COLUMNS.values()))})"

SCHEMA = f"""
CREATE TABLE question (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL,
  page_key TEXT NOT NULL, anchor TEXT NOT NULL, lift REAL NOT NULL, page_title TEXT NOT NULL, title TEXT NOT NULL,
  title_words TEXT NOT NULL, text TEXT NOT NULL, text_words TEXT NOT NULL, names TEXT NOT NULL,
  wording_of INTEGER REFERENCES question (id)) STRICT;
CREATE TABLE word (word TEXT PRIMARY KEY, stem TEXT NOT NULL, count INTEGER NOT NULL, shown TEXT NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE ending (form TEXT PRIMARY KEY, stem TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE part (stem TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (stem, word)) STRICT, WITHOUT ROWID;
CREATE TABLE synonym (stems TEXT NOT NULL, words TEXT NOT NULL, meaning TEXT NOT NULL,
  PRIMARY KEY (stems, words, meaning)) STRICT, WITHOUT ROWID;
CREATE TABLE phone (digits TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE pin (words TEXT NOT NULL, url TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (words, url))
  STRICT, WITHOUT ROWID;
CREATE TABLE source (key TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE entry USING fts5({", ".join(COLUMNS)},
  content='', tokenize='unicode61 remove_diacritics 2');
"""
# ANALYZE, or SQLite reads all words for those of one stem.
INDEXES = """
CREATE INDEX word_stem ON word (stem);
CREATE INDEX synonym_words ON synonym (words);
CREATE INDEX question_place ON question (page_key, anchor);
CREATE INDEX question_url ON question (url);
ANALYZE;
"""

SET_RANK = "INSERT INTO entry (entry, rank) VALUES ('rank', ?)"
# Another number for each way of making the file, so that one of an earlier version of Loket is known.
VERSION = zlib.crc32((SCHEMA + INDEXES + RANK).encode()) & 0x7FFFFFFF
SET_VERSION = f"PRAGMA user_version = {VERSION}"
INSERT_WORDS = """INSERT INTO entry
  (rowid, title_word, title_stem, title_part, name_stem, page_stem, text_word, text_stem, text_part)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
# Bytes of new entries kept in memory before they are written. With FTS5's own 1 MiB a large site is written and merged
# many times over; with this mostly once, which takes half the time and leaves a file that is a quarter smaller.
SET_BUFFER = "INSERT INTO entry (entry, rank) VALUES ('hashsize', 67108864)"
OPTIMIZE = "INSERT INTO entry (entry) VALUES ('optimize')"
INSERT_QUESTION = "INSERT INTO question VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_CANDIDATES = "SELECT rowid, rank FROM entry WHERE entry MATCH ? ORDER BY rank LIMIT ?"
# Where each word stands, asked for in one go: matching column by column takes ten times as long.
OPEN_OCCURRENCES = "CREATE VIRTUAL TABLE temp.occurrence USING fts5vocab(main, entry, 'instance')"
SELECT_COLUMNS = """SELECT DISTINCT col, doc FROM occurrence WHERE term = :word AND col IN ('title_word', 'text_word')
  UNION ALL SELECT DISTINCT col, doc FROM occurrence
    WHERE term IN (SELECT value FROM json_each(:stems)) AND col NOT IN ('title_word', 'text_word')"""
SELECT_IDS = "SELECT rowid FROM entry WHERE entry MATCH ?"


def file(folder: Path, lang: str) -> Path:
    """The index of a language, in the folder of them all."""
    return folder / f"{lang}.db"

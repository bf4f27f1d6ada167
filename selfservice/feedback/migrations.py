"""The tables of what editors learn from visitors. No row says who.

Retention: `answers.KEPT`.
"""

import sqlite_utils
from sqlite_utils import Migrations

migrations = Migrations("feedback")


@migrations()
def create_searches(db: sqlite_utils.Database) -> None:
    """Searches without result: how often the same folded words were sent on a day (UTC)."""
    db.executescript("""
        CREATE TABLE unanswered_searches (
            day TEXT NOT NULL CHECK (day LIKE '____-__-__'),
            language TEXT NOT NULL CHECK (language <> ''),
            words TEXT NOT NULL CHECK (length(words) BETWEEN 1 AND 200),
            count INTEGER NOT NULL CHECK (count > 0),
            PRIMARY KEY (day, language, words)
        ) STRICT;
    """)


@migrations()
def create_answers(db: sqlite_utils.Database) -> None:
    """Whether a page was useful, by page and question: counts a day (UTC), and what people missed, in their words."""
    db.executescript("""
        CREATE TABLE page_answers (
            day TEXT NOT NULL CHECK (day LIKE '____-__-__'),
            language TEXT NOT NULL CHECK (language <> ''),
            page TEXT NOT NULL,
            question TEXT NOT NULL,
            useful INTEGER NOT NULL,
            not_useful INTEGER NOT NULL,
            PRIMARY KEY (day, language, page, question)
        ) STRICT;
        CREATE TABLE page_remarks (
            id INTEGER PRIMARY KEY,
            day TEXT NOT NULL CHECK (day LIKE '____-__-__'),
            language TEXT NOT NULL CHECK (language <> ''),
            page TEXT NOT NULL,
            question TEXT NOT NULL,
            text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 200)
        ) STRICT;
        CREATE INDEX page_remarks_day ON page_remarks (day);
    """)

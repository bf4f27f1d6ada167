"""The tables of what editors learn from visitors. No row says who.

Retention (`searches.clean`): 90 days, fact feedback.keep_days.
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

"""Searches without result: how often the same words were sent, by day and language, and nothing of who sent them.

People type names and codes in a search field. What may be one is not counted, and what few sent is not shown.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.search.index_reader import open_index
from selfservice.search.tokens import tokens
from selfservice.values.access_code import is_valid_code, normalise_code

# Different ones, a day and language: nobody can fill the database.
MAX_PER_DAY = 500
MIN_SHOWN = 3
# So many words may be counted of which the pages have none.
MAX_UNKNOWN_WORDS = 3
MAX_LENGTH = 200


class UnansweredSearch(NamedTuple):
    """Folded words that found nothing, and how often they were sent."""

    language: str
    words: str
    times: int


def countable_words(index: Path, lang: str, q: str) -> str:
    """The folded words of a search, if they may be counted; else nothing.

    They may when the pages have each of them, or when there are at most three, without a digit or an @.
    Raises FileNotFoundError when the index was not built.
    """
    words = tokens(q)
    text = " ".join(words)
    if not words or len(text) > MAX_LENGTH or _has_code(words):
        return ""
    plain = unicodedata.normalize("NFKC", q)
    is_short = len(words) <= MAX_UNKNOWN_WORDS and "@" not in plain and not any(char.isnumeric() for char in plain)
    index_reader = open_index(index, lang)
    return text if is_short or all(index_reader.words(word, [], prefix=False) for word in words) else ""


def _has_code(words: list[str]) -> bool:
    """Whether these words, or some of them behind each other, are an access code."""
    places = range(len(words) + 1)
    return any(is_valid_code(normalise_code("".join(words[first:end]))) for first, end in combinations(places, 2))


def count(conn: Connection, lang: str, words: str, now: datetime) -> None:
    """Count these words once more; new ones not beyond the number that a day has room for."""
    conn.execute(
        """INSERT INTO unanswered_searches (day, language, words, count)
           SELECT :day, :language, :words, 1
           WHERE (SELECT count(*) FROM unanswered_searches WHERE day = :day AND language = :language) < :most
              OR EXISTS (SELECT 1 FROM unanswered_searches
                         WHERE day = :day AND language = :language AND words = :words)
           ON CONFLICT (day, language, words) DO UPDATE SET count = unanswered_searches.count + 1""",
        {"day": to_text(now)[:10], "language": lang, "words": words, "most": MAX_PER_DAY},
    )


def most_sent(conn: Connection, now: datetime, days: int, lang: str = "") -> list[UnansweredSearch]:
    """What was sent three times or more in so many days up to today, by language, the most sent first."""
    rows = conn.execute(
        """SELECT language, words, sum(count) AS total FROM unanswered_searches
           WHERE day > :before AND (language = :language OR :language = '')
           GROUP BY language, words HAVING sum(count) >= :fewest
           ORDER BY language, total DESC, words""",
        {"before": to_text(now - timedelta(days=days))[:10], "language": lang, "fewest": MIN_SHOWN},
    )
    return [UnansweredSearch(*row) for row in rows]

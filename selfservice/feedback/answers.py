"""Whether a page was useful, by page and question, and what people missed on it; nothing of who said so."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple

from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.values.access_code import CODE_LENGTH, is_valid_code, normalise_code

MAX_LENGTH = 200
# A day, in all languages: nobody can fill the database, or an editor's day.
MAX_REMARKS_PER_DAY = 300
LEFT_OUT = "…"
KEPT = (
    Kept(
        what=lazy_gettext("Words of a search that found nothing, and what you say of a page"),
        until=lazy_gettext("%(time)s after you sent it"),
        tables=("unanswered_searches", "page_answers", "page_remarks"),
        fact="feedback.keep_days",
    ),
)

_EMAIL = re.compile(r"\S*@\S*")
# Groups of four, at least four of them, as an access code or the number of a bank account is written, with any marks
# between them.
_GROUPS = re.compile(r"(?<![^\W_])(?:[^\W_]{4}[\W_]*){3,}[^\W_]{4}(?![^\W_])")
# Letters and digits in one word, with or without dashes.
_MIXED = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[^\W_](?:-?[^\W_]){3,}\b")
# Five digits or more, whatever stands between them.
_NUMBER = re.compile(r"\+?\d(?:[\s.,/()+-]*\d){4,}")


class Place(NamedTuple):
    """A page, by its key, and one of its questions, by its id; nothing for one that is not known."""

    language: str
    page: str
    question: str


class Answers(NamedTuple):
    """How often a place was useful, and how often not."""

    place: Place
    useful: int
    not_useful: int


class Remark(NamedTuple):
    """What somebody missed there, and on which day (UTC) they said so."""

    place: Place
    day: str
    text: str


def without_secrets(text: str) -> str:
    """The text on one line, at most 200 characters, without what looks like an e-mail address, a code or a long
    number; empty if that leaves nothing.
    """
    line = " ".join(unicodedata.normalize("NFKC", text[: 2 * MAX_LENGTH]).split())
    line = "".join(char for char in line if char.isprintable())
    line = _GROUPS.sub(lambda found: LEFT_OUT if _is_secret(found[0]) else found[0], _EMAIL.sub(LEFT_OUT, line))
    line = _NUMBER.sub(LEFT_OUT, _MIXED.sub(LEFT_OUT, line))[:MAX_LENGTH].strip()
    return line if any(char.isalnum() for char in line) else ""


def _is_secret(groups: str) -> bool:
    """Whether groups of four have a digit, or four of them behind each other, as behind "code", are an access code."""
    code = normalise_code(groups)
    return any(char.isdigit() for char in groups) or any(
        is_valid_code(code[at : at + CODE_LENGTH]) for at in range(0, len(code), 4)
    )


def count(conn: Connection, place: Place, now: datetime, *, useful: bool) -> None:
    """Count an answer."""
    conn.execute(
        """INSERT INTO page_answers (day, language, page, question, useful, not_useful)
           VALUES (:day, :language, :page, :question, :useful, :not_useful)
           ON CONFLICT (day, language, page, question) DO UPDATE
           SET useful = page_answers.useful + :useful, not_useful = page_answers.not_useful + :not_useful""",
        {**place._asdict(), "day": to_text(now)[:10], "useful": int(useful), "not_useful": int(not useful)},
    )


def add_remark(conn: Connection, place: Place, text: str, now: datetime) -> None:
    """Keep what was missed, without what looks secret; nothing when nothing is left, or the day has enough of them."""
    conn.execute(
        """INSERT INTO page_remarks (day, language, page, question, text)
           SELECT :day, :language, :page, :question, :text
           WHERE :text <> '' AND (SELECT count(*) FROM page_remarks WHERE day = :day) < :most""",
        {**place._asdict(), "day": to_text(now)[:10], "text": without_secrets(text), "most": MAX_REMARKS_PER_DAY},
    )


def by_place(conn: Connection, now: datetime, days: int, lang: str = "", page: str = "") -> list[Answers]:
    """The answers of so many days up to today, by language, page and question; of one page if it is named."""
    rows = conn.execute(
        """SELECT language, page, question, sum(useful), sum(not_useful) FROM page_answers
           WHERE day > :before AND :language IN ('', language) AND :page IN ('', page)
           GROUP BY language, page, question ORDER BY language, page, question""",
        {"before": to_text(now - timedelta(days=days))[:10], "language": lang, "page": page},
    )
    return [Answers(Place(*row[:3]), *row[3:]) for row in map(tuple, rows)]


def remarks(conn: Connection, now: datetime, days: int, lang: str = "", page: str = "") -> list[Remark]:
    """What was missed in so many days up to today, the newest first."""
    rows = conn.execute(
        """SELECT language, page, question, day, text FROM page_remarks
           WHERE day > :before AND :language IN ('', language) AND :page IN ('', page)
           ORDER BY day DESC, id DESC""",
        {"before": to_text(now - timedelta(days=days))[:10], "language": lang, "page": page},
    )
    return [Remark(Place(*row[:3]), *row[3:]) for row in map(tuple, rows)]


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete all that is of a day over fact feedback.keep_days ago, searches too; returns how many rows."""
    before = {"before": KEPT[0].before(ctx.facts, now)[:10]}
    return (
        conn.execute("DELETE FROM unanswered_searches WHERE day < :before", before).rowcount
        + conn.execute("DELETE FROM page_answers WHERE day < :before", before).rowcount
        + conn.execute("DELETE FROM page_remarks WHERE day < :before", before).rowcount
    )

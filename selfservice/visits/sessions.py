"""Sessions of signed-in people, kept by the hash of an opaque random id.

Idle 15 minutes, at most 8 hours (OWASP ASVS 5.0, 7.3; the idle time is DigiD's too). Signing in comes with
its own form; a new password has to end sessions before that, so the table is here already.
"""

from datetime import datetime, timedelta

from selfservice import secrets
from selfservice.clock import to_text
from selfservice.db import sqlite3

IDLE_MINUTES = 15
ABSOLUTE_HOURS = 8
KEPT_DAYS = 1


def begin(conn: "sqlite3.Connection", person_id: int, now: datetime) -> str:
    """Begin a session; returns the value for the cookie. Always a new one, so a planted cookie is worth
    nothing.
    """
    cookie = secrets.token()
    conn.execute(
        """INSERT INTO sessions (session_hash, person_id, created_at, used_at)
           VALUES (:hash, :person_id, :now, :now)""",
        {"hash": secrets.hash_token(cookie), "person_id": person_id, "now": to_text(now)},
    )
    return cookie


def use(conn: "sqlite3.Connection", cookie: str, now: datetime) -> int | None:
    """The signed-in person's id, and the session's idle time begins anew; None when it is over or unknown."""
    row = conn.execute(
        """UPDATE sessions SET used_at = :now
           WHERE session_hash = :hash AND ended_at IS NULL
                 AND used_at > :idle_since AND created_at > :begun_since
           RETURNING person_id""",
        {
            "hash": secrets.hash_token(cookie),
            "now": to_text(now),
            "idle_since": to_text(now - timedelta(minutes=IDLE_MINUTES)),
            "begun_since": to_text(now - timedelta(hours=ABSOLUTE_HOURS)),
        },
    ).fetchone()
    return None if row is None else int(row["person_id"])


def end(conn: "sqlite3.Connection", cookie: str, now: datetime) -> None:
    """End one session: a copy of its cookie is dead from now on."""
    conn.execute(
        "UPDATE sessions SET ended_at = :now WHERE session_hash = :hash AND ended_at IS NULL",
        {"hash": secrets.hash_token(cookie), "now": to_text(now)},
    )


def end_all(conn: "sqlite3.Connection", person_id: int, now: datetime) -> int:
    """End every session of a person, as a new password must; returns how many were open."""
    return conn.execute(
        "UPDATE sessions SET ended_at = :now WHERE person_id = :person_id AND ended_at IS NULL",
        {"person_id": person_id, "now": to_text(now)},
    ).rowcount


def clean(conn: "sqlite3.Connection", now: datetime) -> int:
    """Remove sessions that ended, or could not be used any more, over a day ago."""
    return conn.execute(
        """DELETE FROM sessions
           WHERE ended_at < :before OR used_at < :idle_before OR created_at < :begun_before""",
        {
            "before": to_text(now - timedelta(days=KEPT_DAYS)),
            "idle_before": to_text(now - timedelta(days=KEPT_DAYS, minutes=IDLE_MINUTES)),
            "begun_before": to_text(now - timedelta(days=KEPT_DAYS, hours=ABSOLUTE_HOURS)),
        },
    ).rowcount

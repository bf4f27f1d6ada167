"""The keys that rows were made with: which the database knows, and which of them are missing."""

from datetime import datetime

from selfservice.clock import to_text
from selfservice.db import sqlite3
from selfservice.secrets import Keys


class MissingKeyError(Exception):
    """Rows need a secret that is not set; the message says which, and what to do."""


def is_registered(conn: "sqlite3.Connection", keys: Keys) -> bool:
    """Whether the database knows all these keys, so that rows can name them."""
    known = {row["id"] for row in conn.execute("SELECT id FROM secret_keys")}
    return known.issuperset(each.id for each in keys.all)


def register(conn: "sqlite3.Connection", keys: Keys, now: datetime) -> None:
    """Let the database know these keys by their fingerprints. Call inside `write()`."""
    for each in keys.all:
        conn.execute(
            "INSERT INTO secret_keys (id, created_at) VALUES (:id, :now) ON CONFLICT (id) DO NOTHING",
            {"id": each.id, "now": to_text(now)},
        )


def missing_keys(conn: "sqlite3.Connection", keys: Keys) -> list[str]:
    """The ids of the keys that rows still need and whose secret is not set; empty when all is well. Only reads.

    A row needs its key when it is an access code that works. A key that nothing needs is not missed.
    """
    rows = conn.execute(
        """SELECT id FROM secret_keys k WHERE id NOT IN (:first, :second)
           AND EXISTS (SELECT 1 FROM access_codes c WHERE c.key_id = k.id AND c.revoked_at IS NULL)
           ORDER BY created_at, id""",
        {"first": keys.all[0].id, "second": keys.all[-1].id},
    )
    return [row["id"] for row in rows]


def problem(conn: "sqlite3.Connection", keys: Keys) -> str:
    """What is wrong with the secrets that are set, in one line for the operator; empty when nothing is. Only reads."""
    missing = missing_keys(conn, keys)
    if not missing:
        return ""
    return (
        f"what is in the database was made with another secret than those set (key {', '.join(missing)}; set: "
        f"{', '.join(each.id for each in keys.all)}): give that one as LOKET_SECRET_KEY, or as LOKET_SECRET_KEY_OLD "
        "beside the new one; `loket secrets status` says what needs it"
    )


def check(conn: "sqlite3.Connection", keys: Keys) -> None:
    """Raise MissingKeyError when rows need a secret that is not set."""
    if line := problem(conn, keys):
        raise MissingKeyError(line)


def adopt(conn: "sqlite3.Connection", keys: Keys) -> None:
    """Note with which key the rows were made that are older than key ids: the one before the newest, if two are set."""
    conn.execute("UPDATE access_codes SET key_id = :id WHERE key_id IS NULL", {"id": keys.all[-1].id})

"""Heartbeats: when the mail worker last ran, /health last tried a write, and the last backup was made. One row each,
overwritten, so that any process can tell whether another still works.

Retention: none is needed, there are three rows, and nothing in them is about a person.
"""

from datetime import datetime

from selfservice.clock import from_text, to_text
from selfservice.db import Connection, Database

WORKER = "worker"
WRITE = "write"
BACKUP = "backup"
# The interval of the worker's heartbeat, and the age at which it counts as dead: noticed within 30 seconds.
INTERVAL_SECONDS = 10.0
STALE_SECONDS = 25.0


def beat(db: Database, name: str, now: datetime) -> None:
    """Record a heartbeat. Raises db.Error when the database cannot be written."""
    with db.write() as conn:
        conn.execute(
            """INSERT INTO heartbeats (name, at) VALUES (:name, :at)
               ON CONFLICT (name) DO UPDATE SET at = excluded.at""",
            {"name": name, "at": to_text(now)},
        )


def age_seconds(conn: Connection, name: str, now: datetime) -> float | None:
    """The age of the last heartbeat in seconds; None if there is none. Negative if the clock was set back since."""
    row = conn.execute("SELECT at FROM heartbeats WHERE name = :name", {"name": name}).fetchone()
    return None if row is None else (now - from_text(row["at"])).total_seconds()

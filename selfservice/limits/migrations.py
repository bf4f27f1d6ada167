"""The limiter's tables. A key is a keyed hash: who or what is limited cannot be read from it.

Retention (`limits.model.clean`): a row goes as soon as it limits nothing any more.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("limits")


@migrations()
def create_limits(db: Database) -> None:
    """One row per limited key: GCRA's `tat`, or the last moments of a cap."""
    db.executescript("""
        CREATE TABLE limits (
            key TEXT PRIMARY KEY CHECK (length(key) = 64),
            tat INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX limits_tat ON limits (tat);
        CREATE TABLE caps (
            key TEXT PRIMARY KEY CHECK (length(key) = 64),
            times TEXT NOT NULL CHECK (length(times) % 16 = 0),
            free_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX caps_free ON caps (free_at);
    """)

"""The tables of the limits. A key is a keyed hash, which does not reveal who or what is limited.

Retention (`rate_limit.clean`): a row is deleted as soon as it limits nothing any more.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("limits")


@migrations()
def create_limits(db: Database) -> None:
    """One row for each limited key: GCRA's `tat`, or the timestamps in the window (`caps`)."""
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
